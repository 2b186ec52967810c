/**
 * Writes what the migrations add up to, on both databases, into src/store/migrations/schema.*.sql, and makes the fixture of
 * a schema that has none yet out of the one before it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { migratePostgres, migrateSqlite } from '../src/store/migrate.ts'
import { MIGRATIONS } from '../src/store/migrations/index.ts'
import startPostgres from '../test/helpers/postgres-server.ts'
import { dumpBoard, dumpPostgres, dumpSqlite } from '../test/helpers/schema-dump.ts'

const folder = new URL('../src/store/migrations/', import.meta.url)

const db = new DatabaseSync(':memory:')
migrateSqlite(db, 0, { location: 'memory' })
writeFileSync(new URL('schema.sqlite.sql', folder), dumpSqlite(db))

const fixture = (version: number) =>
  new URL(`../test/fixtures/schemas/${String(version).padStart(4, '0')}.sql`, import.meta.url)
for (const { version } of MIGRATIONS) {
  if (existsSync(fixture(version))) continue
  const board = new DatabaseSync(':memory:')
  if (existsSync(fixture(version - 1))) board.exec(readFileSync(fixture(version - 1), 'utf8'))
  migrateSqlite(board, 0, {
    location: 'memory',
    migrations: MIGRATIONS.filter((step) => step.version <= version),
  })
  writeFileSync(fixture(version), dumpBoard(board, version))
}

let url = ''
const stop = await startPostgres({ provide: (_: string, value: string) => void (url = value) } as never)
const client = new pg.Client({ connectionString: url })
await client.connect()
await client.query('create schema yard_dump; set search_path = yard_dump')
await migratePostgres(client, { location: 'the dump' })
writeFileSync(new URL('schema.postgres.sql', folder), await dumpPostgres(client))
await client.query('drop schema yard_dump cascade')
await client.end()
await stop?.()
