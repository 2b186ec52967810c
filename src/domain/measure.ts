/** What budgets measure, and how people write amounts of it. */
import { parseDuration } from './duration.ts'
import { invalid } from './errors.ts'

/**
 * `cost` in millionths of a US dollar, reported or estimated · `tokens` read and written, those read from a cache included ·
 * `runs` a dispatcher opened · `runtime` of their processes, in seconds.
 */
export const MEASURES = ['cost', 'tokens', 'runs', 'runtime'] as const
export type Measure = (typeof MEASURES)[number]

/** The unit people and programs write a measure in. */
export const UNITS = {
  cost: 'usd',
  tokens: 'tokens',
  runs: 'runs',
  runtime: 'seconds',
} as const satisfies Record<Measure, string>

const MICROS = 1_000_000

/** From how it is stored to how it is written: dollars for millionths of them. */
export const inUnits = (measure: Measure, amount: number): number =>
  measure === 'cost' ? amount / MICROS : amount

/** From how it is written to how it is stored. */
export const fromUnits = (measure: Measure, amount: number): number =>
  measure === 'cost' ? Math.round(amount * MICROS) : amount

/** The most of anything, as it is stored. */
const MOST = 1_000_000_000_000_000

const AMOUNT_RULES = {
  cost: 'an amount in US dollars, such as 5 or 0.50',
  tokens: 'a whole number of tokens, such as 200000, 200k or 2m',
  runs: 'a whole number of runs',
  runtime: 'a duration such as 30m, 2h, 1d, or a number of seconds',
} as const satisfies Record<Measure, string>

/** What somebody wrote as an amount of a measure, as it is stored; throws `bad_amount`. */
export function parseAmount(measure: Measure, text: string): number {
  const amount = readAmount(measure, text.trim().toLowerCase().replaceAll('_', ''))
  if (amount === null || !Number.isSafeInteger(amount) || amount < 0 || amount > MOST)
    throw invalid('bad_amount', `${JSON.stringify(text)} must be ${AMOUNT_RULES[measure]}.`, { amount: text })
  return amount
}

function readAmount(measure: Measure, text: string): number | null {
  switch (measure) {
    case 'cost': {
      const dollars = /^\$?(\d{1,9}(?:\.\d{1,6})?)(?: ?usd)?$/.exec(text)?.[1]
      return dollars === undefined ? null : fromUnits('cost', Number(dollars))
    }
    case 'tokens': {
      const [, number, times = ''] = /^(\d{1,12}(?:\.\d{1,6})?)([km]?)$/.exec(text) ?? []
      return number === undefined
        ? null
        : Number(number) * (times === 'm' ? 1_000_000 : times === 'k' ? 1000 : 1)
    }
    case 'runs':
      return /^\d{1,12}$/.test(text) ? Number(text) : null
    case 'runtime':
      return text === '0' ? 0 : /^\d{1,12}$/.test(text) ? Number(text) : parseDuration(text)
  }
}

/** An amount in words: `$1.24`, `1.2M tokens`, `3 runs`, `2 h 5 min`. */
export function amountText(measure: Measure, amount: number): string {
  switch (measure) {
    case 'cost':
      return dollars(amount)
    case 'tokens':
      return `${tokenCount(amount)} tokens`
    case 'runs':
      return `${amount} ${amount === 1 ? 'run' : 'runs'}`
    case 'runtime':
      return hours(amount)
  }
}

/** Cents, and more places where there are no cents to show. */
export function dollars(micros: number): string {
  const amount = micros / MICROS
  return `$${amount > 0 && amount < 0.01 ? amount.toFixed(4) : amount.toFixed(2)}`
}

export function tokenCount(tokens: number): string {
  if (tokens < 1_000) return String(tokens)
  if (tokens < 1_000_000) return `${(tokens / 1_000).toFixed(tokens < 10_000 ? 1 : 0)}k`
  return `${(tokens / 1_000_000).toFixed(1)}M`
}

function hours(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
