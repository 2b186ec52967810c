/** The process table out of /proc: two small reads for each process, a few milliseconds for some hundreds. */
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs'
import { hasEnded, parseProcStat } from './proc-stat.ts'
import type { Marker, ProcessRow, ProcessTable } from './process-table.ts'

/** Enough for a fork that happens while we look; a storm of them is what the caller's next sweep is for. */
const MAX_LISTINGS = 8
const MAX_ENVIRONMENT_BYTES = 8 * 1024 * 1024

/** One buffer for all reads of all sweeps; grown for the rare huge environment. */
let buffer = Buffer.allocUnsafe(64 * 1024)

/** What one sweep looks for. */
interface Look {
  readonly uid: number
  readonly marker: { readonly needle: Buffer; readonly value: Buffer } | null
  /** Somebody ended between the listing and our look and may have forked first: the child is in the next listing. */
  mustListAgain: boolean
}

export const readLinuxTable = (marker: Marker | null): ProcessTable | 'unknown' => {
  const table = new Map<number, ProcessRow>()
  const seen = new Set<number>()
  const look: Look = {
    uid: process.geteuid?.() ?? 0,
    marker: marker === null ? null : { needle: Buffer.from(`${marker.name}=`), value: Buffer.from(marker.value) },
    mustListAgain: true,
  }
  try {
    // A /proc of another PID namespace has the right form and the wrong pids.
    if (readlinkSync('/proc/self') !== String(process.pid)) return 'unknown'
    for (let listing = 0; look.mustListAgain && listing < MAX_LISTINGS; listing++) {
      look.mustListAgain = false
      for (const name of readdirSync('/proc')) {
        const pid = Number(name)
        if (!Number.isInteger(pid) || seen.has(pid)) continue
        seen.add(pid)
        const row = readRow(pid, look)
        if (row !== null) table.set(pid, row)
      }
    }
  } catch {
    return 'unknown'
  }
  return table
}

const readRow = (pid: number, look: Look): ProcessRow | null => {
  const length = readInto(`/proc/${pid}/stat`)
  if (length === 'vanished') look.mustListAgain = true
  if (typeof length !== 'number') return null
  const stat = parseProcStat(buffer.toString('latin1', 0, length))
  if (stat === null || stat.isKernelThread) return null
  const ended = hasEnded(stat)
  return {
    pid,
    parent: stat.parent,
    group: stat.group,
    session: stat.session,
    startTime: stat.startTime,
    hasEnded: ended,
    isStopped: stat.state === 'T',
    mark: ended ? 'none' : readMark(pid, look),
  }
}

const readMark = (pid: number, look: Look): ProcessRow['mark'] => {
  if (look.marker === null || (look.uid !== 0 && !isOwnedBy(pid, look.uid))) return 'none'
  const size = readInto(`/proc/${pid}/environ`)
  // A process on its way out has no environment left to read.
  if (size === 'vanished' || size === 0) look.mustListAgain = true
  return typeof size === 'number' ? markIn(buffer.subarray(0, size), look.marker.needle, look.marker.value) : 'none'
}

const isOwnedBy = (pid: number, uid: number): boolean => {
  try {
    return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid
  } catch {
    return false
  }
}

/** Reads a whole file into the shared buffer and returns its length. */
const readInto = (path: string): number | 'vanished' | 'denied' => {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    let length = 0
    for (;;) {
      const got = readSync(file, buffer, length, buffer.length - length, null)
      length += got
      // A short read is the end: the kernel fills what it can.
      if (got === 0 || length < buffer.length) return length
      if (buffer.length >= MAX_ENVIRONMENT_BYTES) return length
      const larger = Buffer.allocUnsafe(buffer.length * 2)
      buffer.copy(larger)
      buffer = larger
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return 'vanished'
    if (code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') throw error
    return 'denied'
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

const markIn = (environment: Buffer, needle: Buffer, value: Buffer): ProcessRow['mark'] => {
  let mark: ProcessRow['mark'] = 'none'
  for (let at = environment.indexOf(needle); at !== -1; at = environment.indexOf(needle, at + 1)) {
    if (at > 0 && environment[at - 1] !== 0) continue
    const start = at + needle.length
    const end = environment.indexOf(0, start)
    if (environment.subarray(start, end === -1 ? environment.length : end).equals(value)) return 'ours'
    mark = 'other'
  }
  return mark
}
