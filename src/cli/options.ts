/** Options and values that several commands share. */
import { parseDuration } from '../domain/duration.ts'
import { TASK_STATUSES, type TaskStatus } from '../domain/task.ts'
import { nearest } from '../lib/nearest.ts'
import type { Option } from './command.ts'

/** Completes the sentence "It must be …". */
const MOMENT_RULE =
  'a duration from now such as 2h, or a date such as 2026-11-21 or 2026-11-21T08:00 (local time, or with a zone: 2026-11-21T08:00Z)'

/** A moment; relative ones are counted from the `now` the value is called with. */
export const moment = (value: string, help: string): Option<((now: number) => number) | undefined> => ({
  value,
  help,
  parse: (given) => {
    const seconds = parseDuration(given)
    if (seconds !== null) return (now: number) => now + seconds
    const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(
      given.trim(),
    )
    // A date alone would be taken for UTC; people mean their own midnight.
    const at = isDate
      ? Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(given.trim()) ? `${given.trim()}T00:00` : given.trim())
      : Number.NaN
    if (Number.isNaN(at)) throw new Error(MOMENT_RULE)
    return () => Math.floor(at / 1000)
  },
})

/** One status or several, separated by commas. */
export const statuses = (help: string): Option<readonly TaskStatus[] | undefined> => ({
  value: 'status',
  help: `${help}: ${TASK_STATUSES.join(', ')}.`,
  completes: 'status',
  parse: (given) =>
    given.split(',').map((part) => {
      const known = TASK_STATUSES.find((status) => status === part.trim())
      if (known !== undefined) return known
      const guess = nearest(part.trim(), TASK_STATUSES)
      throw new Error(
        `one or more of ${TASK_STATUSES.join(', ')}${guess === null ? '' : `; did you mean ${guess}?`}`,
      )
    }),
})

/** `none` stands for nobody. */
export const assigneeFrom = (given: string): string | null =>
  given === 'none' || given === '' ? null : given
