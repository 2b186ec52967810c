/**
 * A run ended without the worker's verdict: where its card goes, whether the attempt is refunded, and who must look.
 * The attempt was charged when the run opened; only the ledger decides whether another one may follow.
 */
import {
  attemptsLeft,
  attemptsUsed,
  MAX_REFUNDS_FOR_REFUSALS,
  MAX_REFUNDS_PER_CARD,
  retryWaitSeconds,
  type AttemptPolicy,
} from './attempts.ts'
import { change, type Change, type LedgerDraft, type LedgerTotals } from './change.ts'
import { assignedEvent, type EventDraft } from './event.ts'
import type { HoldDraft } from './hold.ts'
import type { AfterStop, RunEnding, RunOutcome, StopRequest } from './run.ts'
import type { Seconds, Task } from './task.ts'
import { firstLine } from './text.ts'
import { claimReleased, complete, type Completion } from './verdict.ts'

export interface ReleaseFacts {
  readonly now: Seconds
  readonly totals: LedgerTotals
  readonly policy: AttemptPolicy
  readonly stop: StopRequest | null
  readonly openParents: number
  /** Whether the run was charged, that is, opened by a dispatcher. */
  readonly charged: boolean
  readonly workerPid: number | null
  /** The time limit the run was opened with. */
  readonly maxRuntimeSeconds: number | null
}

/** An ending that leaves the work undone. */
type Undone = RunEnding & { readonly outcome: Exclude<RunEnding['outcome'], 'completed'> }

const isUndone = (ending: RunEnding): ending is Undone => ending.outcome !== 'completed'

interface Destination {
  readonly move: Change['move']
  readonly set?: Change['set']
  readonly events?: readonly EventDraft[]
  readonly openHolds?: readonly HoldDraft[]
}

export function release(task: Task, ending: RunEnding, facts: ReleaseFacts): Change {
  const { stop } = facts
  if (stop?.after.kind === 'complete') return done(task, completedByHand(stop.after, ending), ending, facts)
  // Work that was finished before it could be stopped counts.
  if (!isUndone(ending)) return done(task, ending, ending, facts)
  const asked = stop === null ? ending : askedFor(ending, stop)
  const ledger = refundFor(asked, facts)
  const { move, set, events, openHolds } =
    stop === null ? automatic(task, asked, facts, ledger.length) : stopped(task, stop, facts)
  const { outcome, summary = null, error, evidence } = asked
  return change(task, move, {
    set: { ...claimReleased, ...set },
    closeRun: { outcome, summary, error, evidence },
    events: [endingEvent(task, asked, facts), ...(events ?? [])],
    openHolds: openHolds ?? [],
    ledger,
  })
}

function done(
  task: Task,
  { result, summary, metadata }: Completion,
  ending: RunEnding,
  { now }: ReleaseFacts,
) {
  const completed = complete(
    task,
    { result: result ?? null, summary: summary ?? null, metadata: metadata ?? null },
    { now, actor: 'worker', reviewAuthor: null },
  )
  const closeRun = { ...completed.closeRun, outcome: 'completed', evidence: ending.evidence } as const
  return { ...completed, closeRun }
}

/** What the person said comes first, what the worker left fills the gaps. */
const completedByHand = (
  { result, summary, metadata }: Extract<AfterStop, { kind: 'complete' }>,
  ending: RunEnding,
): Completion => ({
  result: result ?? ending.result ?? null,
  summary: summary ?? result ?? ending.summary ?? null,
  metadata,
})

/** A run that was asked to stop ends as that, whatever its last moments looked like. */
const askedFor = (ending: Undone, { actor, reason, after }: StopRequest): Undone => ({
  ...ending,
  outcome: after.kind === 'hold' || after.kind === 'block' ? 'stopped' : 'reclaimed',
  error: ending.error ?? `stopped by ${actor}: ${reason}`,
})

/** How many refunds a card may have had for an ending to earn another one; endings that are not listed earn none. */
const REFUNDED: ReadonlyMap<RunOutcome, number> = new Map([
  ['reclaimed', MAX_REFUNDS_PER_CARD],
  ['stopped', MAX_REFUNDS_PER_CARD],
  ['rate_limited', MAX_REFUNDS_FOR_REFUSALS],
  ['misconfigured', MAX_REFUNDS_FOR_REFUSALS],
  // Bounded by the failure limit.
  ['spawn_failed', Number.POSITIVE_INFINITY],
])

const refundFor = ({ outcome }: Undone, { charged, totals }: ReleaseFacts): LedgerDraft[] =>
  charged && totals.refunded < (REFUNDED.get(outcome) ?? 0)
    ? [{ kind: 'refund', amount: 1, reason: outcome }]
    : []

function stopped(
  task: Task,
  { after, reason: why, actor }: StopRequest,
  { openParents }: ReleaseFacts,
): Destination {
  const waiting = openParents > 0 ? 'todo' : 'ready'
  switch (after.kind) {
    case 'hold':
    case 'block': {
      const reason = (after.kind === 'block' ? after.reason : null) ?? `${why} (stopped by ${actor})`
      return {
        move: { verb: 'release', to: 'blocked' },
        events: [{ kind: 'blocked', payload: { reason } }],
        openHolds: [{ scope: 'task', target: task.id, kind: 'human', reason }],
      }
    }
    case 'archive':
      return {
        move: { verb: 'archive', to: 'archived' },
        events: [{ kind: 'archived', payload: { from: 'running' } }],
      }
    case 'assign':
      return {
        move: { verb: 'release', to: waiting },
        set: { assignee: after.assignee, spawnFailures: 0, lastSpawnError: null },
        events: [assignedEvent(task, after.assignee)],
      }
    case 'ready':
      return { move: { verb: 'release', to: waiting } }
    case 'complete':
      throw new Error('a completion by hand is no ending without a verdict')
  }
}

function automatic(
  task: Task,
  ending: Undone,
  { now, totals, policy, openParents, charged }: ReleaseFacts,
  refunded: number,
): Destination {
  const waiting = { verb: 'release', to: openParents > 0 ? 'todo' : 'ready' } as const
  const said = firstLine(ending.error) ?? ending.outcome
  const isStartFailure = ending.outcome === 'spawn_failed'
  const failures = isStartFailure ? task.spawnFailures + 1 : attemptsUsed(totals)
  const set = isStartFailure ? { spawnFailures: failures, lastSpawnError: ending.error } : {}
  const left = attemptsLeft({ ...totals, refunded: totals.refunded + refunded }, policy)
  if (charged && (left <= 0 || (isStartFailure && failures >= policy.failureLimit))) {
    const reason =
      left <= 0
        ? `no attempts are left; the last one: ${said}`
        : `it could not be started ${failures} times in a row: ${said}`
    return {
      move: { verb: 'release', to: 'blocked' },
      set,
      events: [{ kind: 'gave_up', payload: { failures, error: said } }],
      openHolds: [{ scope: 'task', target: task.id, kind: 'breaker', reason }],
    }
  }
  // Nothing failed: the next attempt need not wait.
  if (ending.outcome === 'reclaimed' || ending.outcome === 'stopped') return { move: waiting }
  // The provider or the profile is held, not the card.
  if (ending.outcome === 'rate_limited' || ending.outcome === 'misconfigured') return { move: waiting }
  const wait = retryWaitSeconds(failures, policy)
  if (wait <= 0) return { move: waiting, set }
  const reason = `waits ${wait} s before the next attempt; the last one: ${said}`
  return {
    move: waiting,
    set,
    openHolds: [{ scope: 'task', target: task.id, kind: 'cooldown', reason, until: now + wait }],
  }
}

function endingEvent(
  task: Task,
  ending: Undone,
  { workerPid, stop, maxRuntimeSeconds }: ReleaseFacts,
): EventDraft {
  const { evidence, error, outcome } = ending
  const shared = { outcome, exit_code: evidence.exitCode, signal: evidence.signal, error }
  switch (outcome) {
    case 'crashed':
      return { kind: 'crashed', payload: { pid: workerPid, claimer: task.claimLock, ...shared } }
    case 'timed_out':
      return {
        kind: 'timed_out',
        payload: {
          pid: workerPid,
          elapsed_seconds: evidence.elapsedSeconds,
          limit_seconds: maxRuntimeSeconds,
          sigkill: evidence.killed,
          ...shared,
        },
      }
    case 'stalled':
      return {
        kind: 'stalled',
        payload: {
          pid: workerPid,
          elapsed_seconds: evidence.elapsedSeconds,
          sigkill: evidence.killed,
          ...shared,
        },
      }
    case 'no_verdict':
      return { kind: 'protocol_violation', payload: { pid: workerPid, ...shared } }
    case 'spawn_failed':
      return { kind: 'spawn_failed', payload: { error, failures: task.spawnFailures + 1, outcome } }
    case 'stopped':
      return {
        kind: 'stopped',
        payload: { pid: workerPid, by: stop?.actor ?? null, sigkill: evidence.killed, ...shared },
      }
    case 'rate_limited':
    case 'misconfigured':
    case 'reclaimed':
      return { kind: 'reclaimed', payload: { stale_lock: task.claimLock, ...shared } }
  }
}
