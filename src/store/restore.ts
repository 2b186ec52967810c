/** Brings a backup back, onto either database. What was there is kept aside, never deleted. */
import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { backup as copyPages, DatabaseSync } from 'node:sqlite'
import { conflict, unavailable } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { besideName, flushFile, flushFolder } from '../lib/durable-file.ts'
import { contentDigest, digestInName } from './backup-files.ts'
import { explainedFile, explainedSqlite } from './damage.ts'
import { backupBeforeReplacement, checkIntegrity } from './backup.ts'
import { copyFromSqlite } from './copy-board.ts'
import { isPostgresUrl } from './postgres-connect.ts'
import { openPostgres } from './postgres.ts'
import { migrateSqliteFile, useWal } from './sqlite-create.ts'
import { inspectSqliteFile, isDamage, openReadOnly, sqliteCode } from './sqlite-file.ts'
import { findEvents } from './tables/events.ts'

/** The newest event of a board: how far its history goes. */
export interface HistoryEnd {
  readonly eventId: number
  /** Unix seconds. */
  readonly at: number
}

export interface VerifiedBackup {
  readonly boardId: string
  readonly cards: number
  /** Null when nothing ever happened on it. */
  readonly end: HistoryEnd | null
}

/** Reads a backup through and says what it holds; throws what is wrong with it. */
export async function verifyBackup(file: string): Promise<VerifiedBackup> {
  const found = inspectSqliteFile(file)
  if (found.kind !== 'board') {
    const fact =
      found.kind === 'missing'
        ? 'there is no such file'
        : found.kind === 'empty'
          ? 'it is empty'
          : found.kind === 'hermes'
            ? 'it is a Hermes board, which is upgraded by being opened, not restored'
            : found.reason
    throw unavailable(
      'backup_damaged',
      `Cannot restore ${file}: ${fact}. Nothing was changed. List the backups with: yard backup --list`,
    )
  }
  const digest = digestInName(file)
  if (digest !== null && digest !== (await contentDigest(file))) {
    throw unavailable(
      'backup_damaged',
      `Cannot restore ${file}: its content is not what its name says, so it has changed since it was made. Nothing was changed. List the backups with: yard backup --list`,
    )
  }
  using db = openReadOnly(file)
  checkIntegrity(db, file)
  return {
    boardId: found.boardId,
    cards: Number(db.prepare('select count(*) as n from tasks').get()?.['n']),
    end: historyEnd(db),
  }
}

function historyEnd(db: DatabaseSync): HistoryEnd | null {
  const row = db.prepare('select id, created_at as at from task_events order by id desc limit 1').get()
  return row === undefined ? null : { eventId: Number(row['id']), at: Number(row['at']) }
}

export interface RestoreOptions {
  /** The backup. */
  readonly file: string
  /** Path of the board file, or the address of a PostgreSQL database. */
  readonly target: string
  /** The board that belongs there, if one is known: another one's backup is refused. */
  readonly boardId: string | null
  /** Says who uses the board now, such as a gateway with its lock; null when nobody does. */
  readonly inUseBy: () => string | null | Promise<string | null>
  /** Where a copy of a replaced PostgreSQL board goes. */
  readonly backups: string
  /** Needed to restore over a PostgreSQL board that has cards. */
  readonly replace?: boolean
  readonly clock: Clock
}

export interface RestoreResult {
  readonly restored: VerifiedBackup
  /** Where the replaced file is now; null when there was none. */
  readonly keptAside: string | null
  /** How far the replaced board had come; null when it cannot be read. What lies between is missing now. */
  readonly replacedEnd: HistoryEnd | null
  /** Tables of the file that the target has no place for. */
  readonly leftOut: readonly string[]
}

export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { file, target, boardId } = options
  const restored = await verifyBackup(file)
  if (boardId !== null && boardId !== restored.boardId) {
    throw conflict(
      'backup_of_another_board',
      `Cannot restore ${file}: it is a backup of another board (${restored.boardId}) than this one (${boardId}). Nothing was changed. Restore it into a home of its own with YARD_HOME.`,
    )
  }
  const user = await options.inUseBy()
  if (user !== null) {
    throw conflict(
      'board_in_use',
      `Cannot restore while ${user} uses the board. Nothing was changed. Stop it with: yard gateway stop`,
    )
  }
  if (isPostgresUrl(target)) return await restoreToPostgres(options, restored)
  try {
    return await restoreToFile(options, restored)
  } catch (error) {
    throw explainedFile(
      explainedSqlite(error, target, () => file),
      dirname(target),
    )
  }
}

async function restoreToFile(
  { file, target, clock }: RestoreOptions,
  restored: VerifiedBackup,
): Promise<RestoreResult> {
  const folder = dirname(target)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const beside = besideName(target)
  try {
    await copyWhole(file, beside)
    {
      using db = new DatabaseSync(beside, { timeout: 5_000 })
      useWal(db, target)
    }
    migrateSqliteFile(beside, clock)
    flushFile(beside)
    const replacedEnd = endOf(target)
    assertUnused(target)
    const keptAside = moveAside(target, clock.now())
    // From here on until the next line a known board has no file, which is an error that names this backup.
    renameSync(beside, target)
    flushFolder(folder)
    return { restored, keptAside, replacedEnd, leftOut: [] }
  } finally {
    for (const suffix of SUFFIXES) rmSync(beside + suffix, { force: true })
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600))
  using source = openReadOnly(from)
  await copyPages(source, to)
}

/** How far a board has come that may be damaged, or may not be there. */
function endOf(file: string): HistoryEnd | null {
  if (inspectSqliteFile(file).kind !== 'board') return null
  try {
    using db = openReadOnly(file)
    return historyEnd(db)
  } catch (error) {
    if (isDamage(error)) return null
    throw error
  }
}

const SQLITE_BUSY = 5
/** A board file, its log, and the index of the log. */
const SUFFIXES = ['', '-wal', '-shm'] as const

/** Refuses when another process has the board open. A file that cannot be read cannot be asked. */
function assertUnused(file: string): void {
  if (inspectSqliteFile(file).kind !== 'board') return
  try {
    using db = new DatabaseSync(file, { timeout: 2_000 })
    // In this mode SQLite wants the file for itself, and gets it only when nobody else has it open.
    db.exec('pragma locking_mode = exclusive; begin exclusive; commit')
  } catch (error) {
    if (sqliteCode(error) !== SQLITE_BUSY) throw error
    throw conflict(
      'board_in_use',
      `Cannot restore while another process has ${file} open. Nothing was changed. Find it with: fuser ${file}`,
    )
  }
}

/** Moves a board file and its log out of the way; returns where the file is now. */
function moveAside(file: string, now: number): string | null {
  const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined
  const stamp = new Date(now * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const free = (n: number): string => {
    const aside = join(dirname(file), `replaced-${stamp}${n === 1 ? '' : `-${n}`}.db`)
    return SUFFIXES.some((suffix) => isThere(aside + suffix)) ? free(n + 1) : aside
  }
  const aside = free(1)
  // The main file first: a main file without its log would be an older board that looks whole. A log whose file is gone
  // has to go as well: SQLite would take it for the log of the restored one.
  const moved = SUFFIXES.filter((suffix) => isThere(file + suffix))
  for (const suffix of moved) renameSync(file + suffix, aside + suffix)
  return moved.includes('') ? aside : null
}

async function restoreToPostgres(
  { file, target, backups, replace = false, clock }: RestoreOptions,
  restored: VerifiedBackup,
): Promise<RestoreResult> {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-restore-'))
  try {
    // The backup itself stays as it is; its copy is brought to this build's schema, which the database has.
    const copy = join(folder, 'board.db')
    await copyWhole(file, copy)
    migrateSqliteFile(copy, clock)
    await using store = await openPostgres({ url: target, create: true })
    const replacedEnd = await store.read(async (db) => {
      const [last] = await findEvents(db, { newestFirst: true, limit: 1 })
      return last === undefined ? null : { eventId: last.id, at: last.createdAt }
    })
    const aside =
      replace && replacedEnd !== null
        ? await backupBeforeReplacement(store, { folder: backups, now: clock.now() })
        : null
    const { leftOut } = await copyFromSqlite(copy, store, { replace })
    return { restored, keptAside: aside?.file ?? null, replacedEnd, leftOut }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
