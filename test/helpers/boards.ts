/** A new board on each of the two databases: suites run on both with `describe.each(databases)`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { Store } from '../../src/store/connection.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { SqliteBoard } from '../../src/store/sqlite-board.ts'
import { createSqliteBoard } from '../../src/store/sqlite-create.ts'
import { inspectSqliteFile } from '../../src/store/sqlite-file.ts'
import { createTestSchema } from './postgres.ts'

/** Wall-clock time moves only by hand; durations and pauses are real. */
export interface TestClock extends Clock {
  /** Moves the wall clock forward, in seconds. */
  advance(seconds: number): void
  /** Sets the wall clock, in unix seconds. */
  set(now: number): void
}

export interface TestBoard extends AsyncDisposable {
  readonly store: Store
  readonly clock: TestClock
  /** The file, or the address with its schema: what another process needs to open the same board. */
  readonly location: string
  /** Another store on the same board, as another process would have one; closed with the board. */
  reopen(): Promise<Store>
}

export interface TestDatabase {
  readonly name: 'SQLite' | 'PostgreSQL'
  readonly open: () => Promise<TestBoard>
}

/** Saturday, 2026-11-21 08:00:00 UTC. */
export const TEST_NOW = 1_795_248_000

export function testClock(start: number = TEST_NOW): TestClock {
  let now = start
  return {
    now: () => now,
    monotonicMs: () => systemClock.monotonicMs(),
    sleep: (ms, options) => systemClock.sleep(ms, options),
    advance: (seconds) => {
      now += seconds
    },
    set: (moment) => {
      now = moment
    },
  }
}

/** A folder that is gone with the test. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'yardmaster-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The store of a board file that is there. */
export function openSqliteFile(file: string, clock: Clock): SqliteBoard {
  const found = inspectSqliteFile(file)
  if (found.kind !== 'board') throw new Error(`${file} is ${found.kind}`)
  return new SqliteBoard({ file, clock, boardId: found.boardId })
}

export const databases: readonly TestDatabase[] = [
  {
    name: 'SQLite',
    open: () => {
      const folder = temporaryFolder()
      const clock = testClock()
      const file = join(folder.path, 'kanban.db')
      createSqliteBoard(file, clock)
      return testBoard(
        file,
        clock,
        () => Promise.resolve(openSqliteFile(file, clock)),
        () => folder[Symbol.dispose](),
      )
    },
  },
  {
    name: 'PostgreSQL',
    open: async () => {
      const schema = await createTestSchema()
      const clock = testClock()
      const open = () => openPostgres({ url: schema.url, clock, create: true, poolSize: 4 })
      return testBoard(schema.url, clock, open, () => schema.drop())
    },
  },
]

async function testBoard(
  location: string,
  clock: TestClock,
  open: () => Promise<Store>,
  drop: () => void | Promise<void>,
): Promise<TestBoard> {
  const stores = [await open()]
  const [store] = stores
  if (store === undefined) throw new Error('unreachable')
  return {
    store,
    clock,
    location,
    reopen: async () => {
      const another = await open()
      stores.push(another)
      return another
    },
    [Symbol.asyncDispose]: async () => {
      for (const opened of stores) await opened[Symbol.asyncDispose]()
      await drop()
    },
  }
}
