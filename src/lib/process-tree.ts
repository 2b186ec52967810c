/**
 * Ending all processes of a run. A tree is everything that came from its leader: what stayed in the leader's session,
 * what carries the run's marker in its environment wherever it went, and what those started. A process that drops the
 * marker, leaves the session and outlives its parents, all before we look, is the one that cannot be found.
 */
import type { Clock } from './clock.ts'
import { bootId, type ProcessIdentity, startTimeOf } from './process-identity.ts'
import type { Marker, ProcessRow, ProcessTable } from './process-row.ts'
import { readProcessTable } from './process-table.ts'

export type { Marker } from './process-row.ts'

/**
 * Pids that carry the marker, whatever group or session they are in; never our own. An empty answer is one look's proof:
 * before a next run may open, ask `terminateTree`, which looks twice. Like its neighbours it answers `'unknown'` when the
 * process table cannot be read, or nobody was found in one that kept changing.
 */
export const findMarked = (marker: Marker): number[] | 'unknown' =>
  select(readProcessTable(marker), (row) => row.mark === 'ours')

/** Live members of a process group; never our own pid. */
export const groupMembers = (group: number): number[] | 'unknown' =>
  select(readProcessTable(null), (row) => row.group === group)

/** Live children of a process, their children and so on; those whose parent ended are no longer among them. */
export const descendants = (pid: number): number[] | 'unknown' => {
  const table = readProcessTable(null)
  if (table === 'unknown') return 'unknown'
  return pidsOf(
    table,
    withDescendants(table, [pid], () => true).filter((row) => row.pid !== pid),
  )
}

export interface TreeTermination {
  /**
   * The first process of the tree, started as leader of its own session. When its pid has a new owner meanwhile, its
   * group and session count as foreign. Null when it was never recorded: then only the marker tells.
   */
  readonly leader: ProcessIdentity | null
  readonly marker: Marker
  /** How long the tree may take to end by itself after TERM; 0 kills at once. */
  readonly graceMs: number
  readonly clock: Clock
  /** Ends the grace early. */
  readonly signal?: AbortSignal
}

export interface TreeEnding {
  /** Proven: nothing of the tree is alive. False when something survived, or the process table cannot be read. */
  readonly gone: boolean
  /** TERM was not enough. */
  readonly killed: boolean
  readonly survivors: readonly number[]
}

/** How long we insist with KILL: large programs need a while to give their memory back. */
const KILL_MS = 10_000
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100
/** Somebody who keeps forking out of the way is hit sooner the oftener we look. */
const LONGEST_KILL_PAUSE_MS = 20
/** A process may be born behind the back of one sweep; the next one sees it. */
const PROOF_SWEEPS = 2

/**
 * Ends a tree: TERM, a grace, then KILL until two sweeps in a row find nothing alive. Signals only a process whose pid
 * and start time are still those of a proven member. Safe to repeat, also by another process than the one that started it.
 */
export const terminateTree = async ({
  leader,
  marker,
  graceMs,
  clock,
  signal,
}: TreeTermination): Promise<TreeEnding> => {
  const tree = new KnownTree(leader, marker)
  const graceEnds = clock.monotonicMs() + graceMs
  const killEnds = graceEnds + KILL_MS
  const asked = new Set<string>()
  let pause = FIRST_PAUSE_MS
  let emptySweeps = 0
  let killed = false
  for (;;) {
    const live = tree.sweep()
    const now = clock.monotonicMs()
    if (live !== 'unknown' && live.length === 0) {
      if (++emptySweeps === PROOF_SWEEPS) return { gone: true, killed, survivors: [] }
      await clock.sleep(FIRST_PAUSE_MS)
      continue
    }
    emptySweeps = 0
    if (now >= killEnds)
      return { gone: false, killed, survivors: live === 'unknown' ? [] : live.map((row) => row.pid) }
    if (now < graceEnds && !signal?.aborted) {
      if (live !== 'unknown')
        tree.ask(
          live.filter((row) => !asked.has(keyOf(row))),
          asked,
        )
      pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)
      await rest(clock, Math.min(pause, graceEnds - now), signal)
    } else {
      if (live !== 'unknown' && tree.kill(live)) {
        if (!killed) pause = FIRST_PAUSE_MS
        killed = true
      }
      pause = Math.min(pause * 1.5, LONGEST_KILL_PAUSE_MS)
      await clock.sleep(pause)
    }
  }
}

/** The tree as far as its sweeps have seen it: once a member, always a member, even when its parents are gone. */
class KnownTree {
  readonly #leader: ProcessIdentity | null
  readonly #marker: Marker
  readonly #members = new Map<number, string>()

  constructor(leader: ProcessIdentity | null, marker: Marker) {
    this.#leader = leader !== null && leader.bootId === bootIdOrNull() ? leader : null
    this.#marker = marker
  }

  /** All live members; `'unknown'` where nobody was found, but somebody may have been missed. */
  sweep(): ProcessRow[] | 'unknown' {
    const table = readProcessTable(this.#marker)
    if (table === 'unknown') return 'unknown'
    const seeds: number[] = []
    for (const row of table.rows.values()) {
      if (row.mark === 'ours' || this.#members.get(row.pid) === row.startTime || this.#isOfLeader(row, table))
        seeds.push(row.pid)
    }
    // A run that was started from inside this one has its own runner, which ends it.
    const live = withDescendants(table, seeds, (row) => row.mark !== 'other' || this.#isOfLeader(row, table))
    for (const row of live) this.#members.set(row.pid, row.startTime)
    return live.length === 0 && !table.isSettled ? 'unknown' : live
  }

  #isOfLeader(row: ProcessRow, table: ProcessTable): boolean {
    const leader = this.#leader
    if (leader === null) return false
    const holder = table.rows.get(leader.pid)
    if (holder !== undefined && holder.startTime !== leader.startTime) return false
    if (row.session === leader.pid || row.pid === leader.pid) return true
    // Without its leader, a bare group number may have been taken by strangers meanwhile.
    return row.group === leader.pid && holder !== undefined
  }

  /** TERM, once for each process: a second one makes some programs drop their clean-up. */
  ask(live: readonly ProcessRow[], asked: Set<string>): void {
    const isFirst = asked.size === 0
    const inGroup = isFirst ? this.#signalGroup(live, 'SIGTERM') : false
    for (const row of live) {
      asked.add(keyOf(row))
      if (!inGroup || row.group !== this.#leader?.pid) signalMember(row, 'SIGTERM')
      if (row.isStopped) signalMember(row, 'SIGCONT')
    }
  }

  /** True when there was somebody to kill. */
  kill(live: readonly ProcessRow[]): boolean {
    let hit = this.#signalGroup(live, 'SIGKILL')
    for (const row of live) hit = signalMember(row, 'SIGKILL') || hit
    return hit
  }

  /** The leader's whole group in one stroke, so that nobody forks out of the way; safe while a proven member lives in it. */
  #signalGroup(live: readonly ProcessRow[], signal: NodeJS.Signals): boolean {
    const group = this.#leader?.pid
    const witness = live.find((row) => row.group === group)
    return group !== undefined && witness !== undefined && isStill(witness) && send(-group, signal)
  }
}

const signalMember = (row: ProcessRow, signal: NodeJS.Signals): boolean =>
  isStill(row) && send(row.pid, signal)

/** Looked at again right before the signal, because the pid may have changed hands since the sweep. */
const isStill = ({ pid, startTime }: ProcessRow): boolean => startTimeOf(pid) === startTime

/** False when it was gone first, or may not be signalled by us: the next sweep tells which. */
const send = (target: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(target, signal)
  } catch {
    return false
  }
}

/** Waits, or less when aborted. */
const rest = async (clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await clock.sleep(ms, signal ? { signal } : {})
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}

const keyOf = ({ pid, startTime }: ProcessRow): string => `${pid} ${startTime}`

const isLiveOther = (row: ProcessRow): boolean => !row.hasEnded && row.pid !== process.pid

const select = (
  table: ProcessTable | 'unknown',
  wanted: (row: ProcessRow) => boolean,
): number[] | 'unknown' =>
  table === 'unknown'
    ? 'unknown'
    : pidsOf(
        table,
        [...table.rows.values()].filter((row) => isLiveOther(row) && wanted(row)),
      )

/** Nobody is an answer only when nobody can have been missed. */
const pidsOf = (table: ProcessTable, rows: readonly ProcessRow[]): number[] | 'unknown' =>
  rows.length === 0 && !table.isSettled ? 'unknown' : rows.map((row) => row.pid)

/** The live processes among `roots` and below them, as far as `admits` lets them in; never our own nor what is below it. */
const withDescendants = (
  table: ProcessTable,
  roots: readonly number[],
  admits: (row: ProcessRow) => boolean,
): ProcessRow[] => {
  const children = Map.groupBy(table.rows.values(), (row) => row.parent)
  const reached = new Set(roots)
  const live: ProcessRow[] = []
  for (const pid of reached) {
    const row = table.rows.get(pid)
    if (pid === process.pid) continue
    if (row !== undefined && isLiveOther(row)) live.push(row)
    for (const child of children.get(pid) ?? []) if (admits(child)) reached.add(child.pid)
  }
  return live
}

const bootIdOrNull = (): string | null => {
  try {
    return bootId()
  } catch {
    return null
  }
}
