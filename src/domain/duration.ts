/** Durations as people write them. */
import ms from 'ms'

/** Completes the sentence "must be …". */
export const DURATION_RULE = 'a duration such as 30m, 2h, 1d, or a number of seconds, at most a year'

const YEAR = 365 * 86_400

/** Whole seconds of `30m`, `2h`, `1d`, `90` or `90s`; null when it is not a duration from one second to one year. */
export function parseDuration(value: unknown): number | null {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' ? secondsOf(value.trim()) : Number.NaN
  const whole = Math.round(seconds)
  return whole >= 1 && whole <= YEAR ? whole : null
}

function secondsOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  // The library throws on empty and on very long text, and answers undefined, whatever its types say, to other nonsense.
  if (text === '' || text.length > 100) return Number.NaN
  const parsed = ms(text as ms.StringValue) as number | undefined
  return parsed === undefined ? Number.NaN : parsed / 1000
}
