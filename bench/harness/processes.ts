/** What a process uses, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs'

export const isCounted = process.platform === 'linux'

/** Seconds of processor time of all threads so far. */
export function cpuSecondsOf(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return nanoseconds / 1e9
}

/** Megabytes of memory it holds now. */
export const residentMbOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
