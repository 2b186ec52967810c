/**
 * Backups: a consistent copy of the whole board as a SQLite file, whichever database the board is in. A copy counts as a
 * backup when it has been read back and found whole; until then it has another name.
 */
import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { backup as copyPages, DatabaseSync } from 'node:sqlite'
import { unavailable } from '../domain/errors.ts'
import { besideName, flushFile, flushFolder } from '../lib/durable-file.ts'
import {
  backupName,
  contentDigest,
  digestInName,
  listBackups,
  pruneBackups,
  removeAbandoned,
  type Backup,
  type BackupKind,
} from './backup-files.ts'
import { countRows } from './board-tables.ts'
import type { Store } from './connection.ts'
import { copyToSqlite } from './copy-board.ts'
import { openReadOnly } from './sqlite-file.ts'

export interface BackupOptions {
  readonly folder: string
  /** Whole unix seconds; goes into the name. */
  readonly now: number
}

export interface BackupResult extends Backup {
  /** False when nothing had changed since the newest backup, which then is the one given. */
  readonly isNew: boolean
  /** How many older ones were removed. */
  readonly pruned: number
}

/** Backs up a board while it is in use, and removes the oldest backups until `keep` are left. */
export async function backupBoard(
  store: Store,
  options: BackupOptions & { readonly keep: number },
): Promise<BackupResult> {
  const { folder, keep } = options
  const made = await makeBackup('scheduled', options, async (to) =>
    store.dialect === 'sqlite'
      ? await copySqliteFile(store.location, to, folder)
      : await copyToSqlite(store, to),
  )
  return { ...made, pruned: pruneBackups(folder, keep) }
}

/** Backs up a SQLite file before it is upgraded. */
export function backupBeforeUpgrade(
  file: string,
  options: BackupOptions & { readonly kind: 'before-upgrade' | 'hermes' },
): Promise<Omit<BackupResult, 'pruned'>> {
  return makeBackup(options.kind, options, (to) => copySqliteFile(file, to, options.folder))
}

/** Copies a board that is about to be replaced by another one. */
export function backupBeforeReplacement(
  store: Store,
  options: BackupOptions,
): Promise<Omit<BackupResult, 'pruned'>> {
  return makeBackup('before-replacement', options, (to) => copyToSqlite(store, to))
}

/** @param copy writes the copy to the path it is given; returns the row counts of the original */
async function makeBackup(
  kind: BackupKind,
  { folder, now }: BackupOptions,
  copy: (to: string) => Promise<Map<string, number>>,
): Promise<Omit<BackupResult, 'pruned'>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  removeAbandoned(folder, now)
  const beside = besideName(join(folder, 'backup'))
  try {
    closeSync(openSync(beside, 'wx', 0o600))
    const expected = await copy(beside)
    verifyCopy(beside, expected, kind)
    const digest = await contentDigest(beside)
    const newest = listBackups(folder).find((backup) => backup.kind === kind)
    if (newest !== undefined && digestInName(newest.file) === digest) return { ...newest, isNew: false }
    flushFile(beside)
    chmodSync(beside, 0o600)
    const file = join(folder, backupName(kind, now, digest))
    renameSync(beside, file)
    flushFolder(folder)
    return { file, kind, createdAt: now, size: statSync(file).size, isNew: true }
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(beside + suffix, { force: true })
  }
}

/** Pages copied in one go before other work of this process has its turn. */
const PAGES_AT_ONCE = 2_000
const SPARE_BYTES = 32 * 1024 * 1024

async function copySqliteFile(file: string, to: string, folder: string): Promise<Map<string, number>> {
  const size = statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0)
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < size + SPARE_BYTES) {
    throw unavailable(
      'disk_low',
      `Cannot back up ${file}: ${folder} has ${megabytes(bavail * bsize)} left and ${megabytes(size + SPARE_BYTES)} are needed. Free space there, or keep fewer backups.`,
    )
  }
  using source = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  // The copy is made of this very state, however much is written meanwhile.
  source.exec('begin')
  const counts = countRows(source)
  await copyPages(source, to, { rate: PAGES_AT_ONCE })
  source.exec('commit')
  return counts
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MB`

function verifyCopy(file: string, expected: ReadonlyMap<string, number>, kind: BackupKind): void {
  using db = openReadOnly(file)
  checkPages(db, file)
  // A board made elsewhere may always have had rows without their parents.
  if (kind !== 'hermes') checkReferences(db, file)
  const counts = countRows(db)
  for (const [table, rows] of expected) {
    if (counts.get(table) !== rows)
      throw damagedCopy(file, `table ${table} has ${counts.get(table) ?? 'no'} rows, the board ${rows}`)
  }
}

/** Throws when SQLite finds anything wrong in the file. */
export function checkIntegrity(db: DatabaseSync, file: string): void {
  checkPages(db, file)
  checkReferences(db, file)
}

function checkPages(db: DatabaseSync, file: string): void {
  const found = db
    .prepare('pragma integrity_check(3)')
    .all()
    .map((row) => String(row['integrity_check']))
  if (found.join() !== 'ok') throw damagedCopy(file, found.join('; '))
}

function checkReferences(db: DatabaseSync, file: string): void {
  const orphan = db.prepare('pragma foreign_key_check').get()
  if (orphan === undefined) return
  const fact = `a row of ${String(orphan['table'])} refers to a missing row of ${String(orphan['parent'])}`
  throw damagedCopy(file, fact)
}

const damagedCopy = (file: string, fact: string) =>
  unavailable(
    'backup_damaged',
    `The file ${file} is not a whole copy of a board: ${fact}. Nothing was changed. Look at the disk, and list the backups with: yard backup --list`,
  )
