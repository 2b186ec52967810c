/** How budgets stand: what was spent and granted in their present period, read off the totals. */
import { inForce, type DefaultCeilings } from '../domain/default-budgets.ts'
import { measured, periodAround, type Budget, type BudgetState, type Targets } from '../domain/budget.ts'
import type { Seconds } from '../domain/task.ts'
import type { Connection } from '../store/connection.ts'
import { findBudgetsOver, sumGrants } from '../store/tables/budgets.ts'
import { sumUsage } from '../store/tables/usage.ts'

const DAY = 86_400

/** Each of these in the period that `now` lies in. */
export async function statesOf(
  db: Connection,
  budgets: readonly Budget[],
  now: Seconds,
): Promise<BudgetState[]> {
  if (budgets.length === 0) return []
  const periods = budgets.map(({ period }) => periodAround(period, now))
  const amounts = await sumUsage(
    db,
    budgets.map(({ scope, target }, index) => ({
      scope,
      target,
      ...(periods[index] as { from: number; to: number }),
    })),
  )
  const grants = await sumGrants(
    db,
    budgets.map((budget, index) => ({ ...budget, periodStart: periods[index]?.from ?? 0 })),
  )
  return budgets.map((budget, index) => {
    const used = amounts[index]
    const { from = 0, to = null } = periods[index] ?? {}
    return {
      ...budget,
      spent: used === undefined ? 0 : measured(budget.measure, used),
      unpricedTokens: used?.unpricedTokens ?? 0,
      granted: grants[index] ?? 0,
      periodStart: from * DAY,
      periodEnd: to === null ? null : to * DAY,
    }
  })
}

/** The budgets a run of these would draw on. */
export const statesOver = async (
  db: Connection,
  targets: Targets,
  ceilings: DefaultCeilings,
  now: Seconds,
): Promise<BudgetState[]> => statesOf(db, inForce(await findBudgetsOver(db, targets), ceilings, targets), now)
