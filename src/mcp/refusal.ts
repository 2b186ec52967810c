/** Refusals as a model can act on them: what could not be done, the fact, what to do next, and whether to call again. */
import { safeParse, type core } from 'zod/mini'
import type { ErrorKind, YardError } from '../domain/errors.ts'
import { aboutOf } from './fields.ts'
import type { Tool, ToolContext } from './tool.ts'

export interface ToolRefusal {
  readonly ok: false
  /** snake_case, stable. */
  readonly code: string
  readonly what: string
  readonly fact: string
  readonly next: string
  /** Whether calling again, corrected where that is what is wrong, can succeed. */
  readonly retryable: boolean
}

const refusal = (
  code: string,
  what: string,
  fact: string,
  next: string,
  retryable: boolean,
): ToolRefusal => ({ ok: false, code, what, fact, next, retryable })

const SENTENCES = /(?<=[.!?])\s+(?=[A-Z])/
/** Commands are for people at a shell; a model is told tools instead. */
const NAMES_A_COMMAND = /\byard (?!is\b)[a-z-]+/

/** Refusals that stay, however often the call is repeated. */
const RETRYABLE_KINDS: Readonly<Record<ErrorKind, boolean>> = {
  invalid: true,
  not_found: true,
  unavailable: true,
  conflict: false,
  denied: false,
}
const RETRYABLE_CODES = new Set(['task_moved'])

export function refusalOf(error: YardError, name: string, context: ToolContext): ToolRefusal {
  const [, what = `Cannot carry out ${name}`, rest = error.message] =
    /^(Cannot [^:]*): ([\s\S]*)$/.exec(error.message) ?? []
  const { fact, next } = asTold(error, rest, name, context)
  const retryable = RETRYABLE_KINDS[error.kind] || RETRYABLE_CODES.has(error.code)
  return refusal(error.code, what, fact, next, retryable)
}

function asTold(error: YardError, rest: string, name: string, context: ToolContext) {
  const given = error.details['next']
  if (typeof given === 'string')
    return { fact: rest.endsWith(given) ? rest.slice(0, -given.length).trimEnd() : rest, next: given }
  const facts = rest.split(SENTENCES).filter((sentence, at) => at === 0 || !NAMES_A_COMMAND.test(sentence))
  const last = facts.length > 1 ? facts.at(-1) : undefined
  return last !== undefined && isAdvice(last)
    ? { fact: facts.slice(0, -1).join(' '), next: last }
    : { fact: facts.join(' '), next: NEXT[error.kind](name, context) }
}

const isAdvice = (sentence: string): boolean =>
  /^(?:Use|Write|Give|Put|Remove|Correct|Leave|Try|Stop|Say|Wait|Name|Pack|Look|Nothing was changed)\b/.test(
    sentence,
  )

const NEXT: Readonly<Record<ErrorKind, (name: string, context: ToolContext) => string>> = {
  invalid: (name) => `Correct the input and call ${name} again.`,
  not_found: (name, { orchestrator }) =>
    orchestrator
      ? `Look the id up with kanban_list and call ${name} again.`
      : `Use your own card, or an id that kanban_create gave you, and call ${name} again.`,
  unavailable: (name) => `Wait a moment and call ${name} again.`,
  conflict: () => 'Look at the card with kanban_show and decide anew.',
  denied: (_name, { run }) =>
    run === null
      ? 'Ask a person to do it.'
      : 'Go on with your own card; say what you need with kanban_block.',
}

/** Input of the wrong shape: each fault, and the form that is accepted. */
export function badInput({ name, input }: Tool, error: core.$ZodError): ToolRefusal {
  const faults = error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${name} takes no ${JSON.stringify(key)}`)
    const place = issue.path.join('.')
    const field = input.shape[String(issue.path[0] ?? '')]
    const about = field === undefined ? undefined : aboutOf(field)
    const form = about === undefined ? '' : ` (${about})`
    return `${place}: ${issue.message}${form}`
  })
  const form = Object.entries(input.shape).map(([key, field]) =>
    safeParse(field, undefined).success ? `${key}?` : key,
  )
  return refusal(
    'bad_input',
    `Cannot carry out ${name}`,
    `the input is not of its form: ${faults.join('; ')}.`,
    `Correct it and call again. The form is ${name} {${form.join(', ')}}.`,
    true,
  )
}

export const unknownTool = (name: string, offered: readonly string[]): ToolRefusal =>
  refusal(
    'unknown_tool',
    `Cannot carry out ${name}`,
    'there is no such tool here.',
    `Use one of ${offered.join(', ')}.`,
    true,
  )

export const internalRefusal = (name: string): ToolRefusal =>
  refusal(
    'internal',
    `Cannot carry out ${name}`,
    'the board failed in a way nobody expected, and kept the details for its operator.',
    `Call ${name} once more; if it fails again, go on without it.`,
    true,
  )
