/** Boards to measure on: always a new file, made by the product's own migrations. */
import { copyFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Actor } from '../../src/domain/actor.ts'
import { DEFAULT_BOARD_POLICY, type BoardPolicy } from '../../src/kernel/deps.ts'
import { openKernel, type Kernel } from '../../src/kernel/kernel.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { SqliteBoard } from '../../src/store/sqlite-board.ts'
import { createSqliteBoard } from '../../src/store/sqlite-create.ts'
import { inspectSqliteFile } from '../../src/store/sqlite-file.ts'

export const PERSON: Actor = { kind: 'person', name: 'bench', door: 'cli' }
export const HOST = 'bench-host'

/** High enough that no ceiling of a day is reached by measuring. */
export const BENCH_POLICY: BoardPolicy = { ...DEFAULT_BOARD_POLICY, maxAttemptsPerProfileAndDay: 1_000_000 }

export function newBoardFile(parent: string): string {
  const file = join(mkdtempSync(join(parent, 'board-')), 'kanban.db')
  createSqliteBoard(file, systemClock)
  return file
}

/** A copy of a board that nobody has open. */
export function copyOfBoard(template: string, parent: string): string {
  const file = join(mkdtempSync(join(parent, 'board-')), 'kanban.db')
  copyFileSync(template, file)
  return file
}

export interface OpenedBoard extends AsyncDisposable {
  readonly id: string
  readonly kernel: Kernel
}

/** The board as the product opens it. */
export function openBoard(file: string): OpenedBoard {
  const found = inspectSqliteFile(file)
  if (found.kind !== 'board') throw new Error(`${file} is ${found.kind}`)
  const store = new SqliteBoard({ file, boardId: found.boardId, clock: systemClock })
  const kernel = openKernel({
    store,
    policy: () => BENCH_POLICY,
    host: HOST,
    collectArtifacts: () => Promise.resolve([]),
    pokeRunner: () => {},
  })
  return { id: found.boardId, kernel, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

export type Extent = Readonly<Record<string, number>>

/**
 * How many rows each table holds and how many characters each column: two variants that did the same work agree in all of
 * it, because ids, times and secrets are of equal length.
 */
export function extentOf(file: string): Extent {
  using db = new DatabaseSync(file, { readOnly: true })
  const extent: Record<string, number> = {}
  const tables = db
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
    .all()
    .map((row) => String(row['name']))
  for (const table of tables.filter((name) => name !== 'board_meta' && name !== 'schema_migrations')) {
    const columns = db.prepare(`select name from pragma_table_info(?)`).all(table)
    const lengths = columns.map(
      ({ name }) => `total(length("${String(name)}")) as "${table}.${String(name)}"`,
    )
    Object.assign(extent, db.prepare(`select count(*) as "${table}", ${lengths.join()} from ${table}`).get())
  }
  return extent
}

/** Throws when two variants have not written the same. */
export function assertSameExtent(ours: Extent, bare: Extent, what: string): void {
  const different = Object.keys(ours).filter((name) => ours[name] !== bare[name])
  if (different.length > 0) {
    const list = different.map((name) => `${name}: ours ${ours[name]}, bare ${bare[name]}`)
    throw new Error(`${what}: the two variants have not written the same (${list.join('; ')})`)
  }
}
