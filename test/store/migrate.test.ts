import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { boardTables, countRows } from '../../src/store/board-tables.ts'
import { migratePostgres, migrateSqlite, postgresLedger, sqliteLedger } from '../../src/store/migrate.ts'
import { MIGRATIONS, SCHEMA_VERSION } from '../../src/store/migrations/index.ts'
import { SQLITE_WORDS, type Migration } from '../../src/store/migrations/migration.ts'
import { temporaryFolder, TEST_NOW } from '../helpers/boards.ts'
import { runChild } from '../helpers/children.ts'
import { createTestSchema } from '../helpers/postgres.ts'
import { dumpPostgres, dumpSqlite } from '../helpers/schema-dump.ts'

const MIGRATIONS_FOLDER = new URL('../../src/store/migrations/', import.meta.url)
const FIXTURES = new URL('../fixtures/schemas/', import.meta.url)
const location = 'the board'
const numerically = (a: number, b: number) => a - b

const freshDump = () => {
  using db = new DatabaseSync(':memory:')
  migrateSqlite(db, TEST_NOW, { location })
  return dumpSqlite(db)
}

async function postgresClient() {
  const schema = await createTestSchema()
  const client = new pg.Client({ connectionString: schema.url })
  await client.connect()
  return {
    client,
    url: schema.url,
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await schema.drop()
    },
  }
}

/** The migrations with one statement more, which fails, before statement `at` of the given version. */
const failingAt = (version: number, at: number): readonly Migration[] =>
  MIGRATIONS.map((migration) =>
    migration.version === version
      ? {
          ...migration,
          statements: (words) => migration.statements(words).toSpliced(at, 0, 'select no_such_function()'),
        }
      : migration,
  )

const statementCount = (version: number) =>
  MIGRATIONS.find((migration) => migration.version === version)!.statements(SQLITE_WORDS).length

describe('migrating', () => {
  test('a new SQLite board gets every step once, an identity, and a mark in its header', () => {
    using db = new DatabaseSync(':memory:')
    expect(migrateSqlite(db, TEST_NOW, { location })).toEqual(MIGRATIONS.map(({ version }) => version))
    const boardId = db.prepare(`select value from board_meta where key = 'board_id'`).get()?.['value']
    expect(migrateSqlite(db, TEST_NOW + 9, { location })).toEqual([])
    expect(sqliteLedger(db)).toMatchObject(MIGRATIONS.map(({ version, name }) => ({ version, name })))
    expect(boardId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    expect(db.prepare('select key, value from board_meta order by key').all()).toMatchObject([
      { key: 'board_id', value: boardId },
      { key: 'created_at', value: String(TEST_NOW) },
    ])
    expect(db.prepare('pragma application_id').get()).toMatchObject({ application_id: 0x59617264 })
    expect(db.prepare('pragma foreign_keys').get()).toMatchObject({ foreign_keys: 1 })
  })

  test('a new PostgreSQL board gets every step once and an identity', async () => {
    await using board = await postgresClient()
    expect(await postgresLedger(board.client)).toBeNull()
    expect(await migratePostgres(board.client, { location })).toEqual(
      MIGRATIONS.map(({ version }) => version),
    )
    expect(await migratePostgres(board.client, { location })).toEqual([])
    expect(await postgresLedger(board.client)).toEqual(
      MIGRATIONS.map(({ version, name }) => ({ version, name })),
    )
    const { rows } = await board.client.query(`select value from board_meta where key = 'board_id'`)
    expect(rows).toHaveLength(1)
  })

  test('F37: four processes that migrate one file at once do every step once', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    const runs = await Promise.all([1, 2, 3, 4].map(() => runChild('store/children/migrate.ts', [file])))
    expect(runs.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(['0 ', '0 ', '0 ', '0 '])
    expect(runs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]).toSorted(numerically)).toEqual(
      MIGRATIONS.map(({ version }) => version),
    )
  })

  test('F37: two connections that migrate one PostgreSQL schema at once do every step once', async () => {
    await using board = await postgresClient()
    const other = new pg.Client({ connectionString: board.url })
    await other.connect()
    const applied = await Promise.all(
      [board.client, other].map((client) => migratePostgres(client, { location })),
    )
    await other.end()
    expect(applied.flat().toSorted(numerically)).toEqual(MIGRATIONS.map(({ version }) => version))
  })

  test('F37: a board with a newer schema, or a step of another program, is refused and not touched', () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'kanban.db')
    {
      using db = new DatabaseSync(file)
      migrateSqlite(db, TEST_NOW, { location })
      db.exec(`insert into schema_migrations values (999, 'from the future', ${TEST_NOW})`)
    }
    const before = createHash('sha256').update(readFileSync(file)).digest('hex')
    {
      using db = new DatabaseSync(file)
      expect(() => migrateSqlite(db, TEST_NOW, { location: file })).toThrow(
        /version 999.*knows versions up to/s,
      )
      expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(before)
      db.exec(
        `update schema_migrations set version = 1, name = 'else' where version = 1; delete from schema_migrations where version = 999`,
      )
      expect(() => migrateSqlite(db, TEST_NOW, { location: file })).toThrow(/"else"/)
    }
    expect(readdirSync(folder.path)).toEqual(['kanban.db'])
  })

  test('F37: interrupted before any statement of any step, a SQLite board keeps the whole steps it has, and goes on later', () => {
    for (const { version } of MIGRATIONS) {
      for (let at = 0; at <= statementCount(version); at++) {
        using db = new DatabaseSync(':memory:')
        expect(() => migrateSqlite(db, TEST_NOW, { location, migrations: failingAt(version, at) })).toThrow(
          /no_such_function/,
        )
        expect((sqliteLedger(db) ?? []).map((row) => row.version)).toEqual(
          MIGRATIONS.filter((step) => step.version < version).map((step) => step.version),
        )
        migrateSqlite(db, TEST_NOW, { location })
        expect(dumpSqlite(db)).toBe(freshDump())
      }
    }
  })

  test('F37: a process killed in the middle of a step leaves a board that the next one finishes', async () => {
    const total = statementCount(1)
    for (const at of [0, 1, Math.floor(total / 2), total]) {
      using folder = temporaryFolder()
      const file = join(folder.path, 'kanban.db')
      const killed = await runChild('store/children/migrate.ts', [file, '1', String(at)])
      expect(killed.signal).toBe('SIGKILL')
      using db = new DatabaseSync(file, { timeout: 5_000 })
      expect(sqliteLedger(db)).toBeNull()
      migrateSqlite(db, TEST_NOW, { location })
      expect(dumpSqlite(db)).toBe(freshDump())
      expect(db.prepare('pragma integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    }
  })

  test('F37: interrupted in any step, a PostgreSQL board keeps the whole steps it has, and goes on later', async () => {
    for (const { version } of MIGRATIONS) {
      for (const at of [0, Math.floor(statementCount(version) / 2), statementCount(version)]) {
        await using board = await postgresClient()
        await expect(
          migratePostgres(board.client, { location, migrations: failingAt(version, at) }),
        ).rejects.toThrow(/no_such_function/)
        expect(((await postgresLedger(board.client)) ?? []).map((row) => row.version)).toEqual(
          MIGRATIONS.filter((step) => step.version < version).map((step) => step.version),
        )
        await migratePostgres(board.client, { location })
        expect(await dumpPostgres(board.client)).toBe(
          readFileSync(new URL('schema.postgres.sql', MIGRATIONS_FOLDER), 'utf8'),
        )
      }
    }
  }, 90_000)
})

describe('the released schemas', () => {
  test('every one of them has a fixture (npm run schema:dump makes the newest)', () => {
    expect(readdirSync(FIXTURES).toSorted()).toEqual(
      MIGRATIONS.map(({ version }) => `${String(version).padStart(4, '0')}.sql`),
    )
    expect(SCHEMA_VERSION).toBe(MIGRATIONS.length)
  })

  test.each(MIGRATIONS)(
    'F37: a board of version $version opens with all its rows and has the schema of a new one',
    ({ version }) => {
      using db = new DatabaseSync(':memory:')
      db.exec(readFileSync(new URL(`${String(version).padStart(4, '0')}.sql`, FIXTURES), 'utf8'))
      const before = countRows(db)
      migrateSqlite(db, TEST_NOW, { location })
      expect(dumpSqlite(db)).toBe(freshDump())
      for (const [table, rows] of before)
        if (table !== 'schema_migrations') expect([table, countRows(db).get(table)]).toEqual([table, rows])
      expect(db.prepare('pragma foreign_key_check').all()).toEqual([])
    },
  )

  test.each(MIGRATIONS)('step $version is what it was when it was released', ({ version }) => {
    using released = new DatabaseSync(':memory:')
    released.exec(readFileSync(new URL(`${String(version).padStart(4, '0')}.sql`, FIXTURES), 'utf8'))
    using made = new DatabaseSync(':memory:')
    migrateSqlite(made, TEST_NOW, {
      location,
      migrations: MIGRATIONS.filter((step) => step.version <= version),
    })
    expect(dumpSqlite(made)).toBe(dumpSqlite(released))
  })
})

describe('the schema', () => {
  test('the checked-in dumps show it (npm run schema:dump)', async () => {
    expect(readFileSync(new URL('schema.sqlite.sql', MIGRATIONS_FOLDER), 'utf8')).toBe(freshDump())
    await using board = await postgresClient()
    await migratePostgres(board.client, { location })
    expect(readFileSync(new URL('schema.postgres.sql', MIGRATIONS_FOLDER), 'utf8')).toBe(
      await dumpPostgres(board.client),
    )
  })

  test('schema.ts has the columns of both databases, required where they are and typed as they are', async () => {
    const declared = declaredColumns()
    using db = new DatabaseSync(':memory:')
    migrateSqlite(db, TEST_NOW, { location })
    // What search keeps is of each database's own kind.
    const sqlite = boardTables(db).flatMap(({ name: table }) =>
      db
        .prepare('select * from pragma_table_info(?)')
        .all(table)
        .map((column) =>
          columnText(
            table,
            String(column['name']),
            String(column['type']).toLowerCase() === 'integer',
            column['notnull'] === 1,
          ),
        ),
    )
    expect(sqlite.toSorted()).toEqual(declared)

    await using board = await postgresClient()
    await migratePostgres(board.client, { location })
    const { rows } = await board.client.query<{
      table_name: string
      column_name: string
      data_type: string
      is_nullable: string
    }>(
      "select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = current_schema() and not starts_with(table_name, 'search_')",
    )
    expect(
      rows
        .map((row) =>
          columnText(row.table_name, row.column_name, row.data_type === 'bigint', row.is_nullable === 'NO'),
        )
        .toSorted(),
    ).toEqual(declared)
  })
})

const columnText = (table: string, name: string, isNumber: boolean, isRequired: boolean) =>
  `${table}.${name}: ${isNumber ? 'number' : 'string'}${isRequired ? '' : ' | null'}`

/** The columns that `schema.ts` declares, read off its text. */
function declaredColumns(): string[] {
  const source = readFileSync(new URL('../../src/store/schema.ts', import.meta.url), 'utf8')
  const bodies = new Map(
    [...source.matchAll(/export interface (\w+) \{\n([^}]*)\}/g)].map(([, name, body]) => [name!, body!]),
  )
  const members = (body: string) =>
    [...body.matchAll(/^ {2}(\w+): (.+)$/gm)].map(([, name, type]) => [name!, type!] as const)
  return members(bodies.get('Tables')!)
    .flatMap(([table, type]) =>
      members(bodies.get(type)!).map(
        ([name, column]) => `${table}.${name}: ${column.replace(/Generated<(\w+)>/, '$1')}`,
      ),
    )
    .toSorted()
}
