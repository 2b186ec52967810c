/**
 * One gateway per home. The lock is SQLite's own exclusive lock on a file of its own: the system frees it with the process
 * that held it, however that ended, so there is no stale lock to judge.
 */
import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

export interface HomeLock extends Disposable {
  readonly file: string
}

/** Null when another process holds it. Throws when the folder cannot hold locks at all. */
export function takeHomeLock(file: string): HomeLock | null {
  makePrivately(file)
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

/** Made before anybody can hold a lock on it, readable by its owner only. */
function makePrivately(file: string): void {
  if (existsSync(file)) return
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Whether some process holds the lock right now; changes nothing. */
export function isHomeLocked(file: string): boolean {
  const lock = takeHomeLock(file)
  lock?.[Symbol.dispose]()
  return lock === null
}
