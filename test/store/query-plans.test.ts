/**
 * What SQLite does for the statements that run on every change and every pass of the dispatcher: none may look through a
 * table that grows with the board. A plan is made before the values are known and without statistics, so one new index can
 * turn a statement that nobody touched into a walk through every waiting card.
 */
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { databases } from '../helpers/boards.ts'
import { parseBudgetId } from '../../src/domain/budget.ts'
import { alice, openTestKernel, type TestKernel } from '../helpers/kernel.ts'

const sqlite = databases.find(({ name }) => name === 'SQLite')

/** The texts of the statements that `work` executed for the first time on this board. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  try {
    await work()
    return [...new Set(prepare.mock.calls.map(([sql]) => sql))].filter((sql) =>
      /^(select|update|delete|insert|with)/.test(sql),
    )
  } finally {
    prepare.mockRestore()
  }
}

describe('statements on every change', () => {
  let board: TestKernel
  beforeEach(async () => {
    if (sqlite === undefined) throw new Error('there is no SQLite')
    board = await openTestKernel(sqlite)
  })
  afterEach(() => board[Symbol.asyncDispose]())

  /** Steps of plans that look at more than the rows they are after. */
  function walksIn(statements: readonly string[]): string[] {
    using db = new DatabaseSync(board.board.location, { readOnly: true })
    const partial = new Set(
      db
        .prepare(`select name from sqlite_schema where type = 'index' and sql like '% where %'`)
        .all()
        .map(({ name }) => String(name)),
    )
    return statements.flatMap((sql) =>
      db
        .prepare(`explain query plan ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
        .filter((step) => isWalk(step, sql, partial))
        .map((step) => `${step}: ${sql}`),
    )
  }

  /** An index with a condition holds what is open or live, not what was: walking through it is what it is for. */
  function isWalk(step: string, sql: string, partial: ReadonlySet<string>): boolean {
    const index = /USING (?:COVERING )?INDEX (\w+)/.exec(step)?.[1]
    if (index !== undefined && partial.has(index)) return false
    if (index === 'tasks_board') return !/"status" = '(ready|running)'/.test(sql)
    return /^SCAN (tasks|t|l|r|p|e|c|task_\w+|run_\w+|holds|attempt_ledger|late_reports|attachments|search_cards|search_remarks|workspaces|usage_totals|u|budget_\w+|g)\b/.test(
      step,
    )
  }

  test('creating, claiming, reporting and completing look at their own cards only', async () => {
    const { kernel } = board
    const statements = await statementsOf(async () => {
      const parent = await board.given({ idempotencyKey: 'once' })
      const child = await board.given({ parents: [parent.id] })
      await kernel.claimTask(parent.id, {}, alice)
      await kernel.heartbeatTask(parent.id, null, alice)
      await kernel.commentTask(parent.id, 'a word', null, alice)
      await kernel.completeTask(parent.id, { result: 'done' }, alice)
      await kernel.blockTask(child.id, 'why?', alice)
      await kernel.unblockTask(child.id, alice)
    })
    expect(statements.length).toBeGreaterThan(10)
    expect(walksIn(statements)).toEqual([])
  })

  test('a run from its opening to its ending looks at its own card only', async () => {
    const { kernel } = board
    const limits = { soft: 1, hard: 1_000_000, stopRunning: true, granters: [] }
    for (const id of ['board:cost:day', 'profile:coder:tokens:month', 'provider:acme:runs:total'])
      await kernel.setBudget(parseBudgetId(id), limits, alice)
    const statements = await statementsOf(async () => {
      const card = await board.given()
      const run = await board.run(card, { provider: 'acme' })
      await run.start()
      await run.uses({ input: 100, output: 10, cost: 0.5 })
      await kernel.renewLease({ runId: run.id, secret: run.secret })
      await run.end('crashed')
    })
    expect(statements.length).toBeGreaterThan(20)
    expect(walksIn(statements)).toEqual([])
  })

  test('a pass of the dispatcher does not look through the board', async () => {
    const { kernel } = board
    const limits = { soft: null, hard: 1, stopRunning: false, granters: [] }
    await kernel.setBudget(parseBudgetId('board:cost:day'), limits, alice)
    const statements = await statementsOf(async () => {
      await kernel.readForDispatch()
      await kernel.readReady({ limit: 64 })
      await kernel.readReady({ limit: 64, except: { profiles: ['coder'], tenants: ['acme'] } })
      await kernel.readReady({ limit: 64, despitePreflight: true })
      await kernel.readPreflightBlocked()
      await board.tick()
    })
    expect(walksIn(statements)).toEqual([])
  })
})
