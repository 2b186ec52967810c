/** The processes above a process, where the system tells (Linux). */
import { readFileSync } from 'node:fs'
import { parseProcStat } from './proc-stat.ts'

/** No real chain is as long. */
const MAX_PARENTS = 64

/** The parents of a process, the nearest first, without the system's first one; ends where it cannot be told. */
export function* parentsOf(pid: number): Iterable<number> {
  let parent = parentOf(pid)
  for (let steps = 0; parent !== null && parent > 1 && steps < MAX_PARENTS; steps++) {
    yield parent
    parent = parentOf(parent)
  }
}

/** Whether a process is `ancestor`, or below it. */
export const descendsFrom = (pid: number, ancestor: number): boolean =>
  pid === ancestor || [...parentsOf(pid)].includes(ancestor)

function parentOf(pid: number): number | null {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.parent ?? null
  } catch {
    return null
  }
}
