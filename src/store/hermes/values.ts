/** Values of tables that never enforced their types, made fit for tables that do. What had to be changed is noted. */

export type RawValue = null | number | bigint | string | Uint8Array
export type RawRow = Readonly<Record<string, RawValue>>

const NOTES_KEPT = 100

/** What was repaired on the way; a board with thousands of alike repairs does not make thousands of lines. */
export class Repairs {
  readonly #notes: string[] = []
  #more = 0

  note(text: string): void {
    if (this.#notes.length < NOTES_KEPT) this.#notes.push(text)
    else this.#more += 1
  }

  get notes(): readonly string[] {
    return this.#more === 0 ? this.#notes : [...this.#notes, `and ${this.#more} more repairs`]
  }
}

/** Text that both databases can hold. */
export function text(value: RawValue | undefined): string | null {
  if (value === null || value === undefined) return null
  const raw = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)
  return raw.replaceAll('\0', '').toWellFormed()
}

/** Text that says something, trimmed. */
export function words(value: RawValue | undefined): string | null {
  const trimmed = text(value)?.trim()
  return trimmed === undefined || trimmed === '' ? null : trimmed
}

/** A whole number; null when there is none to be had from the value. */
export function whole(value: RawValue | undefined): number | null {
  if (value === null || value === undefined || value instanceof Uint8Array) return null
  if (typeof value === 'string' && value.trim() === '') return null
  const number = Math.trunc(Number(value))
  return Number.isSafeInteger(number) ? number : null
}

/** Later than any second of this millennium, so it counts milliseconds. */
const MILLISECONDS_FROM = 100_000_000_000

/** A moment in unix seconds, which may be stored in milliseconds or as a date. */
export function moment(value: RawValue | undefined): number | null {
  const number = whole(value)
  if (number !== null) return number >= MILLISECONDS_FROM ? Math.trunc(number / 1000) : number
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(parsed) ? null : Math.trunc(parsed / 1000)
}

/** A JSON object as text: what does not parse is kept inside one. */
export function jsonObject(value: RawValue | undefined): string | null {
  const raw = words(value)
  if (raw === null) return null
  const parsed = parse(raw)
  if (parsed === null) return null
  return typeof parsed === 'object' && !Array.isArray(parsed) ? raw : JSON.stringify({ unreadable: raw })
}

/** A JSON list of names as text. */
export function jsonNames(value: RawValue | undefined): string | null {
  const raw = words(value)
  if (raw === null) return null
  const parsed = parse(raw)
  if (parsed === null) return null
  const names = Array.isArray(parsed)
    ? parsed
    : typeof parsed === 'string'
      ? parsed.split(',')
      : /^[[{]/.test(raw)
        ? []
        : raw.split(',')
  return JSON.stringify([
    ...new Set(
      names
        .filter((name) => typeof name === 'string')
        .map((name) => name.trim())
        .filter(Boolean),
    ),
  ])
}

/** Undefined when it is not JSON. */
export function parse(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown
  } catch {
    return undefined
  }
}

export function shown(value: RawValue | undefined): string {
  if (value === null || value === undefined) return 'empty'
  const raw = value instanceof Uint8Array ? `${value.length} bytes` : String(value)
  return JSON.stringify(raw.length > 60 ? `${raw.slice(0, 60)}…` : raw)
}
