/** What tables a board file has, read off the file itself: nobody keeps a list by hand. */
import type { DatabaseSync } from 'node:sqlite'

export interface BoardTable {
  readonly name: string
  readonly columns: readonly string[]
  /** Columns in whose order rows are copied: the key, but cards as they were made, because search numbers them as they come. */
  readonly order: readonly string[]
  /** Whether its ids are numbered by the database. */
  readonly isNumbered: boolean
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Tables that hold rows themselves; a full-text index and what SQLite keeps for it are neither copied nor counted. */
export const tableNames = (db: DatabaseSync): readonly string[] =>
  db
    .prepare(
      `select name from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    )
    .all()
    .map((row) => String(row['name']))

/** What triggers make of the other tables, so that a copy makes it anew. */
const isDerived = (name: string): boolean => name.startsWith('search_')

/** Every table that says something of its own, those that others refer to first. */
export function boardTables(db: DatabaseSync): readonly BoardTable[] {
  const names = tableNames(db).filter((name) => !isDerived(name))
  const ordered: string[] = []
  const visit = (name: string) => {
    if (ordered.includes(name) || !names.includes(name)) return
    for (const { table } of db.prepare('select "table" from pragma_foreign_key_list(?)').all(name)) {
      if (table !== name) visit(String(table))
    }
    ordered.push(name)
  }
  names.forEach(visit)
  return ordered.map((name) => describe(db, name))
}

function describe(db: DatabaseSync, name: string): BoardTable {
  const columns = db.prepare('select name, pk from pragma_table_info(?) order by cid').all(name)
  const sql = String(
    db.prepare(`select sql from sqlite_schema where type = 'table' and name = ?`).get(name)?.['sql'],
  )
  const names = columns.map((column) => String(column['name']))
  const key = columns
    .filter(({ pk }) => Number(pk) > 0)
    .toSorted((a, b) => Number(a['pk']) - Number(b['pk']))
    .map((column) => String(column['name']))
  return {
    name,
    columns: names,
    order: [...names.filter((column) => column === 'created_order'), ...key],
    isNumbered: /autoincrement/i.test(sql),
  }
}

/** The number of rows of every table. */
export const countRows = (db: DatabaseSync): Map<string, number> =>
  new Map(
    tableNames(db).map((name) => [
      name,
      Number(db.prepare(`select count(*) as n from ${quoted(name)}`).get()?.['n']),
    ]),
  )
