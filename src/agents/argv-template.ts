/**
 * Command lines with placeholders. A placeholder is replaced inside its own argument and nothing is read twice, so
 * whatever a title holds, it stays one part of one argument.
 */
import { nearest } from '../lib/nearest.ts'

export const PLACEHOLDERS = [
  'task',
  'run',
  'workspace',
  'title',
  'body_file',
  'context_file',
  'profile',
  'model',
] as const
export type Placeholder = (typeof PLACEHOLDERS)[number]

/** `{{word}}` stands for the text `{word}`. Anything else in braces (`{}`, `${HOME}`, `{"a": 1}`) is left alone. */
const PATTERN = /\{\{([a-z_]+)\}\}|\{([a-z_]+)\}/g

/** The placeholders an argument uses, known or not. */
export const placeholdersIn = (argument: string): readonly string[] =>
  [...argument.matchAll(PATTERN)].flatMap(([, , name]) => (name === undefined ? [] : [name]))

const isPlaceholder = (name: string): name is Placeholder =>
  (PLACEHOLDERS as readonly string[]).includes(name)

/** What is wrong with an argument; null when every placeholder is known. */
export function templateFault(argument: string): string | null {
  const unknown = placeholdersIn(argument).find((name) => !isPlaceholder(name))
  if (unknown === undefined) return null
  const near = nearest(unknown, PLACEHOLDERS)
  const suggestion =
    near === null
      ? `Placeholders are ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}.`
      : `Did you mean {${near}}?`
  return `the command holds {${unknown}}, which is no placeholder. ${suggestion} Write {{${unknown}}} for the text itself.`
}

/** The argument with its placeholders replaced. NUL characters, which no argument can carry, are left out. */
export const filled = (argument: string, values: Readonly<Record<Placeholder, string>>): string =>
  argument
    .replace(PATTERN, (whole: string, literal: string | undefined, name: string | undefined) => {
      if (literal !== undefined) return `{${literal}}`
      return name !== undefined && isPlaceholder(name) ? values[name] : whole
    })
    .replaceAll('\0', '')
