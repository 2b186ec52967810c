/** What a request holds, checked against its operation: everything unknown or malformed is named, nothing is guessed. */
import type { z } from 'zod'
import { invalid } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Operation } from '../contract/operations/operation.ts'

export interface RawInput {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
}

/** Path, query and body in one object, each value as its shape says. Throws `bad_request` with every fault. */
export function checkInput(operation: Operation, raw: RawInput): Record<string, unknown> {
  const faults: string[] = []
  const take = (schema: z.ZodType, value: unknown, place: string): Record<string, unknown> => {
    const result = parse(schema, value)
    if (result.success) return result.data as Record<string, unknown>
    faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, place, schema, value)))
    return {}
  }
  const input = {
    ...take(operation.params, raw.params, 'the path'),
    ...take(operation.query, raw.query, 'the query'),
    ...(operation.body === null ? {} : take(operation.body, raw.body ?? {}, 'the body')),
  }
  if (faults.length > 0) {
    throw invalid('bad_request', `This request cannot be understood: ${faults.slice(0, 10).join('; ')}.`, {
      faults,
      next: `Correct it; what it may hold is at /api/docs#${operation.id}`,
    })
  }
  return input
}

/** Checking goes as deep as the value does; one that is deeper than any sensible one is refused rather than followed. */
function parse(schema: z.ZodType, value: unknown): ReturnType<z.ZodType['safeParse']> {
  try {
    return schema.safeParse(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalid('too_deep', 'The body of this request is nested too deeply. Put the values side by side.')
  }
}

function faultsOf(issue: z.core.$ZodIssue, place: string, schema: z.ZodType, value: unknown): string[] {
  const name = issue.path.map(String).join('.')
  const at = name === '' ? place : `${name} in ${place}`
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = issue.path.length === 0 ? namesOf(schema) : []
      return issue.keys.map((key) => {
        const near = nearest(key, known)
        return `${place} holds ${shown(key)}${name === '' ? '' : ` in ${name}`}, which is not known${near === null ? '' : ` (did you mean ${near}?)`}`
      })
    }
    case 'invalid_type':
      return valueAt(value, issue.path) === undefined
        ? [`${at} is missing`]
        : [`${at} must be ${TYPES[issue.expected] ?? `of type ${issue.expected}`}`]
    case 'invalid_value':
      return [
        `${at} is ${shown(valueAt(value, issue.path))}, and must be one of ${issue.values.map(String).join(', ')}`,
      ]
    case 'invalid_union':
      return unionFaults(issue, at, place, schema, value)
    case 'too_big':
      return [
        `${at} is too ${issue.origin === 'number' || issue.origin === 'int' ? 'big' : 'long'}: ${issue.maximum} is the most`,
      ]
    case 'too_small':
      return [
        `${at} is too ${issue.origin === 'number' || issue.origin === 'int' ? 'small' : 'short'}: ${issue.minimum} is the least`,
      ]
    default:
      return [`${at}: ${issue.message}`]
  }
}

/** Of a choice between kinds of values, the one that came closest says what is wrong. */
function unionFaults(
  issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>,
  at: string,
  place: string,
  schema: z.ZodType,
  value: unknown,
): string[] {
  const given = valueAt(value, issue.path)
  const closest = issue.errors.findLast((faults) => faults.some((fault) => fault.code !== 'invalid_type'))
  if (closest === undefined) return [`${at} is ${shown(given)}, which is not what it may be`]
  return closest.flatMap((fault) =>
    faultsOf({ ...fault, path: [...issue.path, ...fault.path] }, place, schema, value),
  )
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const namesOf = (schema: z.ZodType): string[] =>
  'shape' in schema && typeof schema.shape === 'object' && schema.shape !== null
    ? Object.keys(schema.shape)
    : []

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  )

const MAX_SHOWN = 80

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
