/**
 * Which process is which, for good. A pid alone is recycled, so a process is named by the boot of its machine, its pid
 * and its start time; and whoever cannot tell whether it lives says so instead of guessing.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hasEnded, parseProcStat, type ProcStat } from './proc-stat.ts'

export interface ProcessIdentity {
  /** Identifies one boot of one machine's kernel (in a container: and the container's process table). */
  readonly bootId: string
  readonly pid: number
  /** Start time as the kernel counts it (Linux: clock ticks since boot), as text so that no platform's format is lost. */
  readonly startTime: string
}

export type Liveness = 'alive' | 'gone' | 'unknown'

/** What a platform must be able to say; `'unreadable'` when it cannot, null when no such process exists. */
interface ProcessFacts {
  readonly bootId: () => string
  readonly look: (
    pid: number,
  ) => { readonly startTime: string; readonly ended: boolean } | 'unreadable' | null
}

/** Whether processes can be told apart and ended safely on this platform; without it no run may start. */
export const canControlProcesses = (platform: NodeJS.Platform = process.platform): boolean =>
  platform === 'linux' || platform === 'darwin'

/**
 * This boot of this machine. Pids mean nothing across containers that share a kernel, so inside one the text also names
 * the container's process table (its PID namespace). Throws where it cannot be read.
 */
export const bootId = (): string => facts().bootId()

/** The process that asks. Throws where the platform's process table cannot be read. */
export const ownIdentity = (): ProcessIdentity => {
  const own = identify(process.pid)
  if (own === null)
    throw new Error(`the process table does not show this process (pid ${process.pid}); is /proc mounted?`)
  return own
}

/** The process that has this pid now, an unreaped zombie included; null when there is none or it cannot be read. */
export const identify = (pid: number): ProcessIdentity | null => {
  const startTime = startTimeOf(pid)
  return startTime === null ? null : { bootId: bootId(), pid, startTime }
}

/** Start time of whoever has this pid now, zombies included; null when nobody has it or it cannot be read. */
export const startTimeOf = (pid: number): string | null => {
  const seen = facts().look(pid)
  return seen === null || seen === 'unreadable' ? null : seen.startTime
}

/**
 * Whether a process of this machine still runs. `gone` is a proof: another boot, no such pid, a recycled pid, or a
 * zombie. Everything that stands in the way of a proof (an unreadable process table, another container's pid) is
 * `unknown`. Ask only about processes of this host: another machine's boot would look like an earlier one of ours.
 */
export const liveness = (identity: ProcessIdentity): Liveness => {
  const { bootId, look } = facts()
  let current: string
  try {
    current = bootId()
  } catch {
    return 'unknown'
  }
  if (current !== identity.bootId) return kernelOf(current) === kernelOf(identity.bootId) ? 'unknown' : 'gone'
  const seen = look(identity.pid)
  if (seen === 'unreadable') return 'unknown'
  return seen === null || seen.ended || seen.startTime !== identity.startTime ? 'gone' : 'alive'
}

const NAMESPACE_MARK = '+'
const kernelOf = (bootId: string): string => bootId.split(NAMESPACE_MARK, 1)[0] ?? ''

/** The namespace every machine starts with has this fixed number (PROC_PID_INIT_INO in the kernel). */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]'

/** False when /proc is missing, empty, or shows another PID namespace than the one our signals go to. */
const isProcOurs = (): boolean => {
  try {
    return readlinkSync('/proc/self') === String(process.pid)
  } catch {
    return false
  }
}

/** Null only when the kernel says twice, on two roads, that there is no such process. */
const readLinuxStat = (pid: number): ProcStat | 'unreadable' | null => {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? 'unreadable'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code !== 'ENOENT' && code !== 'ESRCH') || !isProcOurs()) return 'unreadable'
    // A /proc mounted with hidepid hides other users' processes; a signal's permission check still finds them.
    return exists(pid) ? 'unreadable' : null
  }
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

const linux: ProcessFacts = {
  bootId: () => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    if (!isProcOurs()) throw new Error('/proc shows the processes of another PID namespace than this one')
    const namespace = readlinkSync('/proc/self/ns/pid')
    return namespace === FIRST_PID_NAMESPACE ? boot : `${boot}${NAMESPACE_MARK}${namespace}`
  },
  look: (pid) => {
    const stat = readLinuxStat(pid)
    return stat === null || stat === 'unreadable'
      ? stat
      : { startTime: stat.startTime, ended: hasEnded(stat) }
  },
}

/** Written from the manual pages of macOS; not yet run on a Mac. */
const macos: ProcessFacts = {
  bootId: () => {
    const id = ask('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']).trim()
    if (id === '') throw new Error('kern.bootsessionuuid is empty')
    return id
  },
  look: (pid) => {
    try {
      const line = ask('/bin/ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]).trim()
      const gap = line.search(/\s/)
      if (gap === -1) return 'unreadable'
      return { startTime: line.slice(gap).trim().replace(/\s+/g, ' '), ended: line.startsWith('Z') }
    } catch (error) {
      // ps exits 1 both for "no such process" and for trouble, so the signal's check has the last word.
      return (error as { status?: unknown }).status === 1 && !exists(pid) ? null : 'unreadable'
    }
  },
}

/** Fixed language and time zone: the start time is compared as text, also by a later process in another locale. */
const ask = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })

const facts = (): ProcessFacts => {
  if (process.platform === 'linux') return linux
  if (process.platform === 'darwin') return macos
  throw new Error(`telling processes apart is not supported on ${process.platform}`)
}
