/**
 * What PostgreSQL can do for the statements that run on every change and every pass: each finds its rows by an index, also
 * with the plan that is made before the values are known. (What SQLite does is in test/store/query-plans.test.ts.)
 */
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Connection, Store } from '../../src/store/connection.ts'
import { databases } from '../helpers/boards.ts'
import { parseBudgetId } from '../../src/domain/budget.ts'
import { alice, openTestKernel, type TestKernel } from '../helpers/kernel.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'

const postgres = databases.find(({ name }) => name === 'PostgreSQL')

/** A store that writes down what it is asked. */
function listening(store: Store, heard: Set<string>): Store {
  const overhear = <C extends Connection>(db: C): C =>
    new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'all' && name !== 'get' && name !== 'run') return value.bind(target) as unknown
        return (...call: Parameters<Connection['run']>) => {
          heard.add(call[0].compiled('postgres').sql)
          return Reflect.apply(value, target, call) as unknown
        }
      },
    })
  const ways: Partial<Store> = {
    read: (work) => store.read((db) => work(overhear(db))),
    write: (work) => store.write((tx) => work(overhear(tx))),
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'read' || name === 'write') return ways[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Parent Relationship'?: string
  readonly Filter?: string
  readonly Plans?: readonly PlanNode[]
}

/** Every step, but for the look at the end of an index that a `max` amounts to: it reads one entry. */
const nodes = (node: PlanNode): PlanNode[] =>
  isMax(node) ? [] : [node, ...(node.Plans ?? []).flatMap(nodes)]

const isMax = (node: PlanNode): boolean =>
  node['Node Type'] === 'Limit' &&
  node['Parent Relationship'] === 'InitPlan' &&
  node.Plans?.length === 1 &&
  node.Plans[0]?.['Index Name'] !== undefined &&
  node.Plans[0].Filter === undefined

/** Steps that walk through a table, or through an index that holds all of it. */
async function walks(board: TestKernel, statements: Iterable<string>): Promise<string[]> {
  const client = new pg.Client({ connectionString: board.board.location })
  await client.connect()
  try {
    await client.query('set enable_seqscan = off; set enable_bitmapscan = off')
    const { rows: partial } = await client.query<{ name: string }>(
      `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
       where i.indpred is not null and c.relnamespace = current_schema()::regnamespace`,
    )
    const isPartial = new Set(partial.map(({ name }) => name))
    const found: string[] = []
    for (const sql of statements) {
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `explain (generic_plan, format json) ${sql}`,
      )
      for (const node of nodes(rows[0]!['QUERY PLAN'][0].Plan)) {
        const isWalk =
          node['Node Type'] === 'Seq Scan' ||
          (node['Index Name'] !== undefined &&
            node['Index Cond'] === undefined &&
            !isPartial.has(node['Index Name']))
        if (isWalk)
          found.push(`${node['Node Type']} ${node['Index Name'] ?? ''} on ${node['Relation Name']}: ${sql}`)
      }
    }
    return found
  } finally {
    await client.end()
  }
}

describe('statements on PostgreSQL', () => {
  const cases: Record<string, (board: TestKernel, kernel: Kernel) => Promise<unknown>> = {
    'a card from its creation to its end': async (board, kernel) => {
      const parent = (
        await kernel.createTask({ title: 'a', idempotencyKey: 'once', assignee: 'coder' }, alice)
      ).task
      const child = (await kernel.createTask({ title: 'b', parents: [parent.id] }, alice)).task
      await kernel.linkTasks((await board.given()).id, child.id, alice)
      await kernel.claimTask(parent.id, {}, alice)
      await kernel.heartbeatTask(parent.id, null, alice)
      await kernel.commentTask(parent.id, 'a word', null, alice)
      await kernel.completeTask(parent.id, { result: 'done' }, alice)
      await kernel.moveTask(parent.id, 'ready', {}, alice)
      await kernel.blockTask(parent.id, 'why?', alice)
      await kernel.unblockTask(parent.id, alice)
      await kernel.archiveTask(parent.id, alice)
      await kernel.restoreTask(parent.id, alice)
    },
    'a rough card from the idea to its release': async (board, kernel) => {
      const rough = await board.given({ status: 'triage' })
      const { helper } = await kernel.askHelp(rough.id, { kind: 'decompose', profile: 'lead' }, alice)
      const run = await board.run(helper)
      for (const title of ['one', 'two']) await kernel.createTask({ title, assignee: 'coder' }, run.worker)
      await kernel.proposeText({ title: 'clear' }, run.worker)
      await kernel.completeTask(helper.id, {}, run.worker)
      await kernel.acceptText(rough.id, {}, alice)
      await kernel.why(rough.id, { caps: null, dispatcher: 'unknown' })
      await kernel.listProposals(rough.id)
      await kernel.releaseProposals([rough.id], alice)
    },
    'a run from its opening to its end': async (board, kernel) => {
      const { id } = await board.given()
      const limits = { soft: 1, hard: 1_000_000, stopRunning: true, granters: [] }
      for (const each of ['board:cost:day', 'profile:coder:tokens:month', 'provider:acme:runs:total'])
        await kernel.setBudget(parseBudgetId(each), limits, alice)
      const opened = await kernel.openRun(
        {
          taskId: id,
          profile: 'coder',
          bootId: 'boot-1',
          claimLock: 'testhost:1',
          maxRuntimeSeconds: null,
          logFolder: '/logs',
          workspace: { path: '/work', kind: 'scratch', repository: null, branch: null },
          policy: board.policy,
          caps: { board: 9, profile: 9 },
          agent: { agent: 'claude', provider: 'acme', cwd: '/work', fingerprint: 'x', resumedFrom: null },
        },
        { kind: 'system', name: 'dispatcher', door: 'gateway' },
      )
      if ('refused' in opened) throw new Error(opened.refused.text)
      const capability = { runId: opened.runId, secret: opened.secret }
      const process = { bootId: 'boot-1', pid: 7, startTime: '1' }
      await kernel.startRun(capability, process)
      await kernel.recordSpawn(capability, process)
      await kernel.renewLease(capability)
      await kernel.recordAgent(capability, {
        session: 's',
        model: 'large',
        hasAnswered: true,
        lastTool: null,
        lastMessage: null,
        usage: { input: 100, cached: 0, output: 10, cost: 0.5 },
        problem: null,
      })
      await kernel.askLease(capability)
      const evidence = {
        exitCode: 1,
        signal: null,
        limit: null,
        lastLines: null,
        elapsedSeconds: 1,
        killed: false,
      }
      const by = { actor: 'runner', door: 'runner', runId: null }
      await kernel.closeRun(opened.runId, { outcome: 'crashed', error: 'x', evidence }, by)
    },
    'a pass of the dispatcher': async (board, kernel) => {
      await board.given({ notBefore: board.clock.now() + 5 })
      const limits = { soft: null, hard: 1, stopRunning: false, granters: [] }
      await kernel.setBudget(parseBudgetId('board:cost:day'), limits, alice)
      await kernel.readForDispatch()
      await kernel.readReady({ limit: 64, despitePreflight: false })
      await kernel.readReady({ limit: 64, despitePreflight: true })
      await kernel.readPreflightBlocked()
      board.clock.advance(10)
      await kernel.reclaimExpired(board.clock.now(), 'gateway')
      await kernel.liftDueHolds(board.clock.now(), 'gateway')
    },
  }
  for (const [what, work] of Object.entries(cases))
    test(`${what} is found by indexes`, async () => {
      if (postgres === undefined) throw new Error('there is no PostgreSQL')
      await using board = await openTestKernel(postgres)
      const heard = new Set<string>()
      await work(board, await board.another({ store: listening(board.store, heard) }))
      expect(heard.size).toBeGreaterThan(5)
      expect(await walks(board, heard)).toEqual([])
    })
})
