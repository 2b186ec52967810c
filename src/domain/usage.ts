/**
 * What runs used: a ledger with one row per run and day (UTC). Runs, run time, tokens and reported cost only grow in it.
 * An estimate stands in for a cost that nobody has reported yet, and gives way to the report.
 */
import type { TokenCounts, TokenUsage } from './run-agent.ts'

export interface Amounts {
  readonly runs: number
  readonly runtimeSeconds: number
  /** Those read from a cache included. */
  readonly tokensIn: number
  readonly tokensCached: number
  readonly tokensOut: number
  /** Millionths of a US dollar, as agents reported it. */
  readonly costMicros: number
  /** Millionths of a US dollar, reckoned from the price table where no cost was reported. */
  readonly estimatedMicros: number
  /** Tokens whose cost nobody knows: neither reported nor in the price table. */
  readonly unpricedTokens: number
}

export const NO_AMOUNTS: Amounts = {
  runs: 0,
  runtimeSeconds: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensOut: 0,
  costMicros: 0,
  estimatedMicros: 0,
  unpricedTokens: 0,
}

const NAMES = Object.keys(NO_AMOUNTS) as (keyof Amounts)[]

const combined = (one: Amounts, other: Amounts, by: (a: number, b: number) => number): Amounts =>
  Object.fromEntries(NAMES.map((name) => [name, by(one[name], other[name])])) as unknown as Amounts

export const added = (one: Amounts, other: Amounts): Amounts => combined(one, other, (a, b) => a + b)

export const isNothing = (amounts: Amounts): boolean => NAMES.every((name) => amounts[name] === 0)

/**
 * The cost in millionths of a US dollar, reported and estimated together; null when nobody knows any of it. What is known
 * may not be all: see `unpricedTokens`.
 */
export const knownCost = ({
  costMicros,
  estimatedMicros,
  unpricedTokens,
  tokensIn,
  tokensOut,
}: Omit<Amounts, 'runs' | 'runtimeSeconds' | 'tokensCached'>): number | null =>
  costMicros + estimatedMicros > 0 || (unpricedTokens === 0 && tokensIn + tokensOut > 0)
    ? costMicros + estimatedMicros
    : null

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number
  /** Of tokens read from a cache; like other input when null. */
  readonly cached: number | null
  readonly output: number
}

/** By the name of the model, or by its beginning. */
export type Prices = Readonly<Record<string, Price>>

/** The price of a model: by its whole name, else by the longest beginning of it that has one. */
export function priceOf(model: string | null, prices: Prices): Price | null {
  if (model === null) return null
  const name = Object.keys(prices)
    .filter((known) => model === known || model.startsWith(`${known}-`) || model.startsWith(`${known}@`))
    .reduce<string | null>(
      (longest, known) => (known.length > (longest?.length ?? 0) ? known : longest),
      null,
    )
  return name === null ? null : (prices[name] ?? null)
}

/** Millionths of a US dollar: dollars for a million tokens are millionths of a dollar for one. */
const estimate = ({ input, cached, output }: TokenCounts, price: Price): number =>
  Math.round(
    Math.max(0, input - cached) * price.input +
      cached * (price.cached ?? price.input) +
      output * price.output,
  )

export const NO_TOKENS: TokenCounts = { input: 0, cached: 0, output: 0 }

/** Whether a cost covers these tokens. An agent that was given no prices says 0. */
export const isPriced = ({ input, output, cost }: TokenUsage): boolean =>
  cost !== null && (cost > 0 || input + output === 0)

/** What an agent's own count comes to in the ledger. Without a cost it is estimated by `price`, and unknown without one. */
export function amountsOf(usage: TokenUsage, price: Price | null): Amounts {
  const { input, cached, output, cost } = usage
  const unpriced = usage.unpriced ?? (isPriced(usage) ? NO_TOKENS : usage)
  return {
    ...NO_AMOUNTS,
    tokensIn: input,
    tokensCached: cached,
    tokensOut: output,
    costMicros: cost === null ? 0 : Math.round(cost * 1_000_000),
    estimatedMicros: price === null ? 0 : estimate(unpriced, price),
    unpricedTokens: price === null ? unpriced.input + unpriced.output : 0,
  }
}

/** A row of the ledger as far as booking reads it. */
export interface DayAmounts extends Amounts {
  readonly day: number
}

/**
 * What is to be added to the rows of a run, by day, so that together they come to `seen`. What only grows is never taken
 * back, whatever an agent says later, and new spend belongs to `today`. A reported cost first replaces what was estimated
 * for it, on the days it was estimated for.
 */
export function bookings(
  rows: readonly DayAmounts[],
  seen: Omit<Amounts, 'runs'>,
  today: number,
): readonly DayAmounts[] {
  const booked = rows.reduce<Amounts>(added, NO_AMOUNTS)
  const grown = (name: Exclude<keyof Amounts, 'runs'>) => Math.max(0, seen[name] - booked[name])
  let reported = grown('costMicros')
  let estimated = Math.max(0, seen.estimatedMicros) - booked.estimatedMicros
  let unpriced = Math.max(0, seen.unpricedTokens) - booked.unpricedTokens
  const found: DayAmounts[] = []
  for (const row of rows) {
    const dropped = Math.min(row.estimatedMicros, Math.max(0, -estimated))
    const priced = Math.min(row.unpricedTokens, Math.max(0, -unpriced))
    const replaced = Math.min(dropped, reported)
    estimated += dropped
    unpriced += priced
    reported -= replaced
    found.push({
      ...NO_AMOUNTS,
      day: row.day,
      costMicros: replaced,
      estimatedMicros: 0 - dropped,
      unpricedTokens: 0 - priced,
    })
  }
  found.push({
    ...NO_AMOUNTS,
    day: today,
    runtimeSeconds: grown('runtimeSeconds'),
    tokensIn: grown('tokensIn'),
    tokensCached: grown('tokensCached'),
    tokensOut: grown('tokensOut'),
    costMicros: reported,
    estimatedMicros: Math.max(0, estimated),
    unpricedTokens: Math.max(0, unpriced),
  })
  return found.filter((each) => !isNothing(amountsOnly(each)))
}

const amountsOnly = ({ day: _, ...amounts }: DayAmounts): Amounts => amounts

/** What usage is summed up by. */
export const USAGE_GROUPS = ['task', 'profile', 'tenant', 'provider', 'model', 'day'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]
