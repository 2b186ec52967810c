/** Budgets that nobody had to set: from the file of a profile, or from the configuration. */
import { budgetId, type Budget, type BudgetKey, type Targets } from './budget.ts'

/** Ceilings that hold where nobody has set a budget on the board; null: none. Cost in millionths of a US dollar. */
export interface DefaultCeilings {
  readonly costPerDay: number | null
  readonly tokensPerDay: number | null
  readonly costPerProfileAndDay: number | null
  readonly tokensPerProfileAndDay: number | null
  readonly costPerTask: number | null
  readonly tokensPerTask: number | null
  readonly granters: readonly string[]
  /** Which of these a profile's own file says. */
  readonly ofProfile: readonly DefaultName[]
}
export type DefaultName = Exclude<keyof DefaultCeilings, 'granters' | 'ofProfile'>

export const NO_CEILINGS: DefaultCeilings = {
  costPerDay: null,
  tokensPerDay: null,
  costPerProfileAndDay: null,
  tokensPerProfileAndDay: null,
  costPerTask: null,
  tokensPerTask: null,
  granters: [],
  ofProfile: [],
}

/** What a profile's own file says comes before the configuration. */
export function withCeilings(
  configured: DefaultCeilings,
  own: Readonly<Partial<Record<DefaultName, number | null>>>,
): DefaultCeilings {
  const said = (Object.keys(own) as DefaultName[]).filter((name) => own[name] != null)
  return {
    ...configured,
    ...Object.fromEntries(said.map((name) => [name, own[name]])),
    ofProfile: said,
  }
}

const DEFAULTS = {
  costPerDay: { scope: 'board', measure: 'cost', period: 'day' },
  tokensPerDay: { scope: 'board', measure: 'tokens', period: 'day' },
  costPerProfileAndDay: { scope: 'profile', measure: 'cost', period: 'day' },
  tokensPerProfileAndDay: { scope: 'profile', measure: 'tokens', period: 'day' },
  costPerTask: { scope: 'task', measure: 'cost', period: 'total' },
  tokensPerTask: { scope: 'task', measure: 'tokens', period: 'total' },
} as const satisfies Record<DefaultName, Omit<BudgetKey, 'target'>>

/**
 * The budgets in force: what somebody set on the board comes before a profile's file, and that before the configuration.
 * The one place that decides it.
 */
export function inForce(
  rows: readonly Budget[],
  ceilings: DefaultCeilings,
  targets: Targets,
): readonly Budget[] {
  const set = new Set(rows.map(budgetId))
  const defaults = (Object.keys(DEFAULTS) as DefaultName[]).flatMap((name): Budget[] => {
    const { scope, measure, period } = DEFAULTS[name]
    const hard = ceilings[name]
    const target = targets[scope]
    if (hard === null || target === undefined) return []
    const { granters } = ceilings
    const origin = ceilings.ofProfile.includes(name) ? 'profile' : 'config'
    return [
      {
        scope,
        target,
        measure,
        period,
        soft: null,
        hard,
        stopRunning: false,
        granters,
        origin,
        setAt: null,
        setBy: null,
      },
    ]
  })
  return [...rows, ...defaults.filter((budget) => !set.has(budgetId(budget)))]
}
