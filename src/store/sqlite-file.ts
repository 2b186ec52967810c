/**
 * What a file is, found out without changing it or adding a file beside it. Only SQLite reads it: closing a file that was
 * opened in another way would drop the locks this process holds on it.
 */
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { APPLICATION_ID, sqliteLedger, type LedgerRow } from './migrate.ts'

export type SqliteFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'damaged'; readonly reason: string }
  /** A board of ours, of whatever version. */
  | { readonly kind: 'board'; readonly boardId: string; readonly ledger: readonly LedgerRow[] }
  /** A board of the Hermes agent, which has no ledger of its schema. */
  | { readonly kind: 'hermes' }
  | { readonly kind: 'foreign'; readonly reason: string }

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Blocks for a few milliseconds at most, and only before it calls a file damaged or foreign. */
export function inspectSqliteFile(file: string): SqliteFile {
  for (let attempt = 1; ; attempt++) {
    const found = inspectOnce(file)
    const isSure = found.kind !== 'damaged' && found.kind !== 'foreign'
    if (isSure || attempt === ATTEMPTS) return found
    // Perhaps it was read while a process that has just ended copied its log into it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
}

const ATTEMPTS = 3
const PAUSE_MS = 10

function inspectOnce(file: string): SqliteFile {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return { kind: 'missing' }
  if (!stat.isFile()) return { kind: 'foreign', reason: 'it is not a file' }
  if (stat.size === 0) return { kind: 'empty' }
  try {
    using db = openReadOnly(file)
    return identify(db)
  } catch (error) {
    if (isDamage(error)) return { kind: 'damaged', reason: error.message }
    if (statSync(`${file}-journal`, { throwIfNoEntry: false }) !== undefined) {
      return {
        kind: 'foreign',
        reason: 'the program that made it stopped while writing it; open it there once more',
      }
    }
    throw error
  }
}

/** Opens a file to read it, leaving nothing beside it that was not there. */
export function openReadOnly(file: string): DatabaseSync {
  const isInUse = ['-wal', '-journal'].some(
    (suffix) => (statSync(file + suffix, { throwIfNoEntry: false })?.size ?? 0) > 0,
  )
  if (isInUse) return new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  // Nobody has it open for writing, or has written nothing yet. An ordinary open would create the -wal and -shm files and leave them.
  const url = pathToFileURL(file)
  url.search = '?immutable=1'
  return new DatabaseSync(url, { readOnly: true })
}

function identify(db: DatabaseSync): SqliteFile {
  const applicationId = Number(db.prepare('pragma application_id').get()?.['application_id'])
  const ledger = sqliteLedger(db)
  if (applicationId === APPLICATION_ID) {
    if (ledger === null || !hasTable(db, 'board_meta'))
      return { kind: 'damaged', reason: 'its tables are gone' }
    const boardId = db.prepare(`select value from board_meta where key = 'board_id'`).get()?.['value']
    return typeof boardId === 'string'
      ? { kind: 'board', boardId, ledger }
      : { kind: 'damaged', reason: 'it has lost its identity' }
  }
  if (applicationId !== 0) return { kind: 'foreign', reason: 'it belongs to another program' }
  if (ledger === null && isHermesBoard(db)) return { kind: 'hermes' }
  return { kind: 'foreign', reason: 'it is a database, but not a board' }
}

const hasTable = (db: DatabaseSync, name: string): boolean =>
  db.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(name) !== undefined

/** What every released shape of a Hermes board has in its `tasks`. */
const HERMES_COLUMNS = ['id', 'title', 'status', 'assignee', 'created_at', 'workspace_kind', 'claim_lock']

function isHermesBoard(db: DatabaseSync): boolean {
  const columns = new Set(
    db
      .prepare(`select name from pragma_table_info('tasks')`)
      .all()
      .map((row) => row['name']),
  )
  return HERMES_COLUMNS.every((name) => columns.has(name))
}

/** Whether SQLite says that what it read cannot be right. */
export const isDamage = (error: unknown): error is Error =>
  [SQLITE_CORRUPT, SQLITE_NOTADB].includes(sqliteCode(error))

/** SQLite's primary result code; 0 when the error is not SQLite's. */
export const sqliteCode = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0
