/** Linux's one-line account of a process, `/proc/<pid>/stat`. */

export interface ProcStat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly hasTerminal: boolean
  readonly isKernelThread: boolean
  /** On its way out: it has nothing left and starts nothing any more. */
  readonly isExiting: boolean
  readonly threads: number
  /** Clock ticks between the machine's boot and the start of the process. */
  readonly startTime: string
}

/** The kernel tells ages in ticks; all Linux platforms that Node runs on have 100 of them in a second. */
export const TICKS = 100

/** When the machine was started, in unix seconds, of the text of `/proc/stat`. */
export const bootedAt = (text: string): number => Number(/^btime (\d+)/m.exec(text)?.[1] ?? Number.NaN)

const PF_KTHREAD = 0x0020_0000
const PF_EXITING = 0x0000_0004

/** Null when the text is not such a line. */
export const parseProcStat = (text: string): ProcStat | null => {
  // The second field is the program's name in brackets and may itself hold spaces, brackets and newlines.
  const end = text.lastIndexOf(')')
  if (end === -1) return null
  const fields = text.slice(end + 2).split(' ', 20)
  const [state, parent, group, session, terminal, , flags] = fields
  const threads = fields[17]
  const startTime = fields[19]
  if (state === undefined || threads === undefined || startTime === undefined) return null
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    hasTerminal: Number(terminal) !== 0,
    isKernelThread: (Number(flags) & PF_KTHREAD) !== 0,
    isExiting: (Number(flags) & PF_EXITING) !== 0,
    threads: Number(threads),
    startTime: startTime.trim(),
  }
}

/**
 * A zombie has ended: it only waits for its parent to ask for its exit code. A zombie with more than one thread has not;
 * its first thread returned while the others work on.
 */
export const hasEnded = ({ state, threads }: ProcStat): boolean =>
  state === 'X' || state === 'x' || (state === 'Z' && threads <= 1)
