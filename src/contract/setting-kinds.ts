/** Kinds of values a setting can hold. The rule of each completes the sentence "must be …", in errors as in the reference. */
import { z } from 'zod'
import { DURATION_RULE, parseDuration } from '../domain/duration.ts'
import { isGrantableVariable, VARIABLE_RULE } from '../domain/variables.ts'

const rule = <T extends z.ZodType>(text: string, make: (error: { error: string }) => T): T =>
  make({ error: text }).meta({ rule: text })

export const flag = rule('true or false', (error) => z.boolean(error))
export const text = rule('text', (error) => z.string(error))
export const wholeNumber = (least: number, most = 1_000_000_000) =>
  rule(
    most === 1_000_000_000 ? `a whole number, ${least} or more` : `a whole number from ${least} to ${most}`,
    (error) => z.int(error).min(least, error).max(most, error),
  )
export const duration = rule(`${DURATION_RULE}; or null for none`, ({ error }) =>
  z.unknown().transform((value, context) => {
    if (value === null) return null
    const seconds = parseDuration(value)
    if (seconds === null) context.addIssue({ code: 'custom', message: error })
    return seconds
  }),
)
export const wait = rule(DURATION_RULE, ({ error }) =>
  z.unknown().transform((value, context) => {
    const seconds = parseDuration(value)
    if (seconds === null) context.addIssue({ code: 'custom', message: error })
    return seconds ?? 0
  }),
)
export const profile = rule('the name of a profile, or null for none', (error) =>
  z
    .string(error)
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, error)
    .nullable(),
)
export const folder = rule('the absolute path of a folder, or null for none', (error) =>
  z
    .string(error)
    .regex(/^(\/|~(\/|$)|[A-Za-z]:[\\/])/, error)
    .nullable(),
)
export const database = rule(
  'the path of a SQLite file, an address postgres://…, or null for the file in the home',
  (error) =>
    z
      .string(error)
      .trim()
      .regex(/^(postgres(ql)?:\/\/.+|(?!\w+:\/\/).+)$/, error)
      .nullable(),
)
export const file = rule('the absolute path of a file, or null for none', (error) =>
  z
    .string(error)
    .regex(/^(\/|~\/|[A-Za-z]:[\\/])/, error)
    .nullable(),
)
const hostName = (error: { error: string }) =>
  z
    .string(error)
    .trim()
    .regex(/^[A-Za-z0-9._:-]+$|^\[[0-9a-fA-F:.]+\]$/, error)
export const host = rule('the address or name to listen on', hostName)
export const hosts = rule('a list of host names', (error) => z.array(hostName(error), error))
export const origins = rule('a list of origins such as https://board.example', (error) =>
  z.array(
    z
      .string(error)
      .trim()
      .regex(/^https?:\/\/[^/\s]+\/?$/, error),
    error,
  ),
)
const variable = rule(VARIABLE_RULE, (error) => z.string(error).refine(isGrantableVariable, error))
export const variables = rule('a list of names of environment variables', (error) => z.array(variable, error))

export const dollars = rule('an amount in US dollars such as 5 or 0.50, or null for none', (error) =>
  z.number(error).min(0, error).max(1_000_000_000, error).nullable(),
)
export const tokens = rule('a whole number, 0 or more, or null for none', (error) =>
  z.int(error).min(0, error).max(1_000_000_000_000, error).nullable(),
)
export const names = rule('a list of names', (error) => z.array(z.string(error).trim().min(1, error), error))
const price = (error: { error: string }) => z.number(error).min(0, error).max(1_000_000, error)
export const prices = rule(
  'a map from the name of a model to its prices in US dollars for a million tokens, such as {"acme-large": {"input": 3, "cached": 0.3, "output": 15}}',
  (error) =>
    z.record(
      z.string(error),
      z.strictObject(
        { input: price(error), cached: price(error).nullable().default(null), output: price(error) },
        error,
      ),
      error,
    ),
)
