/**
 * YAML that a person wrote, checked against a schema. Whatever is wrong with it is said with the file, the line, the
 * full path of the key, the value and the rule, and for a key nobody knows, with the nearest one that is known.
 */
import { distance } from 'fastest-levenshtein'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import type { ZodType } from 'zod'

export interface YamlOptions<T> {
  /** Named in problems. */
  readonly file: string
  /** Its messages complete the sentence "must be …". */
  readonly schema: ZodType<T>
  /** Every key the schema knows, by its full path (`kanban.max_running`). */
  readonly keys: readonly string[]
  /** The line of `file` on which `text` begins. */
  readonly firstLine?: number
}

export type YamlReading<T> =
  | {
      readonly ok: true
      readonly value: T
      /** Where a key stands, as `file:line`; null when the text does not have it. */
      readonly where: (path: readonly PropertyKey[]) => string | null
    }
  | {
      readonly ok: false
      /** One sentence each, beginning with `file:line: `. */
      readonly problems: readonly string[]
    }

export function readYaml<T>(
  text: string,
  { file, schema, keys, firstLine = 1 }: YamlOptions<T>,
): YamlReading<T> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number) => `${file}:${lines.linePos(offset).line + firstLine - 1}`
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => `${at(error.pos[0])}: ${oneLine(error.message)}`),
    }
  }
  const where = (path: readonly PropertyKey[]) => {
    const offset = offsetOf(document, path)
    return offset === null ? null : at(offset)
  }
  const data: unknown = document.toJS() ?? {}
  const result = schema.safeParse(data)
  if (result.success) return { ok: true, value: result.data, where }
  const problems = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(
        (key) => `${where([...issue.path, key]) ?? file}: ${unknownKey([...issue.path, key], keys)}`,
      )
    }
    const value = valueAt(data, issue.path)
    const name = issue.path.length === 0 ? 'the file' : issue.path.join('.')
    const fact = value === undefined ? `${name} is missing; it` : `${name} is ${shown(value)}, but it`
    return [`${whereNearest(issue.path, where) ?? file}: ${fact} must be ${issue.message}`]
  })
  return { ok: false, problems }
}

function unknownKey(path: readonly PropertyKey[], known: readonly string[]): string {
  const full = path.join('.')
  const [name, group] = [lastOf(full), groupOf(full)]
  const farOff = (key: string) => {
    const candidate = lastOf(key)
    const part = name.length > 2 && (candidate.includes(name) || name.includes(candidate))
    // A right name in the wrong group is nearer than a wrong name in the right one.
    return (
      (part ? Math.min(1, distance(name, candidate)) : distance(name, candidate)) +
      (groupOf(key) === group ? 0 : 0.5)
    )
  }
  // A key of things that people name themselves is near only among them.
  const candidates = known.filter((key) => !key.includes('<') || topOf(key) === topOf(full))
  const nearest = candidates.toSorted((one, other) => farOff(one) - farOff(other))[0]
  return `${full} is not a known key. The nearest known key is ${nearest}.`
}

const lastOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1)
const topOf = (key: string): string => key.split('.')[0] ?? ''
const groupOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('.')))

const whereNearest = (
  path: readonly PropertyKey[],
  where: (path: readonly PropertyKey[]) => string | null,
): string | null => {
  for (let length = path.length; length > 0; length--) {
    const found = where(path.slice(0, length))
    if (found !== null) return found
  }
  return null
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents
  let offset: number | null = null
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(segment))
      if (pair === undefined) return null
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? null) : offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(segment)]
      if (!isScalar(item)) return offset
      offset = item.range?.[0] ?? offset
      node = item
    } else return null
  }
  return offset
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, segment) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, segment)
        ? (value as Record<PropertyKey, unknown>)[segment]
        : undefined,
    data,
  )
}

/** A value as it is shown to a person: short, on one line, without the password of an address. */
function shown(value: unknown): string {
  if (value === null) return 'empty'
  const text = JSON.stringify(value)
  const masked = text.replace(/(:\/\/[^\s:/@"]*):[^\s"]*@/g, '$1:***@')
  return masked.length <= 80 ? masked : `${masked.slice(0, 79)}…`
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
