/**
 * One gateway per home. The lock is SQLite's own exclusive lock on a file of its own: the system frees it with the process
 * that held it, however that ended, so there is no stale lock to judge.
 */
import { DatabaseSync } from 'node:sqlite'

export interface HomeLock extends Disposable {
  readonly file: string
}

/** Null when another process holds it. Throws when the folder cannot hold locks at all. */
export function takeHomeLock(file: string): HomeLock | null {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec('pragma journal_mode = delete; pragma locking_mode = exclusive; begin exclusive')
    return { file, [Symbol.dispose]: () => db.close() }
  } catch (error) {
    db.close()
    if (
      error instanceof Error &&
      'errcode' in error &&
      typeof error.errcode === 'number' &&
      (error.errcode & 0xff) === 5
    )
      return null
    throw error
  }
}

/** Whether some process holds the lock right now; changes nothing. */
export function isHomeLocked(file: string): boolean {
  const lock = takeHomeLock(file)
  lock?.[Symbol.dispose]()
  return lock === null
}
