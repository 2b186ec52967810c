/** Attempts are a ledger that only grows. A run is charged when it opens; its ending can earn a refund, and refunds are capped. */
import type { LedgerTotals } from './change.ts'

export interface AttemptPolicy {
  /** Attempts a card has by itself. */
  readonly maxAttempts: number
  /** Attempts a profile may start in one day (UTC). */
  readonly maxAttemptsPerProfileAndDay: number
  /** Starts that may fail in a row before the card is given up. */
  readonly failureLimit: number
  /** First wait after a failed attempt; each further one doubles it. */
  readonly retryBackoffSeconds: number
  readonly retryBackoffMaxSeconds: number
}

export const DEFAULT_ATTEMPT_POLICY: AttemptPolicy = {
  maxAttempts: 3,
  maxAttemptsPerProfileAndDay: 200,
  failureLimit: 5,
  retryBackoffSeconds: 5,
  retryBackoffMaxSeconds: 600,
}

/** Refunds one card can ever earn, so that no ending that refunds can loop for ever. */
export const MAX_REFUNDS_PER_CARD = 5
/** The same where a provider refused: it is nobody's fault, and asked again ever more rarely, so one outage may take more of them. */
export const MAX_REFUNDS_FOR_REFUSALS = 20

export const attemptsUsed = ({ charged, refunded }: LedgerTotals): number => charged - refunded

export const attemptsAllowed = (totals: LedgerTotals, policy: AttemptPolicy): number =>
  policy.maxAttempts + totals.granted

export const attemptsLeft = (totals: LedgerTotals, policy: AttemptPolicy): number =>
  Math.max(0, attemptsAllowed(totals, policy) - attemptsUsed(totals))

/** Seconds to wait before the next attempt after `failures` attempts that failed (1 or more). */
export const retryWaitSeconds = (failures: number, policy: AttemptPolicy): number =>
  Math.min(
    policy.retryBackoffMaxSeconds,
    policy.retryBackoffSeconds * 2 ** Math.min(Math.max(failures, 1) - 1, 20),
  )

/** The day a ledger row counts for: the number of whole days since 1970-01-01 UTC. */
export const ledgerDay = (now: number): number => Math.floor(now / 86_400)

/**
 * Endings of different cards count as alike when they ended the same way with the same last words, whatever ids, numbers
 * and paths those words hold. Null when there is nothing to compare.
 */
export function failureSignature(outcome: string, exitCode: number | null, lastLines: string | null): string {
  const lastLine =
    (lastLines ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
      .at(-1) ?? ''
  const words = lastLine
    .toLowerCase()
    .replace(/\/[^\s:'"]+/g, '/…')
    .replace(/\bt_[0-9a-f]+\b/g, 't_…')
    .replace(/0x[0-9a-f]+|\d+/g, '#')
    .slice(0, 200)
  return `${outcome}:${exitCode ?? '-'}:${words}`
}
