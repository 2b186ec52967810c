/** Tokens, costs and budgets as people read them. */
import { amountText, dollars, tokenCount } from '../../domain/measure.ts'
import { budgetId, ceiling, standing, type BudgetState, type Standing } from '../../domain/budget.ts'
import { knownCost, type Amounts } from '../../domain/usage.ts'
import type { Style } from './style.ts'

/** `$1.24`; `≈ $1.24` with an estimate in it, `$1.24 + ?` where some of it is unknown, `?` where all of it is. */
export function costText(amounts: Amounts): string {
  const known = knownCost(amounts)
  if (known === null) return amounts.unpricedTokens > 0 ? '?' : ''
  const about = amounts.estimatedMicros > 0 ? '≈ ' : ''
  return `${about}${dollars(known)}${amounts.unpricedTokens > 0 ? ' + ?' : ''}`
}

export const tokensText = (tokens: number): string => (tokens === 0 ? '' : tokenCount(tokens))

/** `12k tokens in (8.0k cached), 900 out, $0.24`; null when nothing of it is known. */
export function usageText(amounts: Amounts): string | null {
  const { tokensIn, tokensCached, tokensOut } = amounts
  if (tokensIn + tokensOut === 0 && knownCost(amounts) === null) return null
  const cached = tokensCached === 0 ? '' : ` (${tokenCount(tokensCached)} cached)`
  const cost = costText(amounts)
  return `${tokenCount(tokensIn)} tokens in${cached}, ${tokenCount(tokensOut)} out${cost === '' ? '' : `, ${cost === '?' ? 'cost unknown' : cost}`}`
}

const FORMAT = { free: 'green', near: 'yellow', reached: 'red' } as const satisfies Record<Standing, string>

export const paintStanding = (style: Style, state: BudgetState, shown: string): string =>
  style.paint(FORMAT[standing(state)], shown)

export const limitText = (state: BudgetState): string => {
  const most = ceiling(state)
  return most === null ? '' : amountText(state.measure, most)
}

/** A budget in a few lines. */
export const budgetLines = (style: Style, state: BudgetState): string[] => {
  const { measure, soft, hard, granted, granters, stopRunning, origin, setBy } = state
  const label = (name: string, value: string | null): string[] =>
    value === null ? [] : [`${style.paint('dim', name.padEnd(11))}${value}`]
  return [
    style.paint('bold', budgetId(state)),
    ...label(
      'used',
      `${amountText(measure, state.spent)}${hard === null ? '' : ` of ${limitText(state)}`}, ${paintStanding(style, state, standing(state))}`,
    ),
    ...label('soft limit', soft === null ? null : amountText(measure, soft)),
    ...label(
      'hard limit',
      hard === null ? null : `${amountText(measure, hard)}${stopRunning ? ', and open runs are ended' : ''}`,
    ),
    ...label('granted', granted === 0 ? null : `${amountText(measure, granted)} more in this period`),
    ...label(
      'until',
      state.periodEnd === null
        ? 'never ends'
        : `${new Date(state.periodEnd * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    ),
    ...label('granters', granters.length === 0 ? 'any person' : granters.join(', ')),
    ...label(
      'set by',
      origin === 'board'
        ? setBy
        : origin === 'profile'
          ? 'the file of the profile'
          : 'the configuration (budgets)',
    ),
    ...label(
      'unseen',
      measure !== 'cost' || state.unpricedTokens === 0
        ? null
        : `${amountText('tokens', state.unpricedTokens)} of unknown cost: give the model a price (budgets.prices), or set a budget of tokens`,
    ),
  ]
}
