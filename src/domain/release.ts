/**
 * A run ended without the worker's verdict: where its card goes, whether the attempt is refunded, and who must look.
 * The attempt was charged when the run opened; only the ledger decides whether another one may follow.
 */
import {
  attemptsLeft,
  attemptsUsed,
  MAX_REFUNDS_PER_CARD,
  retryWaitSeconds,
  type AttemptPolicy,
} from './attempts.ts'
import { change, type Change, type LedgerDraft, type LedgerTotals } from './change.ts'
import type { EventDraft } from './event.ts'
import type { HoldDraft } from './hold.ts'
import type { RunEnding, StopRequest } from './run.ts'
import type { Seconds, Task } from './task.ts'
import { firstLine } from './text.ts'
import { claimReleased, complete } from './verdict.ts'

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

type Destination = Pick<Change, 'move'> & {
  readonly events: readonly EventDraft[]
  readonly set: Change['set']
  readonly openHolds: readonly HoldDraft[]
}

export function release(task: Task, ending: RunEnding, facts: ReleaseFacts): Change {
  const stop = facts.stop
  if (ending.outcome === 'completed' && stop?.after.kind !== 'archive') return completed(task, ending, facts)
  const outcome =
    stop === null || ending.outcome === 'completed'
      ? ending.outcome
      : stop.after.kind === 'hold' || stop.after.kind === 'block'
        ? 'stopped'
        : stop.after.kind === 'complete'
          ? 'completed'
          : 'reclaimed'
  const asked: RunEnding = { ...ending, outcome }
  const refund = refundFor(asked, facts)
  const destination =
    stop === null ? automatic(task, asked, facts, refund.length) : stoppedFor(task, stop, asked, facts)
  return change(task, destination.move, {
    set: { ...claimReleased, ...destination.set },
    closeRun: closing(asked, stop),
    events: [endingEvent(task, asked, facts), ...destination.events],
    openHolds: destination.openHolds,
    ...(stop?.after.kind === 'complete'
      ? { liftHolds: ['human', 'cooldown', 'breaker', 'preflight', 'time'] as const }
      : {}),
    ledger: refund,
  })
}

function closing(ending: RunEnding, stop: StopRequest | null): NonNullable<Change['closeRun']> {
  const kept =
    stop?.after.kind === 'complete'
      ? { summary: stop.after.summary ?? stop.after.result, metadata: stop.after.metadata }
      : { summary: ending.summary ?? null }
  return {
    outcome: ending.outcome,
    ...kept,
    error: ending.error ?? (stop === null ? null : `stopped by ${stop.actor}: ${stop.reason}`),
    evidence: ending.evidence,
  }
}

function completed(task: Task, ending: RunEnding, { now }: ReleaseFacts): Change {
  const done = complete(
    task,
    { result: ending.result ?? null, summary: ending.summary ?? null },
    { now, actor: 'worker', reviewAuthor: null },
  )
  return { ...done, closeRun: { ...done.closeRun, outcome: 'completed', evidence: ending.evidence } }
}

const REFUNDED: ReadonlySet<RunEnding['outcome']> = new Set(['spawn_failed', 'reclaimed', 'stopped'])

function refundFor(ending: RunEnding, { charged, totals }: ReleaseFacts): LedgerDraft[] {
  if (!charged || !REFUNDED.has(ending.outcome)) return []
  // A start that failed is bounded by the failure limit; everything else by the cap.
  if (ending.outcome !== 'spawn_failed' && totals.refunded >= MAX_REFUNDS_PER_CARD) return []
  return [{ kind: 'refund', amount: 1, reason: ending.outcome }]
}

function stoppedFor(
  task: Task,
  stop: StopRequest,
  ending: RunEnding,
  { now, openParents }: ReleaseFacts,
): Destination {
  const waiting = openParents > 0 ? 'todo' : 'ready'
  const why = `${stop.reason} (stopped by ${stop.actor})`
  switch (stop.after.kind) {
    case 'hold':
    case 'block': {
      const reason = stop.after.kind === 'block' ? (stop.after.reason ?? why) : why
      return {
        move: { verb: 'release', to: 'blocked' },
        set: {},
        events: [{ kind: 'blocked', payload: { reason } }],
        openHolds: [{ scope: 'task', target: task.id, kind: 'human', reason }],
      }
    }
    case 'archive':
      return {
        move: { verb: 'archive', to: 'archived' },
        set: {},
        events: [{ kind: 'archived', payload: { from: 'running' } }],
        openHolds: [],
      }
    case 'assign':
      return {
        move: { verb: 'release', to: waiting },
        set: { assignee: stop.after.assignee, spawnFailures: 0 },
        events: [{ kind: 'assigned', payload: { assignee: stop.after.assignee } }],
        openHolds: [],
      }
    case 'complete': {
      const { result, summary } = stop.after
      return {
        move: { verb: 'complete', to: 'done' },
        set: { completedAt: now, result: result ?? ending.result ?? task.result },
        events: [
          {
            kind: 'completed',
            payload: { result_len: result?.length ?? 0, summary: firstLine(summary ?? result) },
          },
        ],
        openHolds: [],
      }
    }
    case 'ready':
      return { move: { verb: 'release', to: waiting }, set: {}, events: [], openHolds: [] }
  }
}

function automatic(
  task: Task,
  ending: RunEnding,
  { now, totals, policy, openParents, charged }: ReleaseFacts,
  refunded: number,
): Destination {
  const waiting = openParents > 0 ? 'todo' : 'ready'
  if (ending.outcome === 'reclaimed' || ending.outcome === 'stopped')
    return { move: { verb: 'release', to: waiting }, set: {}, events: [], openHolds: [] }
  const said = ending.error ?? ending.outcome
  const failures = ending.outcome === 'spawn_failed' ? task.spawnFailures + 1 : attemptsUsed(totals)
  const set =
    ending.outcome === 'spawn_failed' ? { spawnFailures: failures, lastSpawnError: ending.error } : {}
  const left = attemptsLeft({ ...totals, refunded: totals.refunded + refunded }, policy)
  const spent = ending.outcome === 'spawn_failed' ? failures >= policy.failureLimit : charged && left <= 0
  if (spent || left <= 0) {
    const reason =
      ending.outcome === 'spawn_failed' && left > 0
        ? `it could not be started ${failures} times in a row: ${said}`
        : `no attempts are left; the last one: ${said}`
    return {
      move: { verb: 'release', to: 'blocked' },
      set,
      events: [{ kind: 'gave_up', payload: { failures, error: said } }],
      openHolds: [{ scope: 'task', target: task.id, kind: 'breaker', reason }],
    }
  }
  const wait = retryWaitSeconds(failures, policy)
  const openHolds: HoldDraft[] =
    wait > 0
      ? [
          {
            scope: 'task',
            target: task.id,
            kind: 'cooldown',
            reason: `waits ${wait} s before the next attempt; the last one: ${said}`,
            until: now + wait,
          },
        ]
      : []
  return { move: { verb: 'release', to: waiting }, set, events: [], openHolds }
}

function endingEvent(
  task: Task,
  ending: RunEnding,
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
      return { kind: 'spawn_failed', payload: { error, failures: task.spawnFailures + 1 } }
    case 'stopped':
      return {
        kind: 'stopped',
        payload: { pid: workerPid, by: stop?.actor ?? null, sigkill: evidence.killed, ...shared },
      }
    case 'reclaimed':
    case 'completed':
      return { kind: 'reclaimed', payload: { stale_lock: task.claimLock, ...shared } }
  }
}
