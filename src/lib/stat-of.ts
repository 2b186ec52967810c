import { statSync, type Stats } from 'node:fs'

/** What is at a path; null when nothing is, or when the way there is barred. */
export function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}
