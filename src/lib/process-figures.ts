/** What processes cost right now. For people to look at: a figure that cannot be had is null, and nobody acts on it. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { bootedAt, parseProcStat, TICKS } from './proc-stat.ts'

export interface ProcessFigures {
  readonly pid: number
  readonly rssBytes: number | null
  readonly vmsBytes: number | null
  readonly threads: number | null
  /** Null when they belong to somebody else, or the platform does not tell. */
  readonly openFiles: number | null
  /** Processor time used so far. */
  readonly cpuSeconds: number | null
  /** In one word. */
  readonly status: string | null
  /** Unix seconds. */
  readonly startedAt: number | null
  readonly command: readonly string[] | null
}

/** `gone`: no such process. `denied`: there is one, and it may not be looked at. */
export type ProcessLook = ProcessFigures | 'gone' | 'denied'

export const readFigures = (pid: number): Promise<ProcessLook> =>
  process.platform === 'linux' ? readLinux(pid) : readPs(pid)

async function readLinux(pid: number): Promise<ProcessLook> {
  const folder = `/proc/${pid}`
  try {
    const [stat, status, command, files] = await Promise.all([
      readFile(`${folder}/stat`, 'latin1'),
      readFile(`${folder}/status`, 'latin1'),
      readFile(`${folder}/cmdline`, 'utf8').catch(() => null),
      readdir(`${folder}/fd`).catch(() => null),
    ])
    const kib = (name: string) => numberIn(status, new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'), 1024)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startTime = Number(parseProcStat(stat)?.startTime)
    return {
      pid,
      rssBytes: kib('VmRSS'),
      vmsBytes: kib('VmSize'),
      threads: numberIn(status, /^Threads:\s+(\d+)/m),
      openFiles: files?.length ?? null,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
      status: /^State:\s+\S \((.+)\)/m.exec(status)?.[1] ?? null,
      startedAt: bootedAt(await readFile('/proc/stat', 'latin1')) + startTime / TICKS,
      command: command === null || command === '' ? null : command.replace(/\0$/, '').split('\0'),
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return isThere(pid) ? 'denied' : 'gone'
    if (code === 'EACCES' || code === 'EPERM') return 'denied'
    throw error
  }
}

const numberIn = (text: string, pattern: RegExp, unit = 1): number | null => {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? null : Number(found) * unit
}

/** A process that a mount option hides is still there for signals. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Elsewhere the system's own program is asked. Written from its manual on macOS; not yet run there. */
async function readPs(pid: number): Promise<ProcessLook> {
  const columns = ['rss=', 'vsz=', 'state=', 'time=', 'lstart=', 'command=']
  try {
    const { stdout } = await promisify(execFile)(
      '/bin/ps',
      [...columns.flatMap((column) => ['-o', column]), '-ww', '-p', String(pid)],
      { env: { LC_ALL: 'C', TZ: 'UTC' } },
    )
    const [, rss, vsz, state, time, started, command] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+([\d:.]+)\s+(\w+ \w+\s+\d+ [\d:]+ \d+)\s+(.*)$/.exec(stdout.trimEnd()) ??
      []
    if (rss === undefined) return 'gone'
    return {
      pid,
      rssBytes: Number(rss) * 1024,
      vmsBytes: Number(vsz) * 1024,
      threads: null,
      openFiles: null,
      cpuSeconds: (time ?? '').split(':').reduce((total, part) => total * 60 + Number(part), 0),
      status: state ?? null,
      startedAt: Date.parse(`${started} UTC`) / 1000,
      command: command === undefined ? null : [command],
    }
  } catch {
    return isThere(pid) ? 'denied' : 'gone'
  }
}
