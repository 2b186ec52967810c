/** Whether a card may be claimed now, and what claiming writes. */
import { attemptsAllowed, attemptsLeft, attemptsUsed, ledgerDay, type AttemptPolicy } from './attempts.ts'
import { change, type Change, type LedgerTotals, type RunOpening } from './change.ts'
import { isHolding, reason, type Hold, type Reason } from './hold.ts'
import type { Seconds, Task } from './task.ts'

/** What the claim must know beside the card; all of it read in the claiming transaction. */
export interface ClaimFacts {
  readonly now: Seconds
  readonly openParents: number
  /** Holds on the card, on its profile and on the board. */
  readonly holds: readonly Hold[]
  /** The last run whose processes are not proven gone. */
  readonly lingeringRunId: number | null
}

/** What a dispatcher's claim, which is charged, must know of the ledger. */
export interface Attempts {
  readonly totals: LedgerTotals
  /** Attempts the card's profile has started today. */
  readonly profileToday: number
  readonly policy: AttemptPolicy
}

/**
 * The reason a card must wait, or null when it may be claimed as far as it itself is concerned. Of a claim by hand only a
 * pause is asked about: who claims has decided about everything else.
 */
export function waitReason(task: Task, facts: ClaimFacts, by: 'hand' | 'dispatcher'): Reason | null {
  if (task.status !== 'ready')
    return reason('status', `it is ${task.status}, not ready`, { lift: `yard why ${task.id}` })
  if (facts.openParents > 0)
    return reason(
      'dependency',
      `it waits for ${facts.openParents} unfinished parent${facts.openParents > 1 ? 's' : ''}`,
    )
  if (facts.lingeringRunId !== null) return lingeringReason(facts.lingeringRunId)
  const hold = facts.holds.find(
    (candidate) => isHolding(candidate, facts.now) && (by === 'dispatcher' || candidate.kind === 'pause'),
  )
  return hold === undefined ? null : holdReason(hold)
}

export const lingeringReason = (runId: number): Reason =>
  reason('stopping', `the processes of run ${runId} are not proven gone yet`)

/** The card has no attempts left. */
export const spentReason = (task: Task, { totals, policy }: Attempts): Reason | null =>
  attemptsLeft(totals, policy) > 0
    ? null
    : reason(
        'breaker',
        `it has used ${attemptsUsed(totals)} of ${attemptsAllowed(totals, policy)} attempts`,
        {
          lift: `yard retry ${task.id} --attempts 1`,
        },
      )

/** The card is blocked until a person grants it more. */
export const giveUp = (task: Task, { text }: Reason): Change =>
  change(
    task,
    { verb: 'giveUp', to: 'blocked' },
    {
      events: [{ kind: 'gave_up', payload: { failures: task.spawnFailures, error: text } }],
      openHolds: [{ scope: 'task', target: task.id, kind: 'breaker', reason: text }],
    },
  )

/** The profile has no attempts left until the next day begins (UTC). */
export const dayReason = (
  task: Task,
  { profileToday, policy: { maxAttemptsPerProfileAndDay: max } }: Attempts,
  now: Seconds,
): Reason | null =>
  profileToday < max
    ? null
    : reason(
        'capacity',
        `profile ${task.assignee} has started ${profileToday} attempts today, and ${max} a day is its ceiling`,
        { owner: task.assignee, until: (ledgerDay(now) + 1) * 86_400 },
      )

/** A stored hold as a reason, with the verb that lifts it. */
export function holdReason(hold: Hold): Reason {
  const of =
    hold.scope === 'task' ? '' : hold.scope === 'board' ? 'the board: ' : `${hold.scope} ${hold.target}: `
  return {
    kind: hold.kind,
    text: `${of}${hold.reason}`,
    owner: hold.actor,
    since: hold.since,
    until: hold.until,
    lift: liftingVerb(hold),
  }
}

function liftingVerb({ scope, target, kind }: Hold): string | null {
  if (kind === 'time') return null
  if (scope === 'board') return 'yard resume'
  if (scope === 'provider') return `yard resume provider:${target}`
  if (scope === 'profile') return `yard resume ${target}`
  switch (kind) {
    case 'human':
      return `yard unblock ${target}`
    case 'approval':
      return `yard release ${target}`
    case 'breaker':
      return `yard retry ${target} --attempts 1`
    case 'preflight':
    case 'cooldown':
      return `yard retry ${target}`
    case 'pause':
      return `yard resume ${target}`
  }
}

/** Opens a run on a card for which {@link waitReason} found nothing. */
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
