/** The process table out of /proc: two small reads for each process, a few milliseconds for some hundreds. */
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs'
import { hasEnded, parseProcStat } from './proc-stat.ts'
import type { Marker, ProcessRow, ProcessTable } from './process-row.ts'

/** Enough to see the end of what happens on a busy machine; a storm of forks leaves the table unsettled. */
const MAX_LISTINGS = 8
const MAX_ENVIRONMENT_BYTES = 8 * 1024 * 1024

/** One buffer for all reads of all sweeps; grown for the rare huge environment. */
let buffer = Buffer.allocUnsafe(64 * 1024)

/** What one sweep looks for, and what it must look at again. */
interface Look {
  readonly uid: number
  readonly marker: { readonly needle: Buffer; readonly value: Buffer } | null
  /**
   * Somebody new was on its way out when we looked: he was listed, and may have forked before he ended. As pids grow in
   * the order of births, the next listing shows the child, or the child's child.
   */
  mustListAgain: boolean
  /** Just changing their program: their environment cannot be read before that is done. */
  readonly unreadable: Set<number>
}

export const readLinuxTable = (marker: Marker | null): ProcessTable | 'unknown' => {
  const rows = new Map<number, ProcessRow>()
  const seen = new Set<number>()
  const look: Look = {
    uid: process.geteuid?.() ?? 0,
    marker:
      marker === null ? null : { needle: Buffer.from(`${marker.name}=`), value: Buffer.from(marker.value) },
    mustListAgain: true,
    unreadable: new Set(),
  }
  try {
    // A /proc of another PID namespace has the right form and the wrong pids.
    if (readlinkSync('/proc/self') !== String(process.pid)) return 'unknown'
    for (let listing = 0; look.mustListAgain && listing < MAX_LISTINGS; listing++) {
      look.mustListAgain = false
      for (const pid of look.unreadable) seen.delete(pid)
      look.unreadable.clear()
      for (const name of readdirSync('/proc')) {
        const pid = Number(name)
        if (!Number.isInteger(pid) || seen.has(pid)) continue
        seen.add(pid)
        const row = readRow(pid, look)
        if (row === null) rows.delete(pid)
        else rows.set(pid, row)
      }
    }
  } catch {
    return 'unknown'
  }
  return { rows, isSettled: !look.mustListAgain }
}

const readRow = (pid: number, look: Look): ProcessRow | null => {
  const length = readInto(`/proc/${pid}/stat`)
  if (length === 'vanished') look.mustListAgain = true
  if (typeof length !== 'number') return null
  const stat = parseProcStat(buffer.toString('latin1', 0, length))
  if (stat === null || stat.isKernelThread) return null
  if (stat.isExiting) look.mustListAgain = true
  const ended = hasEnded(stat)
  return {
    pid,
    parent: stat.parent,
    group: stat.group,
    session: stat.session,
    startTime: stat.startTime,
    hasEnded: ended,
    isStopped: stat.state === 'T',
    mark: ended ? 'none' : readMark(pid, stat.isExiting, look),
  }
}

const readMark = (pid: number, isExiting: boolean, look: Look): ProcessRow['mark'] => {
  if (look.marker === null || (look.uid !== 0 && !isOwnedBy(pid, look.uid))) return 'none'
  const size = readInto(`/proc/${pid}/environ`)
  if (size === 'denied') return 'none'
  if (size !== 'vanished' && size > 0)
    return markIn(buffer.subarray(0, size), look.marker.needle, look.marker.value)
  if (isExiting) return 'none'
  // Programs that were started without any environment have at least their name.
  const nameSize = readInto(`/proc/${pid}/cmdline`)
  if (typeof nameSize === 'number' && nameSize > 0 && size === 0) return 'none'
  look.mustListAgain = true
  look.unreadable.add(pid)
  return 'none'
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
