import { lookup } from 'mrmime'

/** What a file of this name usually holds; null when its name does not say. */
export function mediaTypeOf(name: string): string | null {
  // The table is a plain object, which has more names than those of file types.
  const found: unknown = lookup(name)
  return typeof found === 'string' ? found : null
}
