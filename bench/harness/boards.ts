/** Boards to measure on: always a new file, made by the product's own migrations. */
import { copyFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Actor } from '../../src/domain/actor.ts'
import { DEFAULT_BOARD_POLICY, type BoardPolicy } from '../../src/kernel/deps.ts'
import { openKernel, type Kernel } from '../../src/kernel/kernel.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { tableNames } from '../../src/store/board-tables.ts'
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

/** Of each table: how many rows, and how many characters in them. */
export type Extent = Readonly<Record<string, { readonly rows: number; readonly characters: number }>>

export function extentOf(file: string): Extent {
  using db = new DatabaseSync(file, { readOnly: true })
  const tables = tableNames(db).filter((name) => name !== 'board_meta' && name !== 'schema_migrations')
  return Object.fromEntries(
    tables.map((table) => {
      const columns = db.prepare('select name from pragma_table_info(?)').all(table)
      const lengths = columns.map(({ name }) => `total(length("${String(name)}"))`)
      const extent = db
        .prepare(`select count(*) as rows, ${lengths.join(' + ')} as characters from ${table}`)
        .get()
      return [table, { rows: Number(extent?.['rows']), characters: Number(extent?.['characters']) }]
    }),
  )
}

/** Texts may differ by a word or two. */
const MAX_DIFFERENCE = 0.1

/** Throws when two variants have not written the same: ids, times and secrets are of equal length, so both extents agree. */
export function assertSameExtent(ours: Extent, bare: Extent, what: string): void {
  for (const [table, { rows, characters }] of Object.entries(ours)) {
    const other = bare[table] ?? { rows: 0, characters: 0 }
    const difference = Math.abs(characters - other.characters) / Math.max(characters, 1)
    if (rows !== other.rows || difference > MAX_DIFFERENCE) {
      throw new Error(
        `${what}: ${table} has ${rows} rows with ${characters} characters from the kernel, and ${other.rows} with ${other.characters} from the bare variant, which must write the same. Bring bench/harness/bare-board.ts up to date.`,
      )
    }
  }
}
