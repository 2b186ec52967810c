/**
 * Budgets: how much a board, a tenant, a profile, a provider or a task may spend in a period. Checked where a run opens, so
 * that no ending, restart or comment is a way round them; only a person grants more, and the grant is a row.
 */
import { denied, invalid } from './errors.ts'
import { BOARD_TARGET, reason, type Reason } from './hold.ts'
import { amountText, fromUnits, inUnits, MEASURES, type Measure } from './measure.ts'
import type { Actor } from './actor.ts'
import type { Seconds, Task } from './task.ts'
import type { Amounts } from './usage.ts'

export const BUDGET_SCOPES = ['board', 'tenant', 'profile', 'provider', 'task'] as const
export type BudgetScope = (typeof BUDGET_SCOPES)[number]

/** All begin and end at midnight UTC; a week begins on Monday. */
export const PERIODS = ['day', 'week', 'month', 'total'] as const
export type Period = (typeof PERIODS)[number]

/** What a budget is about: there is one of each at a time. */
export interface BudgetKey {
  readonly scope: BudgetScope
  /** A tenant, a profile, a provider or a task's id; `*` for the board. */
  readonly target: string
  readonly measure: Measure
  readonly period: Period
}

export interface BudgetLimits {
  /** From here on it is near: people are told. */
  readonly soft: number | null
  /** From here on no run opens. */
  readonly hard: number | null
  /** Whether runs that are open when the hard limit is reached are ended. */
  readonly stopRunning: boolean
  /** Who may change it and grant more; empty: any person. */
  readonly granters: readonly string[]
}

/** `board`: a row that somebody set; the others are defaults, from a profile's file or from the configuration. */
export type BudgetOrigin = 'board' | 'profile' | 'config'

export interface Budget extends BudgetKey, BudgetLimits {
  readonly origin: BudgetOrigin
  readonly setAt: Seconds | null
  readonly setBy: string | null
}

/** A budget in its present period. */
export interface BudgetState extends Budget {
  readonly spent: number
  /** Granted on top of the hard limit for this period. */
  readonly granted: number
  /** What was used by runs whose cost is unknown: a budget of cost cannot see it. In tokens. */
  readonly unpricedTokens: number
  readonly periodStart: Seconds
  /** Null: it never ends. */
  readonly periodEnd: Seconds | null
}

export type Standing = 'free' | 'near' | 'reached'

/** What may be spent before no run opens; null when nothing is too much. */
export const ceiling = ({ hard, granted }: Pick<BudgetState, 'hard' | 'granted'>): number | null =>
  hard === null ? null : hard + granted

export function standing(state: Pick<BudgetState, 'soft' | 'hard' | 'granted' | 'spent'>): Standing {
  const most = ceiling(state)
  if (most !== null && state.spent >= most) return 'reached'
  return state.soft !== null && state.spent >= state.soft ? 'near' : 'free'
}

/** The days of a period, as numbers of whole days since 1970-01-01 UTC. */
export interface DayRange {
  readonly from: number
  /** The first day after it; null: it never ends. */
  readonly to: number | null
}

const DAY = 86_400

/** The period of this kind that a moment lies in. */
export function periodAround(period: Period, now: Seconds): DayRange {
  const day = Math.floor(now / DAY)
  switch (period) {
    case 'day':
      return { from: day, to: day + 1 }
    case 'week': {
      // The first day of all was a Thursday.
      const from = day - ((day + 3) % 7)
      return { from, to: from + 7 }
    }
    case 'month': {
      const at = new Date(now * 1000)
      const first = (ahead: number) =>
        Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + ahead, 1) / (DAY * 1000)
      return { from: first(0), to: first(1) }
    }
    case 'total':
      return { from: 0, to: null }
  }
}

/** How much of a measure these amounts are. */
export function measured(measure: Measure, amounts: Amounts): number {
  switch (measure) {
    case 'cost':
      return amounts.costMicros + amounts.estimatedMicros
    case 'tokens':
      return amounts.tokensIn + amounts.tokensOut
    case 'runs':
      return amounts.runs
    case 'runtime':
      return amounts.runtimeSeconds
  }
}

/** `profile:coder:cost:day`, and `board:cost:day` for the board. */
export const budgetId = ({ scope, target, measure, period }: BudgetKey): string =>
  scope === 'board' ? `board:${measure}:${period}` : `${scope}:${target}:${measure}:${period}`

export const BUDGET_ID_RULE =
  'scope, name, measure and period with colons between, such as board:cost:day or profile:coder:tokens:month'

/** What an id is about; throws `bad_budget` for any other text. */
export function parseBudgetId(id: string): BudgetKey {
  const parts = id.trim().split(':')
  const scope = parts[0]
  const measure = parts.at(-2)
  const period = parts.at(-1)
  const target = scope === 'board' ? BOARD_TARGET : parts.slice(1, -2).join(':')
  if (
    isOneOf(BUDGET_SCOPES, scope) &&
    isOneOf(MEASURES, measure) &&
    isOneOf(PERIODS, period) &&
    target !== '' &&
    (scope === 'board' ? parts.length === 3 : parts.length >= 4)
  )
    return { scope, target, measure, period }
  throw invalid(
    'bad_budget',
    `${JSON.stringify(id)} is not a budget. Write ${BUDGET_ID_RULE}. Scopes: ${BUDGET_SCOPES.join(', ')}; measures: ${MEASURES.join(', ')}; periods: ${PERIODS.join(', ')}.`,
    { budget: id },
  )
}

const isOneOf = <T extends string>(values: readonly T[], value: string | undefined): value is T =>
  (values as readonly (string | undefined)[]).includes(value)

const PER = { day: ' a day', week: ' a week', month: ' a month', total: ' altogether' } as const
const NOW = { day: ' today', week: ' this week', month: ' this month', total: '' } as const
const MEASURE_NAMES = { cost: 'cost', tokens: 'token', runs: 'run', runtime: 'run time' } as const

/** Whose budget it is, in words. */
const ownerText = ({ scope, target }: BudgetKey): string =>
  scope === 'board' ? 'the board' : `${scope} ${target}`

/** `profile coder has spent $5.02 today, and $5.00 a day is its budget`. */
export function stateText(state: BudgetState): string {
  const { measure, period, spent, soft, granted } = state
  const most = ceiling(state)
  const spoken = `${ownerText(state)} has used ${amountText(measure, spent)}${NOW[period]}`
  if (standing(state) === 'near' && soft !== null)
    return `${spoken}: the soft limit of ${amountText(measure, soft)} is reached${most === null ? '' : `, and ${amountText(measure, most)} is the hard one`}`
  if (most === null) return spoken
  const more = granted === 0 ? '' : `, ${amountText(measure, granted)} of it granted`
  return `${spoken}, and ${amountText(measure, most)}${PER[period]} is its ${MEASURE_NAMES[measure]} budget${more}`
}

/** How much is granted by the command that an explanation ends with: as much again, which a person may change. */
const grantOf = ({ measure, hard }: BudgetState): string => {
  const amount = hard === null || hard === 0 ? fromUnits(measure, 1) : hard
  return measure === 'runtime' ? String(amount) : String(inUnits(measure, amount))
}

export const grantCommand = (state: BudgetState): string =>
  `yard budget grant ${shellWord(budgetId(state))} ${grantOf(state)}`

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** Why a run does not open: the budget is used up. */
export const budgetReason = (state: BudgetState, since: Seconds | null = null): Reason =>
  reason('budget', stateText(state), {
    owner: state.granters.length > 0 ? state.granters.join(', ') : (state.setBy ?? 'any person'),
    since,
    until: state.periodEnd,
    lift: grantCommand(state),
  })

/** The one that holds a run back: of several, the one that holds longest. */
export const firstReached = (states: readonly BudgetState[]): BudgetState | undefined =>
  states
    .filter((state) => standing(state) === 'reached')
    .toSorted(
      (a, b) => (b.periodEnd ?? Number.POSITIVE_INFINITY) - (a.periodEnd ?? Number.POSITIVE_INFINITY),
    )[0]

/** Throws unless this is a person who may change the budget or grant more. */
export function assertMayGrant(
  budget: Pick<Budget, 'granters'> & BudgetKey,
  actor: Actor,
  what: string,
): void {
  if (actor.kind === 'person' && (budget.granters.length === 0 || budget.granters.includes(actor.name)))
    return
  throw denied(
    'may_not_grant',
    actor.kind === 'person'
      ? `Cannot ${what} ${budgetId(budget)}: ${actor.name} is not among those who may. Ask ${budget.granters.join(' or ')}.`
      : `Cannot ${what} ${budgetId(budget)}: only a person may.`,
    { budget: budgetId(budget), granters: budget.granters },
  )
}

/** Whose budgets a run draws on, by scope. */
export type Targets = Readonly<Partial<Record<BudgetScope, string>>>

export const targetsOf = (
  { id, tenant }: Pick<Task, 'id' | 'tenant'>,
  { profile, provider }: { readonly profile: string | null; readonly provider: string | null },
): Targets => ({
  board: BOARD_TARGET,
  task: id,
  ...(tenant === null ? {} : { tenant }),
  ...(profile === null ? {} : { profile }),
  ...(provider === null ? {} : { provider }),
})
