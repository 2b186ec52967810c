/** Kinds of values that cross the HTTP boundary. In a path or a query everything is text, so those kinds take both. */
import { z } from 'zod'
import { LAST_SECOND } from '../../domain/create.ts'
import { MAX } from '../../domain/text.ts'
import { TASK_STATUSES } from '../../domain/task.ts'

/** What the document says of a value that a caller writes as text and we read as something else. */
const shown = <T extends z.ZodType>(schema: T, json: Record<string, unknown>): T =>
  schema.meta({ shown: json })

const isWithoutNul = (text: string): boolean => !text.includes('\0')

/** A name or a short text that is looked up, never stored; what is stored is checked by the board. */
export const word = z.string().min(1).max(MAX.key).refine(isWithoutNul, 'must not hold a NUL character')

export const taskId = word.describe('The id of a task: t_ and lowercase hex.')

const numberFromText = z
  .string()
  .regex(/^-?\d{1,16}$/, 'must be a whole number')
  .transform(Number)

/** A whole number in a path or a query. */
export const wholeNumber = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  shown(z.union([z.int(), numberFromText]).pipe(z.int().min(min).max(max)), {
    type: 'integer',
    minimum: min,
    ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }),
  })

export const rowId = wholeNumber(1)

export const runId = rowId.describe('The number of a run.')

/** A moment in a path or a query, in unix seconds. */
export const moment = wholeNumber(0, LAST_SECOND)

/** A yes or no in a query. */
export const flag = shown(
  z.union([
    z.boolean(),
    z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
  ]),
  { type: 'boolean' },
)

/** Several words in one query value, separated by commas. */
export const words = <T extends z.ZodType<string>>(each: T) =>
  shown(
    z.preprocess(
      (value) =>
        typeof value === 'string'
          ? value
              .split(',')
              .map((part) => part.trim())
              .filter(Boolean)
          : value,
      z.array(each).min(1).max(100),
    ) as unknown as z.ZodType<z.output<T>[], string | readonly string[]>,
    { type: 'string', description: 'One or more, separated by commas.' },
  )

export const status = z.enum(TASK_STATUSES).meta({ id: 'TaskStatus' })

/** Existing clients send null for what they leave out. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullable().optional()

export const metadata = shown(z.record(z.string(), z.json()), { type: 'object', additionalProperties: true })
