/** Makes and opens board files. */
import { chmodSync, closeSync, linkSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { unavailable } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { besideName, flushFile, flushFolder } from '../lib/durable-file.ts'
import { migrateSqlite } from './migrate.ts'

/** Older ones can corrupt a WAL file when it is reset while another process checkpoints. */
const OLDEST_SQLITE = [3, 51, 3] as const

/** Refuses a Node whose SQLite has a known way to corrupt a board. */
export function checkSqliteVersion(version: string = sqliteVersion()): void {
  const parts = version.split('.').map(Number)
  for (const [index, least] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0
    if (part > least) return
    if (part < least) {
      throw unavailable(
        'sqlite_old',
        `Cannot open boards with SQLite ${version}: ${OLDEST_SQLITE.join('.')} or newer is needed, older ones can corrupt them. Use Node 24 or newer (this is ${process.version}).`,
      )
    }
  }
}

function sqliteVersion(): string {
  using db = new DatabaseSync(':memory:')
  return String(db.prepare('select sqlite_version() as version').get()?.['version'])
}

/**
 * Makes a new board at `file`, complete or not at all. Returns false when another process was faster: then the board there
 * is the other one's.
 */
export function createSqliteBoard(file: string, clock: Pick<Clock, 'now'>): boolean {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  refuseOrphanedLog(file)
  const beside = besideName(file)
  try {
    // Born with the rights it keeps: SQLite gives its -wal and -shm files those of the main file.
    closeSync(openSync(beside, 'wx', 0o600))
    {
      using db = new DatabaseSync(beside, { timeout: 5_000 })
      useWal(db, file)
      migrateSqlite(db, clock.now(), { location: file })
    }
    flushFile(beside)
    // Unlike a rename, this never takes the place of a file that is there.
    linkSync(beside, file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(beside + suffix, { force: true })
  }
  flushFolder(folder)
  return true
}

/** SQLite would take the log of a board that is gone for the log of the new one, and mix the two. */
function refuseOrphanedLog(file: string): void {
  const log = `${file}-wal`
  const hasContent = (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (!hasContent || statSync(file, { throwIfNoEntry: false }) !== undefined) return
  throw unavailable(
    'orphaned_log',
    `Cannot make a board at ${file}: the log of an earlier board is there (${log}), which holds its last changes. Nothing was made. Put the earlier board back beside it, or move the log away.`,
  )
}

/** Brings a board file of ours to this build's schema. Returns the versions applied. */
export function migrateSqliteFile(file: string, clock: Pick<Clock, 'now'>): readonly number[] {
  using db = new DatabaseSync(file, { timeout: 30_000 })
  return migrateSqlite(db, clock.now(), { location: file })
}

/** Fixed when the file is made; no other journal is ever used. */
export function useWal(db: DatabaseSync, location: string): void {
  const mode = db.prepare('pragma journal_mode = wal').get()?.['journal_mode']
  if (mode !== 'wal') {
    throw unavailable(
      'no_wal',
      `Cannot keep a board at ${location}: its folder does not support SQLite's write-ahead log (it offers "${String(mode)}"), as network shares often do not. Choose a folder on a local disk with YARD_HOME, or a PostgreSQL database.`,
    )
  }
  db.exec('pragma synchronous = full')
}

/** Takes the rights of everyone but the owner away. Returns whether there were any. */
export function makePrivate(file: string, mode: number): boolean {
  if ((mode & 0o077) === 0) return false
  chmodSync(file, mode & 0o700)
  return true
}
