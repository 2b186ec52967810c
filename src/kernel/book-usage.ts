/**
 * Books what a run uses, as it uses it: the run's row of the day, the totals it belongs to, and the word that a budget is
 * near or used up. The last thing its transaction does: on PostgreSQL whoever books waits for the others at the board's total.
 */
import { ceiling, budgetId, standing, stateText, targetsOf, type BudgetState } from '../domain/budget.ts'
import type { EventDraft } from '../domain/event.ts'
import { ledgerDay } from '../domain/attempts.ts'
import type { TokenUsage } from '../domain/run-agent.ts'
import { added, amountsOf, bookings, isNothing, NO_AMOUNTS, priceOf } from '../domain/usage.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { tellOnce } from '../store/tables/budgets.ts'
import { insertStop } from '../store/tables/run-stops.ts'
import { addUsage, lockUsageOfRun, type UsageOwner, type UsageRow } from '../store/tables/usage.ts'
import { note } from './apply.ts'
import { statesOver } from './budget-states.ts'
import type { BoardPolicy } from './deps.ts'

const BY_BUDGET = 'rule:budget'
const DAY = 86_400

/** A run opens: from here on it counts. */
export async function bookOpening(
  tx: WriteTransaction,
  owner: UsageOwner,
  policy: BoardPolicy,
  door: string,
): Promise<void> {
  const day = ledgerDay(tx.now)
  await addUsage(tx, { ...owner, model: null }, { ...NO_AMOUNTS, runs: 1, day }, tx.now)
  await tellLimits(tx, owner, policy, { door, isOpen: false })
}

export interface Seen {
  /** All the run has used, as its agent counts. */
  readonly usage?: TokenUsage
  readonly model?: string | null
  /** All the time its processes took, once that is known; until then it is booked as it passes. */
  readonly elapsedSeconds?: number
}

/** What is known of a run now. Gives whether the run was asked to stop because of it. */
export async function bookUsage(
  tx: WriteTransaction,
  runId: number,
  seen: Seen,
  policy: BoardPolicy,
  { door, isOpen }: { readonly door: string; readonly isOpen: boolean },
): Promise<boolean> {
  const rows = await lockUsageOfRun(tx, runId)
  const last = rows.at(-1)
  if (last === undefined) return false
  const booked = rows.reduce(added, NO_AMOUNTS)
  const model = seen.model ?? last.model
  const used = seen.usage === undefined ? booked : amountsOf(seen.usage, priceOf(model, policy.prices))
  const runtimeSeconds = seen.elapsedSeconds ?? booked.runtimeSeconds + passed(tx, last, policy)
  for (const entry of bookings(rows, { ...used, runtimeSeconds }, ledgerDay(tx.now)))
    if (!isNothing(entry)) await addUsage(tx, { ...last, model }, entry, tx.now)
  return tellLimits(tx, last, policy, { door, isOpen })
}

/** Time in which nobody heard of the run, as when the machine slept, does not count as work. */
const passed = (tx: WriteTransaction, { updatedAt }: UsageRow, { leaseSeconds }: BoardPolicy): number =>
  Math.max(0, Math.min(tx.now - updatedAt, leaseSeconds))

/** Tells people once that a limit is reached, and ends the run where a budget says so. */
async function tellLimits(
  tx: WriteTransaction,
  owner: UsageOwner,
  { ceilings }: BoardPolicy,
  { door, isOpen }: { readonly door: string; readonly isOpen: boolean },
): Promise<boolean> {
  const targets = targetsOf({ id: owner.taskId, tenant: owner.tenant }, owner)
  let stops = false
  for (const state of await statesOver(tx, targets, ceilings, tx.now)) {
    const stands = standing(state)
    if (stands === 'free') continue
    const level = stands === 'near' ? 'soft' : 'hard'
    const limit = (stands === 'near' ? state.soft : ceiling(state)) ?? 0
    const periodStart = state.periodStart / DAY
    if (await tellOnce(tx, state, { level, limit, periodStart }, tx.now))
      note(
        tx,
        state.scope === 'task' ? state.target : null,
        limitEvent(stands === 'near' ? 'budget_near' : 'budget_reached', state, limit),
        { actor: BY_BUDGET, door, runId: owner.runId },
      )
    if (stands === 'reached' && state.stopRunning && isOpen && (await stop(tx, owner, state, door)))
      stops = true
  }
  return stops
}

const limitEvent = (
  kind: 'budget_near' | 'budget_reached',
  state: BudgetState,
  limit: number,
): EventDraft => ({
  kind,
  payload: {
    budget: budgetId(state),
    reason: stateText(state),
    spent: state.spent,
    limit,
    until: state.periodEnd,
  },
})

async function stop(
  tx: WriteTransaction,
  { runId, taskId }: UsageOwner,
  state: BudgetState,
  door: string,
): Promise<boolean> {
  const reason = stateText(state)
  const request = {
    runId,
    requestedAt: tx.now,
    actor: BY_BUDGET,
    door,
    reason,
    after: { kind: 'hold' },
  } as const
  if (!(await insertStop(tx, request))) return false
  const payload = { by: BY_BUDGET, reason, after: 'hold', run_id: runId }
  note(tx, taskId, { kind: 'stop_requested', payload }, { actor: BY_BUDGET, door, runId })
  return true
}
