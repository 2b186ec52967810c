/** Whether a card may be claimed now, and what claiming writes. */
import { attemptsAllowed, attemptsLeft, attemptsUsed, type AttemptPolicy } from './attempts.ts'
import { change, type Change, type LedgerTotals, type RunOpening } from './change.ts'
import { isHolding, type Hold, type Reason } from './hold.ts'
import type { Seconds, Task } from './task.ts'

/** What the claim must know beside the card; all of it read in the claiming transaction. */
export interface ClaimFacts {
  readonly now: Seconds
  readonly openParents: number
  /** Holds on the card, on its profile and on the board. */
  readonly holds: readonly Hold[]
  /** The last run whose processes are not proven gone. */
  readonly lingeringRunId: number | null
  /** Given for a dispatcher's claim, which is charged; null for a claim by hand. */
  readonly attempts: {
    readonly totals: LedgerTotals
    readonly profileToday: number
    readonly policy: AttemptPolicy
  } | null
}

/** The reason a ready card may not be claimed now, or null when it may. */
export function claimRefusal(task: Task, facts: ClaimFacts): Reason | null {
  const { now, attempts } = facts
  if (task.status !== 'ready')
    return reason('status', `it is ${task.status}, not ready`, `yard why ${task.id}`)
  if (facts.openParents > 0)
    return reason(
      'dependency',
      `it waits for ${facts.openParents} unfinished parent${facts.openParents > 1 ? 's' : ''}`,
      null,
    )
  if (facts.lingeringRunId !== null)
    return reason('stopping', `the processes of run ${facts.lingeringRunId} are not proven gone yet`, null)
  const hold = facts.holds.find(
    (candidate) => isHolding(candidate, now) && (attempts !== null || candidate.kind === 'pause'),
  )
  if (hold !== undefined) return holdReason(hold)
  if (attempts === null) return null
  if (attemptsLeft(attempts.totals, attempts.policy) <= 0) {
    return reason(
      'breaker',
      `it has used ${attemptsUsed(attempts.totals)} of ${attemptsAllowed(attempts.totals, attempts.policy)} attempts`,
      `yard retry ${task.id} --attempts 1`,
    )
  }
  if (attempts.profileToday >= attempts.policy.maxAttemptsPerProfileAndDay) {
    return reason(
      'capacity',
      `profile ${task.assignee} has started ${attempts.profileToday} attempts today, and ${attempts.policy.maxAttemptsPerProfileAndDay} a day is its ceiling`,
      'yard config',
    )
  }
  return null
}

const reason = (kind: Reason['kind'], text: string, lift: string | null): Reason => ({
  kind,
  text,
  owner: null,
  since: null,
  until: null,
  lift,
})

/** A stored hold as a reason, with the verb that lifts it. */
export function holdReason(hold: Hold): Reason {
  const target = hold.scope === 'board' ? '' : ` ${hold.target}`
  const lift: Record<Hold['kind'], string | null> = {
    human: `yard unblock${target}`,
    approval: `yard unblock${target}`,
    breaker: hold.scope === 'task' ? `yard retry${target} --attempts 1` : `yard resume${target}`,
    preflight: `yard retry${target}`,
    pause: `yard resume${target}`,
    time: null,
    cooldown: hold.scope === 'task' ? `yard retry${target}` : `yard resume${target}`,
  }
  const of = hold.scope === 'task' ? '' : hold.scope === 'board' ? 'the board: ' : `profile ${hold.target}: `
  return {
    kind: hold.kind,
    text: `${of}${hold.reason}`,
    owner: hold.actor,
    since: hold.since,
    until: hold.until,
    lift: lift[hold.kind],
  }
}

/** Opens a run on a card for which {@link claimRefusal} found nothing. */
export function claim(task: Task, opening: RunOpening, now: Seconds): Change {
  return change(
    task,
    { verb: 'claim', to: 'running' },
    {
      set: {
        startedAt: task.startedAt ?? now,
        claimLock: opening.claimLock,
        claimExpires: opening.claimExpires,
        lastHeartbeatAt: null,
        workerPid: null,
      },
      openRun: opening,
      events: [{ kind: 'claimed', payload: { lock: opening.claimLock, expires: opening.claimExpires } }],
      liftHolds: ['cooldown', 'time', 'preflight'],
      ...(opening.dispatched === null
        ? {}
        : { ledger: [{ kind: 'charge' as const, amount: 1, reason: 'run opened' }] }),
    },
  )
}
