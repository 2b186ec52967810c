/** Opens the board of a home: the one place that decides whether there is one, and whether it may be made. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { unavailable, YardError } from '../domain/errors.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import type { HomePaths } from '../lib/paths.ts'
import { newestBackup } from './backup-files.ts'
import { backupBeforeUpgrade } from './backup.ts'
import type { Store } from './connection.ts'
import { boardDamage, explainedFile, explainedSqlite } from './damage.ts'
import { upgradeHermesBoard, type UpgradeReport } from './hermes/upgrade.ts'
import { pendingMigrations } from './migrate.ts'
import { isPostgresUrl } from './postgres-connect.ts'
import { openPostgres } from './postgres.ts'
import { probeFolder } from './probe-folder.ts'
import { checkTestHome, readRegistry, writeRegistry, type RegisteredBoard } from './registry.ts'
import { SqliteBoard } from './sqlite-board.ts'
import {
  checkSqliteVersion,
  createSqliteBoard,
  makePrivate,
  migrateSqliteFile,
  useWal,
} from './sqlite-create.ts'
import { inspectSqliteFile, type SqliteFile } from './sqlite-file.ts'

export interface OpenStoreOptions {
  readonly paths: HomePaths
  /** Path of a board file or address of a PostgreSQL database; null for the board this home has, or its usual place. */
  readonly database: string | null
  /** Makes a board when this home has none yet. A board that is known but missing is never made anew. */
  readonly create: boolean
  readonly clock: Clock
  readonly env: NodeJS.ProcessEnv
  /** Told what was put right without being asked, such as file rights. */
  readonly warn?: (message: string) => void
  /** Told when a Hermes board was made one of ours. */
  readonly upgraded?: (report: UpgradeReport & { readonly backup: string }) => void
}

export type OpenedStore = Store & { close(): Promise<void> }

/** Throws a `YardError` that says which board, what is wrong with it and the way back; a refused file is left as it was. */
export async function openStore(options: OpenStoreOptions): Promise<OpenedStore> {
  const { paths, env } = options
  checkTestHome(paths.home, env)
  try {
    return await openRegistered(options)
  } catch (error) {
    throw explainedFile(error, paths.home)
  }
}

async function openRegistered(options: OpenStoreOptions): Promise<OpenedStore> {
  const { paths, clock } = options
  const registered = readRegistry(paths.registry)
  const database = options.database ?? registered?.database ?? paths.database
  const store = isPostgresUrl(database)
    ? await openServer(database, registered, options)
    : await openFile(resolve(database), registered, options)
  // Its place may change, when it was restored elsewhere; its identity does not.
  if (registered?.database !== store.location) {
    const createdAt = registered?.createdAt ?? clock.now()
    writeRegistry(paths.registry, { boardId: store.boardId, database: store.location, createdAt })
  }
  return store
}

async function openServer(
  url: string,
  registered: RegisteredBoard | null,
  { paths, create, clock }: OpenStoreOptions,
): Promise<OpenedStore> {
  try {
    // The clock of this machine is replaced by the database's, which all hosts share; only a clock that is moved by hand is kept.
    const time = clock === systemClock ? {} : { clock }
    const store = await openPostgres({ url, create: create && registered === null, ...time })
    if (registered === null || registered.boardId === store.boardId) return store
    await store.close()
    throw boardDamage(
      'board_foreign',
      store.location,
      `it is another board than the one of this home, which is at ${registered.database}`,
      newestBackup(paths.backups),
    )
  } catch (error) {
    if (registered === null || !(error instanceof YardError) || error.code !== 'board_missing') throw error
    throw boardDamage(
      'board_missing',
      registered.database,
      'its tables are missing',
      newestBackup(paths.backups),
    )
  }
}

async function openFile(
  file: string,
  registered: RegisteredBoard | null,
  options: OpenStoreOptions,
): Promise<OpenedStore> {
  const { paths, clock } = options
  const warn = options.warn ?? ((message: string) => process.emitWarning(message))
  const latestBackup = () => newestBackup(paths.backups)
  checkSqliteVersion()
  try {
    const inspected = statSync(file, { throwIfNoEntry: false })
    let found = inspectSqliteFile(file)
    if (registered === null) found = await claimFile(file, found, options)
    if (found.kind !== 'board' || (registered !== null && found.boardId !== registered.boardId)) {
      throw refusal(file, found, registered, latestBackup())
    }
    if (pendingMigrations(found.ledger, { location: file }).length > 0) {
      await backupBeforeUpgrade(file, { folder: paths.backups, now: clock.now(), kind: 'before-upgrade' })
      migrateSqliteFile(file, clock)
    }
    if (makePrivate(file, statSync(file).mode))
      warn(`Others could read ${file}: it is readable by you only now.`)
    return new SqliteBoard({
      file,
      clock,
      boardId: found.boardId,
      inspected,
      newestBackup: latestBackup,
      warn,
    })
  } catch (error) {
    throw explainedSqlite(error, file, latestBackup)
  }
}

/** What a home without a board makes of the file in its place. */
async function claimFile(
  file: string,
  found: SqliteFile,
  { paths, create, clock, upgraded }: OpenStoreOptions,
): Promise<SqliteFile> {
  switch (found.kind) {
    case 'missing':
      if (!create)
        throw unavailable('board_missing', `There is no board at ${file} yet. Make one with: yard init`)
      probeFolder(dirname(file))
      createSqliteBoard(file, clock)
      return inspectSqliteFile(file)
    case 'hermes': {
      const { file: backup } = await backupBeforeUpgrade(file, {
        folder: paths.backups,
        now: clock.now(),
        kind: 'hermes',
      })
      const report = upgradeFile(file, clock)
      if (report !== null) upgraded?.({ ...report, backup })
      return inspectSqliteFile(file)
    }
    case 'board':
    case 'empty':
    case 'damaged':
    case 'foreign':
      return found
  }
}

function upgradeFile(file: string, clock: Clock): UpgradeReport | null {
  using db = new DatabaseSync(file, { timeout: 30_000 })
  const report = upgradeHermesBoard(db, clock.now())
  useWal(db, file)
  return report
}

function refusal(
  file: string,
  found: SqliteFile,
  registered: RegisteredBoard | null,
  backup: string | null,
): YardError {
  const moved =
    registered !== null && registered.database !== file
      ? ` (the board of this home is at ${registered.database})`
      : ''
  switch (found.kind) {
    case 'missing':
      return boardDamage('board_missing', file, `the file is missing${moved}`, backup)
    case 'empty':
      return boardDamage('board_empty', file, `the file is empty${moved}`, backup)
    case 'damaged':
      return boardDamage('board_damaged', file, `the file is damaged (${found.reason})`, backup)
    case 'board':
      return boardDamage(
        'board_foreign',
        file,
        `the file is another board than the one of this home${moved}`,
        backup,
      )
    case 'hermes':
      return boardDamage(
        'board_foreign',
        file,
        `the file is a Hermes board, not the board of this home${moved}`,
        backup,
      )
    case 'foreign':
      return boardDamage('board_foreign', file, found.reason, backup)
  }
}
