/**
 * Copies boards between the databases, row by row, from one consistent state. The tables are the same on both sides, so
 * this moves a board from a file to a server and back.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { sql } from 'kysely'
import { conflict, unavailable } from '../domain/errors.ts'
import { boardTables, countRows, quoted, tableNames, type BoardTable } from './board-tables.ts'
import type { Connection, Store, WriteTransaction } from './connection.ts'
import { migrateSqlite } from './migrate.ts'
import type { Tables } from './schema.ts'
import { useWal } from './sqlite-create.ts'
import { adHoc } from './statement.ts'

const ROWS_AT_ONCE = 500

type Row = Record<string, SQLInputValue>

/** Writes the board of any store into a new SQLite file. Returns the number of rows of each table. */
export async function copyToSqlite(store: Store, file: string): Promise<Map<string, number>> {
  using db = new DatabaseSync(file, { timeout: 5_000 })
  useWal(db, file)
  // The same tables; their contents, ledger and identity included, come from the board.
  migrateSqlite(db, 0, { location: file })
  db.exec('pragma foreign_keys = off; begin')
  const tables = boardTables(db)
  for (const table of tables) db.exec(`delete from ${quoted(table.name)}`)
  const counts = await store.read(async (source) => {
    const read = new Map<string, number>()
    for (const table of tables) {
      const insert = db.prepare(
        `insert into ${quoted(table.name)} (${table.columns.map(quoted).join()}) values (${table.columns.map(() => '?').join()})`,
      )
      for await (const row of rowsOf(source, table))
        insert.run(...table.columns.map((name) => row[name] ?? null))
      read.set(table.name, await countOf(source, table.name))
    }
    for (const table of tables) {
      if (table.isNumbered) setNextId(db, table.name, await lastIdGiven(source, table.name))
    }
    return read
  })
  db.exec('commit')
  return counts
}

async function* rowsOf(source: Connection, { name, order }: BoardTable): AsyncGenerator<Row> {
  for (let offset = 0; ; offset += ROWS_AT_ONCE) {
    const rows = await source.all(
      adHoc<Row>(source.dialect, (kysely) => {
        let query = kysely.selectFrom(name as keyof Tables).selectAll()
        for (const column of order) query = query.orderBy(sql.ref(column))
        return query.limit(ROWS_AT_ONCE).offset(offset)
      }),
      {},
    )
    yield* rows
    if (rows.length < ROWS_AT_ONCE) return
  }
}

async function countOf(source: Connection, name: string): Promise<number> {
  const row = await source.get(
    adHoc(source.dialect, (kysely) =>
      kysely.selectFrom(name as keyof Tables).select(({ fn }) => fn.countAll<number>().as('n')),
    ),
    {},
  )
  return Number(row?.n ?? 0)
}

/** The highest id ever given in a table, also when its row is gone: ids are never given twice. */
async function lastIdGiven(source: Connection, name: string): Promise<number> {
  const row = await source.get(
    adHoc(source.dialect, (kysely) =>
      kysely.selectNoFrom(
        source.dialect === 'postgres'
          ? sql<number>`coalesce(pg_sequence_last_value(pg_get_serial_sequence(${name}, 'id')::regclass), 0)`.as(
              'last',
            )
          : sql<number>`coalesce((select seq from sqlite_sequence where name = ${name}), 0)`.as('last'),
      ),
    ),
    {},
  )
  return Number(row?.last ?? 0)
}

function setNextId(db: DatabaseSync, table: string, last: number): void {
  db.prepare('delete from sqlite_sequence where name = ?').run(table)
  db.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(table, last)
}

export interface CopyResult {
  readonly rows: number
  /** Tables of the file that no board of ours has; they stay in the file. */
  readonly leftOut: readonly string[]
}

/**
 * Copies a board file of this build's schema into a PostgreSQL board, in one transaction. Refuses a board that holds cards
 * or a history, unless `replace` is given. (A board file takes the place of another file as a whole.)
 */
export function copyFromSqlite(
  file: string,
  store: Store,
  { replace }: { readonly replace: boolean },
): Promise<CopyResult> {
  return store.write(async (tx) => {
    using db = new DatabaseSync(file, { readOnly: true })
    const ours = ownTables()
    const tables = boardTables(db).filter(({ name }) => ours.has(name))
    if (!replace && ((await countOf(tx, 'tasks')) > 0 || (await countOf(tx, 'task_events')) > 0)) {
      throw conflict(
        'board_not_empty',
        `Cannot restore into ${store.location}: there is a board with cards. Nothing was changed. Replace it with: yard restore ${file} --replace`,
      )
    }
    for (const { name } of tables.toReversed()) await deleteAll(tx, name)
    let rows = 0
    for (const table of tables) rows += await insertAll(tx, table, db)
    for (const { name, isNumbered } of tables) if (isNumbered) await continueIds(tx, name, db)
    return { rows, leftOut: tableNames(db).filter((name) => !ours.has(name)) }
  })
}

/** The tables of this build's schema. */
function ownTables(): ReadonlySet<string> {
  using db = new DatabaseSync(':memory:')
  migrateSqlite(db, 0, { location: 'memory' })
  return new Set(countRows(db).keys())
}

const deleteAll = (tx: WriteTransaction, name: string): Promise<number> =>
  tx.run(
    adHoc(tx.dialect, (kysely) => kysely.deleteFrom(name as keyof Tables)),
    {},
  )

async function insertAll(
  tx: WriteTransaction,
  { name, columns, order }: BoardTable,
  db: DatabaseSync,
): Promise<number> {
  let rows = 0
  let batch: Row[] = []
  const flush = async () => {
    if (batch.length === 0) return
    const values = batch
    rows += await tx.run(
      adHoc(tx.dialect, (kysely) => kysely.insertInto(name as keyof Tables).values(values as never)),
      {},
    )
    batch = []
  }
  for (const row of db
    .prepare(`select ${columns.map(quoted).join()} from ${quoted(name)} order by ${order.map(quoted).join()}`)
    .iterate()) {
    if (Object.values(row).some((value) => value instanceof Uint8Array)) {
      throw unavailable(
        'row_unreadable',
        `Cannot copy the board: a row of ${name} holds bytes where text belongs. Nothing was changed. See: yard doctor`,
      )
    }
    batch.push({ ...row })
    if (batch.length >= ROWS_AT_ONCE) await flush()
  }
  await flush()
  return rows
}

async function continueIds(tx: WriteTransaction, name: string, db: DatabaseSync): Promise<void> {
  const last = Number(db.prepare('select seq from sqlite_sequence where name = ?').get(name)?.['seq'] ?? 0)
  await tx.get(
    adHoc(tx.dialect, (kysely) =>
      kysely.selectNoFrom(
        sql<number>`setval(pg_get_serial_sequence(${name}, 'id')::regclass, ${Math.max(last, 1)}, ${last > 0})`.as(
          'last',
        ),
      ),
    ),
    {},
  )
}
