/**
 * Brings a database to the schema of this build. Each migration is one transaction together with its row in
 * `schema_migrations`, so an interruption anywhere leaves a whole older schema, and the next open goes on from there.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { ClientBase } from 'pg'
import { YardError } from '../domain/errors.ts'
import { newUuid } from '../lib/ids.ts'
import { MIGRATIONS } from './migrations/index.ts'
import { POSTGRES_WORDS, SQLITE_WORDS, type Migration } from './migrations/migration.ts'

/** "Yard" in ASCII, in the header of every SQLite board of ours. */
export const APPLICATION_ID = 0x59617264

export interface MigrateOptions {
  /** Shown in errors. */
  readonly location: string
  readonly migrations?: readonly Migration[]
}

export interface LedgerRow {
  readonly version: number
  readonly name: string
}

/** The migrations a board still needs; refuses a board that a newer build, or something else, has written. */
export function pendingMigrations(
  ledger: readonly LedgerRow[],
  { location, migrations = MIGRATIONS }: MigrateOptions,
): readonly Migration[] {
  const newest = migrations.at(-1)?.version ?? 0
  for (const { version, name } of ledger) {
    if (version > newest) {
      throw new YardError(
        'unavailable',
        'schema_newer',
        `Cannot open the board ${location}: its schema is version ${version}, and this yard knows versions up to ${newest}. Nothing was changed. Install the newer yard again with: npm install -g yardmaster@latest`,
        { details: { version, newest } },
      )
    }
    const known = migrations.find((migration) => migration.version === version)
    if (known?.name !== name) {
      throw new YardError(
        'unavailable',
        'schema_unknown',
        `Cannot open the board ${location}: its schema step ${version} is called "${name}", which is not one of this program. Nothing was changed. See which boards can be opened with: yard doctor`,
        { details: { version, name } },
      )
    }
  }
  const applied = new Set(ledger.map((row) => row.version))
  return migrations.filter((migration) => !applied.has(migration.version))
}

/** The schema steps a SQLite file has had; null when it has no ledger, so is no board of ours. Reads only. */
export function sqliteLedger(db: DatabaseSync): readonly LedgerRow[] | null {
  const table = db
    .prepare(`select 1 from sqlite_schema where type = 'table' and name = 'schema_migrations'`)
    .get()
  if (table === undefined) return null
  return db
    .prepare('select version, name from schema_migrations order by version')
    .all() as unknown as LedgerRow[]
}

/**
 * Migrates a SQLite database on a connection of its own, which must wait for locks (`timeout`). Returns the versions applied.
 * @param now whole unix seconds
 */
export function migrateSqlite(db: DatabaseSync, now: number, options: MigrateOptions): readonly number[] {
  const applied: number[] = []
  // Read before any lock is taken, so that a refused file stays untouched to the byte.
  if (pendingMigrations(sqliteLedger(db) ?? [], options).length === 0) return applied
  // A table can only be rebuilt while foreign keys are not enforced; they are checked before each commit instead.
  db.exec('pragma foreign_keys = off')
  try {
    for (;;) {
      db.exec('begin immediate')
      try {
        // Read again under the lock: another process may have been faster.
        const next = pendingMigrations(sqliteLedger(db) ?? [], options)[0]
        if (next === undefined) {
          db.exec('rollback')
          return applied
        }
        applySqlite(db, next, now)
        const broken = db.prepare('pragma foreign_key_check').get()
        if (broken !== undefined)
          throw new Error(
            `migration ${next.version} leaves a row of ${String(broken['table'])} without its parent in ${String(broken['parent'])}`,
          )
        db.exec('commit')
        applied.push(next.version)
      } catch (error) {
        if (db.isTransaction) db.exec('rollback')
        throw error
      }
    }
  } finally {
    db.exec('pragma foreign_keys = on')
  }
}

/** One migration with its ledger row, inside a transaction that is open already. */
export function applySqlite(db: DatabaseSync, migration: Migration, now: number): void {
  db.exec(
    `create table if not exists schema_migrations (version integer not null primary key, name text not null, applied_at integer not null) strict`,
  )
  db.exec(`pragma application_id = ${APPLICATION_ID}`)
  for (const sql of migration.statements(SQLITE_WORDS)) db.exec(sql)
  db.prepare(
    `insert into board_meta (key, value) values ('board_id', ?), ('created_at', ?) on conflict (key) do nothing`,
  ).run(newUuid(), String(now))
  db.prepare('insert into schema_migrations (version, name, applied_at) values (?, ?, ?)').run(
    migration.version,
    migration.name,
    now,
  )
}

/** Advisory locks of ours: the first number of the pair; the second is the hash of the schema's name. */
export const ADVISORY = { migrate: 0x59617264, events: 0x59617265 } as const

const PG_NOW = 'floor(extract(epoch from clock_timestamp()))::bigint'

/** The schema steps the current PostgreSQL schema has had; null when it holds no board. Reads only. */
export async function postgresLedger(
  client: Pick<ClientBase, 'query'>,
): Promise<readonly LedgerRow[] | null> {
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (select from pg_tables where schemaname = current_schema() and tablename = 'schema_migrations') as found`,
  )
  if (rows[0]?.found !== true) return null
  const ledger = await client.query<{ version: number | string; name: string }>(
    'select version, name from schema_migrations order by version',
  )
  return ledger.rows.map(({ version, name }) => ({ version: Number(version), name }))
}

/** Migrates the current schema of a PostgreSQL connection. Returns the versions applied. Times are the database's. */
export async function migratePostgres(
  client: Pick<ClientBase, 'query'>,
  options: MigrateOptions,
): Promise<readonly number[]> {
  const applied: number[] = []
  if (pendingMigrations((await postgresLedger(client)) ?? [], options).length === 0) return applied
  for (;;) {
    await client.query('begin')
    try {
      await client.query('select pg_advisory_xact_lock($1, hashtext(current_schema()))', [ADVISORY.migrate])
      const next = pendingMigrations((await postgresLedger(client)) ?? [], options)[0]
      if (next === undefined) {
        await client.query('rollback')
        return applied
      }
      await applyPostgres(client, next)
      await client.query('commit')
      applied.push(next.version)
    } catch (error) {
      // The connection itself may be what failed; the first error is the one worth telling.
      await client.query('rollback').catch(() => undefined)
      throw error
    }
  }
}

async function applyPostgres(client: Pick<ClientBase, 'query'>, migration: Migration): Promise<void> {
  await client.query(
    'create table if not exists schema_migrations (version bigint not null primary key, name text not null, applied_at bigint not null)',
  )
  // In one round trip.
  await client.query(migration.statements(POSTGRES_WORDS).join(';\n'))
  await client.query(
    `insert into board_meta (key, value) values ('board_id', $1), ('created_at', (${PG_NOW})::text) on conflict (key) do nothing`,
    [newUuid()],
  )
  await client.query(`insert into schema_migrations (version, name, applied_at) values ($1, $2, ${PG_NOW})`, [
    migration.version,
    migration.name,
  ])
}
