/** What a request holds, checked against its operation: everything unknown or malformed is named, nothing is guessed. */
import type { z } from 'zod'
import { invalid, type YardError } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Operation } from '../contract/operations/operation.ts'

export interface RawInput {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
}

/** Faults that are named; of the others only the number is told. */
const MOST_NAMED = 10

/** Put into words only when it is named: there can be as many as fit into a body. */
type Fault = () => string

/** Path, query and body in one object, each value as its shape says. Throws `bad_request` with the faults. */
export function checkInput(operation: Operation, raw: RawInput): Record<string, unknown> {
  const faults: Fault[] = []
  const take = (schema: z.ZodType, value: unknown, place: Place): Record<string, unknown> => {
    const result = parse(schema, value)
    if (result.success) return result.data as Record<string, unknown>
    for (const issue of result.error.issues)
      for (const fault of faultsOf(issue, place, schema)) faults.push(fault)
    return {}
  }
  const input = {
    ...take(operation.params, raw.params, 'the path'),
    ...take(operation.query, raw.query, 'the query'),
    ...(operation.body === null ? {} : take(operation.body, raw.body ?? {}, 'the body')),
  }
  if (faults.length > 0) throw refused(operation, faults)
  return input
}

function refused({ id }: Operation, faults: readonly Fault[]): YardError {
  const named = faults.slice(0, MOST_NAMED).map((fault) => fault())
  const others = faults.length - named.length
  return invalid(
    'bad_request',
    `This request cannot be understood: ${named.join('; ')}${others === 0 ? '' : `; and ${others} more like that`}.`,
    { faults: named, next: `Correct it; what it may hold is at /api/docs#${id}` },
  )
}

type Place = 'the path' | 'the query' | 'the body'

/** Checking goes as deep as the value does; one that is deeper than any sensible one is refused rather than followed. */
function parse(schema: z.ZodType, value: unknown): ReturnType<z.ZodType['safeParse']> {
  try {
    return schema.safeParse(value, { reportInput: true })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw invalid('too_deep', 'The body of this request is nested too deeply. Put the values side by side.')
  }
}

function faultsOf(issue: z.core.$ZodIssue, place: Place, schema: z.ZodType): Fault[] {
  // What is a list behind a query is one text in it.
  const path = place === 'the query' ? issue.path.slice(0, 1) : issue.path
  const name = path.map(String).join('.')
  const at = name === '' ? place : `${name} in ${place}`
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = name === '' ? namesOf(schema) : []
      return issue.keys.map((key) => () => {
        const near = nearest(key, known)
        return `${place} holds ${shown(key)}${name === '' ? '' : ` in ${name}`}, which is not known${near === null ? '' : ` (did you mean ${near}?)`}`
      })
    }
    case 'invalid_type':
      return [
        () =>
          issue.input === undefined
            ? `${at} is missing`
            : `${at} must be ${TYPES[issue.expected] ?? `of type ${issue.expected}`}`,
      ]
    case 'invalid_value':
      return [
        () => `${at} is ${shown(issue.input)}, and must be one of ${issue.values.map(String).join(', ')}`,
      ]
    case 'invalid_union':
      return unionFaults(issue, at, place, schema)
    case 'too_big':
      return [() => `${at} is too ${isNumber(issue.origin) ? 'big' : 'long'}: ${issue.maximum} is the most`]
    case 'too_small':
      return [
        () => `${at} is too ${isNumber(issue.origin) ? 'small' : 'short'}: ${issue.minimum} is the least`,
      ]
    default:
      return [() => `${at}: ${issue.message}`]
  }
}

const isNumber = (origin: string): boolean => origin === 'number' || origin === 'int'

/** Of a choice between kinds of values, the one that came closest says what is wrong. */
function unionFaults(
  issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>,
  at: string,
  place: Place,
  schema: z.ZodType,
): Fault[] {
  const closest = issue.errors.findLast((faults) => faults.some((fault) => fault.code !== 'invalid_type'))
  if (closest === undefined) return [() => `${at} is ${shown(issue.input)}, which is not what it may be`]
  return closest.flatMap((fault) =>
    faultsOf({ ...fault, path: [...issue.path, ...fault.path] }, place, schema),
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

const MAX_SHOWN = 80

const shown = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MAX_SHOWN + 1) : value) ?? 'nothing'
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
