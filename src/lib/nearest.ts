/** "Did you mean …?" */
import { closest, distance } from 'fastest-levenshtein'

/** The known name that `name` is most likely a slip of; null when none is close. */
export function nearest(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null
  const typed = name.toLowerCase()
  const found = closest(typed, known)
  return distance(typed, found.toLowerCase()) <= Math.max(2, Math.floor(name.length / 3)) ? found : null
}
