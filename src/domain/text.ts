/** Rules for text that people and agents put on the board. */
import { invalid } from './errors.ts'

/** The first line that says something, at most `max` characters. */
export function firstLine(text: string | null | undefined, max = 400): string | null {
  const line = (text ?? '')
    .split('\n')
    .map((part) => part.trim())
    .find(Boolean)
  if (line === undefined) return null
  return line.length <= max ? line : `${begin(line, max - 1)}…`
}

/** At most `max` UTF-16 units of the beginning, never half a character. */
const begin = (text: string, max: number): string =>
  text.slice(0, /[\uD800-\uDBFF]/.test(text[max - 1] ?? '') ? max - 1 : max)

/** Cuts visibly: the reader sees that something is missing, and how much. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  const kept = begin(text, max)
  return `${kept}\n[… ${text.length - kept.length} more characters cut]`
}

/** For words that must be kept whatever they are: what cannot be stored is made visible, what is too long is cut. */
export const madeStorable = (text: string | null | undefined, maxLength: number): string | null =>
  text === null || text === undefined ? null : cut(text.replaceAll('\0', '\u2400').toWellFormed(), maxLength)

/** Text fit to be stored in either database: well-formed, and without the NUL that PostgreSQL cannot hold. */
export function storable(text: string, field: string, maxLength: number): string {
  if (text.includes('\0'))
    throw invalid(
      'nul_in_text',
      `The ${field} holds a NUL character, which cannot be stored. Remove it and try again.`,
      { field },
    )
  if (text.length > maxLength) {
    throw invalid(
      'text_too_long',
      `The ${field} has ${text.length} characters, and ${maxLength} is the most. Put long material into a file and name it in the ${field}.`,
      { field, length: text.length, max: maxLength },
    )
  }
  return text.toWellFormed()
}

export const storableOrNull = (
  text: string | null | undefined,
  field: string,
  maxLength: number,
): string | null => (text === null || text === undefined ? null : storable(text, field, maxLength))

/** Longest accepted texts, in characters. */
export const MAX = {
  title: 500,
  body: 1_000_000,
  result: 1_000_000,
  summary: 200_000,
  reason: 20_000,
  comment: 200_000,
  name: 200,
  key: 500,
  note: 2_000,
  path: 4_096,
  metadata: 1_000_000,
  output: 20_000,
} as const
