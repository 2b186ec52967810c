/** The search index follows the rows, whatever writes them, and comes along wherever a board goes. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import pg from 'pg'
import { describe, expect } from 'vitest'
import { backupBoard } from '../../src/store/backup.ts'
import { copyFromSqlite, copyToSqlite } from '../../src/store/copy-board.ts'
import { migrateSqlite } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/migrations/index.ts'
import { restoreBackup } from '../../src/store/restore.ts'
import { behaviour } from '../behaviours.ts'
import {
  databases,
  openSqliteFile,
  temporaryFolder,
  TEST_NOW,
  testClock,
  type TestBoard,
} from '../helpers/boards.ts'
import { alice, openTestKernel, type TestKernel } from '../helpers/kernel.ts'
import { faultsIn, indexFaults, sqliteIndexFaults } from '../helpers/search-index.ts'

/** Statements as anybody with the database in hand could write them. */
async function writing(
  { store, location }: TestBoard,
  work: (run: (sql: string, ...values: (string | number | null)[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (store.dialect === 'sqlite') {
    using db = new DatabaseSync(location, { timeout: 5_000 })
    await work(async (sql, ...values) => void db.prepare(sql).run(...values))
    return
  }
  const client = new pg.Client({ connectionString: location })
  await client.connect()
  try {
    await work(async (sql, ...values) => {
      let n = 0
      await client.query(
        sql.replaceAll('?', () => `$${++n}`),
        values,
      )
    })
  } finally {
    await client.end()
  }
}

const text = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('', ' ', '!?', 'Café', '日本語 テキスト', '🙂') },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom('oak', 'Elm', 'ash-tree', 'fir'), { minLength: 1, maxLength: 6 })
      .map((words) => words.join(' ')),
  },
)
const maybe = fc.option(text, { nil: null })

type Step =
  | {
      readonly kind: 'card'
      readonly title: string
      readonly body: string | null
      readonly result: string | null
    }
  | { readonly kind: 'edit'; readonly at: number; readonly field: string; readonly to: string | null }
  | { readonly kind: 'comment' | 'run'; readonly at: number; readonly text: string | null }
  | { readonly kind: 'recomment' | 'resummarize'; readonly at: number; readonly text: string | null }
  | { readonly kind: 'uncomment' | 'unrun' | 'remove'; readonly at: number }

const at = fc.nat({ max: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('card' as const), title: text, body: maybe, result: maybe }),
  fc.record({
    kind: fc.constant('edit' as const),
    at,
    field: fc.constantFrom('title', 'body', 'result'),
    to: maybe,
  }),
  fc.record({ kind: fc.constantFrom('comment' as const, 'run' as const), at, text: maybe }),
  fc.record({ kind: fc.constantFrom('recomment' as const, 'resummarize' as const), at, text: maybe }),
  fc.record({ kind: fc.constantFrom('uncomment' as const, 'unrun' as const, 'remove' as const), at }),
)

describe.each(databases)('the search index, on $name', (database) => {
  behaviour(
    'search.current',
    'follows every row that is added, changed or removed, by whomever',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
          await using board = await database.open()
          await writing(board, async (run) => {
            let cards = 0
            for (const made of steps) {
              const id = 'at' in made ? `t_${made.at % Math.max(1, cards)}` : `t_${cards}`
              const first = (table: string) => `(select min(id) from ${table} where task_id = ?)`
              switch (made.kind) {
                case 'card':
                  await run(
                  `insert into tasks (id, title, body, result, status, created_at) values (?, ?, ?, ?, 'done', 1)`,
                  `t_${cards++}`, made.title, made.body, made.result,
                ) // prettier-ignore
                  break
                case 'edit':
                  await run(
                    `update tasks set ${made.field} = ? where id = ?`,
                    made.field === 'title' ? (made.to ?? '') : made.to,
                    id,
                  )
                  break
                case 'comment':
                  await run(
                    `insert into task_comments (task_id, author, body, created_at) select id, 'x', ?, 1 from tasks where id = ?`,
                    made.text ?? '',
                    id,
                  )
                  break
                case 'run':
                  await run(
                    `insert into task_runs (task_id, status, started_at, ended_at, outcome, summary)
                    select id, 'completed', 1, 1, 'completed', ? from tasks where id = ?`,
                    made.text,
                    id,
                  )
                  break
                case 'recomment':
                  await run(
                    `update task_comments set body = ? where id = ${first('task_comments')}`,
                    made.text ?? '',
                    id,
                  )
                  break
                case 'resummarize':
                  await run(
                    `update task_runs set summary = ? where id = ${first('task_runs')}`,
                    made.text,
                    id,
                  )
                  break
                case 'uncomment':
                  await run(`delete from task_comments where id = ${first('task_comments')}`, id)
                  break
                case 'unrun':
                  await run(`delete from task_runs where id = ${first('task_runs')}`, id)
                  break
                case 'remove':
                  await run('delete from task_comments where task_id = ?', id)
                  await run('delete from task_runs where task_id = ?', id)
                  await run('delete from tasks where id = ?', id)
              }
            }
          })
          expect(await indexFaults(board)).toEqual([])
        }),
        { numRuns: database.name === 'SQLite' ? 40 : 15 },
      )
    },
    120_000,
  )

  behaviour(
    'search.current',
    'takes texts of any length, and looks at the beginning of long ones',
    async () => {
      await using board = await openTestKernel(database)
      const words = Array.from({ length: 90_000 }, (_, index) => `w${index.toString(36)}`).join(' ')
      const wide = Array.from({ length: 160_000 }, (_, index) =>
        String.fromCodePoint(0x2_0000 + (index % 40_000)),
      ).join(' ')
      const marked = 'e\u0301\u0302\u0303'.repeat(200_000)
      for (const body of [words, wide, marked, 'x'.repeat(1_000_000), `${'y'.repeat(3_000)} word`]) {
        const card = await board.given({ body })
        await board.kernel.commentTask(card.id, body.slice(0, 200_000), null, alice)
      }
      const found = async (query: string) =>
        (await board.kernel.searchTasks(query, { limit: 9, cursor: null, archived: true })).results.length
      expect(await found('w1')).toBe(1)
      expect(await found('"w1 w2"')).toBe(1)
      expect(await found('"w1xfz"')).toBe(0)
      expect(await indexFaults(board.board)).toEqual([])
    },
    60_000,
  )
})

describe('a board that moves', () => {
  const filled = async (board: TestKernel) => {
    for (const title of ['first', 'second', 'third', 'fourth']) {
      const { id } = await board.given({ title: `${title} card`, body: 'with a body' })
      await board.kernel.commentTask(id, `a remark on the ${title}`, null, alice)
      if (title === 'second')
        await board.kernel.completeTask(id, { result: 'done well', summary: 'in short' }, alice)
    }
  }
  const order = async (board: Pick<TestKernel, 'kernel'>) =>
    (await board.kernel.searchTasks('card', { limit: 9, cursor: null, archived: true })).results.map(
      ({ card }) => card.title,
    )
  const NEWEST_FIRST = ['fourth card', 'third card', 'second card', 'first card']

  behaviour('search.current', 'is searched in its new place, and lists in the same order there', async () => {
    await using folder = temporaryFolderAsync()
    const [sqlite, postgres] = databases
    await using from = await openTestKernel(postgres!)
    await filled(from)
    const file = join(folder.path, 'copy.db')
    await copyToSqlite(from.store, file)
    expect(sqliteIndexFaults(file)).toEqual([])
    await using back = await openTestKernel(postgres!)
    await copyFromSqlite(file, back.store, { replace: false })
    expect(await indexFaults(back.board)).toEqual([])
    expect(await order(back)).toEqual(NEWEST_FIRST)
    // Over a board with cards of its own.
    await copyFromSqlite(file, back.store, { replace: true })
    expect(await indexFaults(back.board)).toEqual([])
    await using own = await openTestKernel(sqlite!)
    await filled(own)
    const backups = join(folder.path, 'backups')
    const { file: backup } = await backupBoard(own.store, { folder: backups, now: TEST_NOW, keep: 3 })
    const target = join(folder.path, 'restored.db')
    for (const source of [backup, file]) {
      const boardId = source === backup ? own.store.boardId : from.store.boardId
      const clock = testClock(TEST_NOW + (source === backup ? 0 : 1))
      await restoreBackup({ file: source, target, boardId, inUseBy: () => null, backups, clock })
      expect(sqliteIndexFaults(target)).toEqual([])
      await using restored = openSqliteFile(target, clock)
      const { openKernel } = await import('../../src/kernel/kernel.ts')
      expect(await order({ kernel: openKernel({ ...own.kernel.deps, store: restored }) })).toEqual(
        NEWEST_FIRST,
      )
    }
  })

  behaviour('search.current', 'of an older schema is searched as soon as it is opened', () => {
    for (const { version } of MIGRATIONS) {
      using db = new DatabaseSync(':memory:')
      const fixture = new URL(`../fixtures/schemas/${String(version).padStart(4, '0')}.sql`, import.meta.url)
      db.exec(readFileSync(fixture, 'utf8'))
      migrateSqlite(db, TEST_NOW, { location: 'memory' })
      expect([version, faultsIn(db)]).toEqual([version, []])
      const found = db.prepare(
        `select count(*) as n from search_card_words where search_card_words match 'vendors'`,
      )
      expect(Number(found.get()?.['n'])).toBeGreaterThan(0)
    }
  })
})

/** A folder that is gone with the test. */
function temporaryFolderAsync() {
  const folder = temporaryFolder()
  mkdirSync(join(folder.path, 'backups'))
  return { path: folder.path, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() }
}
