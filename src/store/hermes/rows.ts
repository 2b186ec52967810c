/** Rows on their way from a Hermes board into ours: complete, and still changeable. */
import type { DatabaseSync } from 'node:sqlite'
import type { Generated } from 'kysely'
import { quoted } from '../board-tables.ts'
import type { Tables } from '../schema.ts'
import { whole, type RawRow } from './values.ts'

type Value<T> = T extends Generated<infer Stored> ? Stored : T

export type KanbanRow<T extends keyof Tables> = { -readonly [K in keyof Tables[T]]: Value<Tables[T][K]> }

/** Reads a table in the order its rows were written; an empty one when the board has no such table. */
export function* rowsOf(db: DatabaseSync, table: string): Generator<RawRow> {
  if (db.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(table) === undefined)
    return
  const statement = db.prepare(`select * from ${quoted(table)} order by rowid`)
  // A number beyond 2^53 would be an error instead of a value to repair.
  statement.setReadBigInts(true)
  yield* statement.iterate() as Iterable<RawRow>
}

/** An id as it was on the old board: a number, or text that has to be given a number. */
export type OldId = string

/** Keeps ids that are numbers; gives the others numbers after the highest of them, in the order of the rows. */
export function numberRows(rows: readonly { readonly oldId: OldId; readonly row: { id: number } }[]): void {
  const taken = new Set<number>()
  let last = 0
  for (const { oldId, row } of rows) {
    const id = whole(oldId)
    if (id === null || id <= 0 || taken.has(id)) continue
    taken.add(id)
    last = Math.max(last, id)
    row.id = id
  }
  for (const { row } of rows) if (row.id === 0) row.id = ++last
}

export const isOneOf = <T extends string>(list: readonly T[], value: string | null): value is T =>
  list.includes(value as T)
