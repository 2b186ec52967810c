/** Removes secrets from everything a caller sends, wherever in the input it stands, names of fields included. */
export function maskInput(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value)
  if (typeof value === 'number') {
    const masked = mask(String(value))
    return masked === String(value) ? value : masked
  }
  if (Array.isArray(value)) return value.map((item) => maskInput(item, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), maskInput(item, mask)]))
}
