/** JSON in text columns. A value that does not parse must not take the page down: it is shown as it is. */

export const toJson = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

export function objectFromJson(text: string | null): Record<string, unknown> | null {
  if (text === null) return null
  const value = parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : { unreadable: text }
}

export function stringsFromJson(text: string | null): readonly string[] | null {
  if (text === null) return null
  const value = parse(text)
  return Array.isArray(value) ? value.map(String) : [text]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
