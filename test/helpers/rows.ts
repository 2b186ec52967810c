/** Every row of a board, read behind the product's back: what a test compares to prove that nothing, or only this, has changed. */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import type { TestBoard } from './boards.ts'

export type Rows = Readonly<Record<string, readonly Record<string, unknown>[]>>

export const rowsOf = ({ store, location }: TestBoard): Promise<Rows> =>
  store.dialect === 'sqlite' ? Promise.resolve(sqliteRows(location)) : postgresRows(location)

function sqliteRows(file: string): Rows {
  using db = new DatabaseSync(file, { readOnly: true })
  const tables = db
    .prepare(
      `select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%' order by name`,
    )
    .all()
  return Object.fromEntries(
    tables.map(({ name }) => [
      String(name),
      db.prepare(`select * from "${String(name)}" order by 1, 2`).all(),
    ]),
  )
}

async function postgresRows(url: string): Promise<Rows> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      'select tablename as name from pg_tables where schemaname = current_schema() order by 1',
    )
    const rows: Record<string, Record<string, unknown>[]> = {}
    for (const { name } of tables.rows)
      rows[name] = (
        await client.query<Record<string, unknown>>(
          `select * from ${client.escapeIdentifier(name)} order by 1, 2`,
        )
      ).rows
    return rows
  } finally {
    await client.end()
  }
}
