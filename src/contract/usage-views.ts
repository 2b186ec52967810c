/** Usage and budgets in the names that cross a boundary. Costs are US dollars, times whole seconds, days `YYYY-MM-DD` (UTC). */
import { budgetId, ceiling, standing, type BudgetState } from '../domain/budget.ts'
import { inUnits, UNITS, type Measure } from '../domain/measure.ts'
import { added, knownCost, NO_AMOUNTS, type Amounts, type UsageGroup } from '../domain/usage.ts'

const dollars = (micros: number): number => inUnits('cost', micros)

export const usageView = (amounts: Amounts) => {
  const cost = knownCost(amounts)
  return {
    runs: amounts.runs,
    runtime_seconds: amounts.runtimeSeconds,
    tokens_in: amounts.tokensIn,
    tokens_cached: amounts.tokensCached,
    tokens_out: amounts.tokensOut,
    cost_usd: cost === null ? null : dollars(cost),
    estimated_usd: dollars(amounts.estimatedMicros),
    unpriced_tokens: amounts.unpricedTokens,
  }
}

const dayText = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)

const usageRowView = ({ key, ...amounts }: Amounts & { readonly key: string | number | null }) => ({
  key: typeof key === 'number' ? dayText(key) : key,
  ...usageView(amounts),
})

const amountOrNull = (measure: Measure, amount: number | null): number | null =>
  amount === null ? null : inUnits(measure, amount)

export const budgetView = (state: BudgetState) => {
  const { measure } = state
  const most = ceiling(state)
  return {
    id: budgetId(state),
    scope: state.scope,
    target: state.target,
    measure,
    period: state.period,
    unit: UNITS[measure],
    soft: amountOrNull(measure, state.soft),
    hard: amountOrNull(measure, state.hard),
    granted: inUnits(measure, state.granted),
    spent: inUnits(measure, state.spent),
    left: most === null ? null : inUnits(measure, Math.max(0, most - state.spent)),
    standing: standing(state),
    unpriced_tokens: state.unpricedTokens,
    stop_running: state.stopRunning,
    granters: state.granters,
    origin: state.origin,
    set_at: state.setAt,
    set_by: state.setBy,
    period_start: state.periodStart,
    period_end: state.periodEnd,
  }
}

export interface GrantFacts {
  readonly periodStart: number
  readonly amount: number
  readonly reason: string
  readonly actor: string
  readonly createdAt: number
}

export interface PastBudgetFacts {
  readonly soft: number | null
  readonly hard: number | null
  readonly stopRunning: boolean
  readonly granters: readonly string[]
  readonly setAt: number | null
  readonly setBy: string | null
  readonly endedAt: number | null
  readonly endedBy: string | null
}

export const budgetDetailView = ({
  state,
  grants,
  history,
}: {
  readonly state: BudgetState
  readonly grants: readonly GrantFacts[]
  readonly history: readonly PastBudgetFacts[]
}) => ({
  budget: budgetView(state),
  grants: grants.map((grant) => ({
    amount: inUnits(state.measure, grant.amount),
    reason: grant.reason,
    granted_by: grant.actor,
    granted_at: grant.createdAt,
    period_start: grant.periodStart * 86_400,
  })),
  history: history.map((past) => ({
    soft: amountOrNull(state.measure, past.soft),
    hard: amountOrNull(state.measure, past.hard),
    stop_running: past.stopRunning,
    granters: past.granters,
    set_at: past.setAt,
    set_by: past.setBy,
    ended_at: past.endedAt,
    ended_by: past.endedBy,
  })),
})

export interface UsageQuestion {
  readonly by: UsageGroup
  /** The first day, and the first one after; null: no bound. */
  readonly from: number | null
  readonly to: number | null
}

/** Days in their order; anything else by what it cost, the dearest first. */
export function usageReportView(
  { by, from, to }: UsageQuestion,
  rows: readonly (Amounts & { readonly key: string | number | null })[],
) {
  const spent = (row: Amounts) => row.costMicros + row.estimatedMicros
  const ordered =
    by === 'day'
      ? rows.toSorted((a, b) => Number(a.key) - Number(b.key))
      : rows.toSorted(
          (a, b) =>
            spent(b) - spent(a) || b.tokensIn + b.tokensOut - a.tokensIn - a.tokensOut || b.runs - a.runs,
        )
  return {
    by,
    since: from === null ? null : dayText(from),
    until: to === null ? null : dayText(to - 1),
    rows: ordered.map(usageRowView),
    total: usageView(rows.reduce<Amounts>(added, NO_AMOUNTS)),
  }
}
