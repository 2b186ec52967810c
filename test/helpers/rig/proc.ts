/** Looks at /proc with its own eyes: what judges the product must not ask the product's code. */
import { readFileSync } from 'node:fs'

export interface ProcessLine {
  readonly pid: number
  readonly parent: number
  readonly session: number
  readonly state: string
  /** Clock ticks since boot: with the pid, it names one process for good. */
  readonly startTime: string
}

/** Null when nobody has this pid. */
export const readProcess = (pid: number): ProcessLine | null => {
  const text = readProcFile(pid, 'stat')
  // The second field is the program's name in brackets, which may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  const startTime = fields[19]
  if (state === undefined || startTime === undefined) return null
  return { pid, parent: Number(parent), session: Number(session), state, startTime }
}

/** A zombie has ended. */
export const isLive = (line: ProcessLine | null): line is ProcessLine =>
  line !== null && line.state !== 'Z' && line.state !== 'X'

/** Whether the very process that had this start time still lives. */
export const stillLives = (pid: number, startTime: string): boolean => {
  const line = readProcess(pid)
  return isLive(line) && line.startTime === startTime
}

export const isLivePid = (pid: number): boolean => isLive(readProcess(pid))

export const readEnvironment = (pid: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readProcFile(pid, 'environ')
      .split('\0')
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )

export const readCommandLine = (pid: number): string =>
  readProcFile(pid, 'cmdline').replaceAll('\0', ' ').trim()

/** Empty when the process is gone, or its owner is somebody else. */
const readProcFile = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}
