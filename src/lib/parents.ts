/** The processes above a process, where the system tells (Linux). */
import { readFileSync, readlinkSync } from 'node:fs'
import { bootedAt, parseProcStat, TICKS, type ProcStat } from './proc-stat.ts'

/** No real chain is as long. */
const MAX_PARENTS = 64

/** The parents of a process, the nearest first, without the system's first one; ends where it cannot be told. */
export function* parentsOf(pid: number): Iterable<number> {
  let parent = statOf(pid)?.parent
  for (let steps = 0; parent !== undefined && parent > 1 && steps < MAX_PARENTS; steps++) {
    yield parent
    parent = statOf(parent)?.parent
  }
}

/** Whether a process is `ancestor`, or below it. */
export const descendsFrom = (pid: number, ancestor: number): boolean =>
  pid === ancestor || [...parentsOf(pid)].includes(ancestor)

/** A process whose parents are gone and that has no terminal, as it is called a daemon. */
export interface Daemon {
  /** When it started, in unix seconds; off by a second or two. */
  readonly startedAt: number
  /** The working folders of the process that was asked about and of those above it, up to the daemon. */
  readonly folders: readonly string[]
}

/** The daemon that a process is, or is below; null when a terminal or a living program is what it comes from. */
export function daemonAbove(pid: number): Daemon | null {
  const folders = new Set<string>()
  for (const each of [pid, ...parentsOf(pid)]) {
    const stat = statOf(each)
    if (stat === null || stat.hasTerminal) return null
    const folder = folderOf(each)
    if (folder !== null) folders.add(folder)
    if (!adoptsOrphans(stat.parent)) continue
    return {
      startedAt: bootedAt(read('/proc/stat') ?? '') + Number(stat.startTime) / TICKS,
      folders: [...folders],
    }
  }
  return null
}

/** The system's first process, or the one that takes its part for a session. */
const adoptsOrphans = (pid: number): boolean => pid === 1 || read(`/proc/${pid}/comm`)?.trim() === 'systemd'

const statOf = (pid: number): ProcStat | null => parseProcStat(read(`/proc/${pid}/stat`) ?? '')

function folderOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '')
  } catch {
    return null
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}
