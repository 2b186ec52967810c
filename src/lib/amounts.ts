/** Times and sizes as people read them. */
import ms from 'ms'

/** Rounded to its largest unit: `5m`, `3h`, `12d`. */
export const span = (seconds: number): string => (seconds < 0.5 ? '0s' : ms(Math.round(seconds) * 1000))

/** How long ago, or how soon: `5m ago`, `in 2h`, `now`. */
export function relative(at: number, now: number): string {
  const seconds = now - at
  if (Math.abs(seconds) < 1) return 'now'
  return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`
}

/** Local date and time to the minute. */
export function localTime(at: number): string {
  const date = new Date(at * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Local time of day to the second, for lines that come one after another. */
export const clockTime = (at: number): string => new Date(at * 1000).toTimeString().slice(0, 8)

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function byteSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`
