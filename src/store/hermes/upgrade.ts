/**
 * Makes a board of ours out of a Hermes board, in place and in one transaction: the old tables step aside, the schema of
 * this build is made as for a new board, and every row that makes sense is copied into it. So the result is what a new
 * board with the same cards would be, whatever age the old one had.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { applySqlite, sqliteLedger } from '../migrate.ts'
import { MIGRATIONS } from '../migrations/index.ts'
import { SQLITE_WORDS } from '../migrations/migration.ts'
import { boardTables, countRows, quoted, tableNames, type BoardTable } from '../board-tables.ts'
import { orderCards, readCards, readLinks } from './cards.ts'
import { readComments, readEvents, readRuns, readSubscriptions } from './history.ts'
import { numberRows, type KanbanRow } from './rows.ts'
import { holdsOf, placeCards, settleRuns } from './settle.ts'
import { Repairs } from './values.ts'

export interface UpgradeReport {
  /** Rows of each table of the upgraded board. */
  readonly rows: ReadonlyMap<string, number>
  /** What was repaired or left out, one sentence each. */
  readonly notes: readonly string[]
  /** Columns that boards of ours do not have; their values are in the backup. */
  readonly leftColumns: readonly string[]
  /** Tables that are not of a board; they stay in the file as they are. */
  readonly keptTables: readonly string[]
}

/** The tables whose rows are copied; a table of another purpose that has one of our names is only renamed. */
const COPIED = [
  'tasks',
  'task_links',
  'task_runs',
  'task_comments',
  'task_events',
  'kanban_notify_subs',
] as const
const ASIDE = 'hermes_'

/**
 * Upgrades on a connection of its own. Returns null when another process has done it meanwhile. Throws with nothing changed.
 * @param now whole unix seconds
 */
export function upgradeHermesBoard(db: DatabaseSync, now: number): UpgradeReport | null {
  // With the second one, views and triggers of other tables go on meaning `tasks` when the old table of that name steps aside.
  db.exec('pragma foreign_keys = off; pragma legacy_alter_table = on')
  try {
    db.exec('begin immediate')
    if (sqliteLedger(db) !== null) {
      db.exec('rollback')
      return null
    }
    const report = upgrade(db, now)
    const orphan = db
      .prepare('pragma foreign_key_check')
      .all()
      .find((row) => !report.keptTables.includes(String(row['table'])))
    if (orphan !== undefined)
      throw new Error(
        `the upgrade leaves a row of ${String(orphan['table'])} without its parent in ${String(orphan['parent'])}`,
      )
    db.exec('commit')
    return report
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  } finally {
    db.exec('pragma legacy_alter_table = off; pragma foreign_keys = on')
  }
}

function upgrade(db: DatabaseSync, now: number): UpgradeReport {
  const repairs = new Repairs()
  const sequences = idsGiven(db)
  const strangers = new Set(tableNames(db))
  for (const name of COPIED) strangers.delete(name)

  const ours = namesOfOurTables()
  for (const name of tableNames(db)) {
    if (!ours.has(name)) continue
    stepAside(db, name)
    if (strangers.delete(name)) {
      strangers.add(ASIDE + name)
      repairs.note(`the table ${name} of another purpose is now called ${ASIDE}${name}`)
    }
  }
  for (const migration of MIGRATIONS) applySqlite(db, migration, now)

  const tables = new Map(boardTables(db).map((table) => [table.name, table]))
  const leftColumns = COPIED.flatMap((name) => columnsLeftOut(db, name, tables.get(name)))
  copyBoard(db, now, sequences, repairs, inserter(db))

  for (const name of COPIED) db.exec(`drop table if exists ${quoted(ASIDE + name)}`)
  db.prepare(`insert into board_meta (key, value) values ('upgraded_from', ?)`).run(
    JSON.stringify({ board: 'hermes', at: now, repairs: repairs.notes.length }),
  )
  return { rows: countRows(db), notes: repairs.notes, leftColumns, keptTables: [...strangers].toSorted() }
}

type Insert = <
  T extends
    | 'tasks'
    | 'task_links'
    | 'task_runs'
    | 'task_comments'
    | 'task_events'
    | 'kanban_notify_subs'
    | 'holds',
>(
  table: T,
  row: Partial<KanbanRow<T>>,
) => void

function copyBoard(
  db: DatabaseSync,
  now: number,
  sequences: ReadonlyMap<string, number>,
  repairs: Repairs,
  insert: Insert,
): void {
  const cards = readCards(db, `${ASIDE}tasks`, now, repairs)
  const runs = readRuns(db, `${ASIDE}task_runs`, cards, now, repairs)
  settleRuns(cards, runs, now, repairs)
  const runIds = new Map(runs.map(({ oldId, row }) => [oldId, row.id]))
  const events = readEvents(db, `${ASIDE}task_events`, cards, runIds, now, repairs)
  const links = readLinks(db, `${ASIDE}task_links`, cards, repairs)
  const said = placeCards(cards, links, now, repairs)

  for (const row of orderCards(cards)) insert('tasks', row)
  for (const link of links) insert('task_links', link)
  for (const { row } of runs) insert('task_runs', row)
  const comments = [...readComments(db, `${ASIDE}task_comments`, cards, now, repairs)]
  numberRows(comments)
  for (const { row } of comments) insert('task_comments', row)
  for (const { row } of events) insert('task_events', row)
  const isRenumbered = events.some(({ oldId, row }) => oldId !== String(row.id))
  const lastEventId = events.reduce((last, { row }) => Math.max(last, row.id), 0)
  for (const row of readSubscriptions(
    db,
    `${ASIDE}kanban_notify_subs`,
    cards,
    lastEventId,
    isRenumbered,
    now,
    repairs,
  ))
    insert('kanban_notify_subs', row)
  for (const hold of holdsOf(cards, events, now)) insert('holds', hold)

  // Numbers that were given once are not given again, also when their rows are gone.
  for (const [table, last] of sequences) {
    db.prepare('update sqlite_sequence set seq = max(seq, ?) where name = ?').run(last, table)
    db.prepare(
      'insert into sqlite_sequence (name, seq) select ?, ? where not exists (select 1 from sqlite_sequence where name = ?)',
    ).run(table, last, table)
  }
  for (const event of said) insert('task_events', event)
}

function idsGiven(db: DatabaseSync): ReadonlyMap<string, number> {
  if (db.prepare(`select 1 from sqlite_schema where name = 'sqlite_sequence'`).get() === undefined)
    return new Map()
  const rows = db
    .prepare(
      `select name, seq from sqlite_sequence where name in ('task_runs', 'task_comments', 'task_events')`,
    )
    .all()
  return new Map(rows.map(({ name, seq }) => [String(name), Number(seq)]))
}

/** Its indexes and triggers go with it: their names may be ours, and an append-only trigger would refuse the clearing. */
function stepAside(db: DatabaseSync, name: string): void {
  const attached = db
    .prepare(
      `select type, name from sqlite_schema where tbl_name = ? and type in ('index', 'trigger') and sql is not null`,
    )
    .all(name)
  for (const { type, name: attachedName } of attached)
    db.exec(`drop ${String(type)} ${quoted(String(attachedName))}`)
  db.exec(`alter table ${quoted(name)} rename to ${quoted(ASIDE + name)}`)
}

function namesOfOurTables(): ReadonlySet<string> {
  const created = MIGRATIONS.flatMap((migration) => migration.statements(SQLITE_WORDS))
  return new Set([
    'schema_migrations',
    ...created.flatMap((sql) => /^\s*create (?:virtual )?table (\w+)/i.exec(sql)?.[1] ?? []),
  ])
}

/** Names that mean the same there as other columns here. */
const KNOWN_AS_OTHER = ['tasks.consecutive_failures', 'tasks.last_failure_error']

function columnsLeftOut(db: DatabaseSync, name: string, table: BoardTable | undefined): readonly string[] {
  const columns = db
    .prepare('select name from pragma_table_info(?)')
    .all(ASIDE + name)
    .map((row) => String(row['name']))
  return columns
    .filter((column) => table?.columns.includes(column) === false)
    .map((column) => `${name}.${column}`)
    .filter((column) => !KNOWN_AS_OTHER.includes(column))
}

/** Gives a function that inserts rows, each statement prepared once. */
function inserter(db: DatabaseSync): Insert {
  const prepared = new Map<string, StatementSync>()
  return (table, row) => {
    const given = Object.entries(row as Record<string, string | number | null>)
    const names = given.map(([name]) => quoted(name)).join()
    const sql = `insert into ${quoted(table)} (${names}) values (${given.map(() => '?').join()})`
    const insert = prepared.get(sql) ?? db.prepare(sql)
    prepared.set(sql, insert)
    insert.run(...given.map(([, value]) => value))
  }
}
