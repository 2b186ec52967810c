/** Money: every run is counted, what was counted only grows, and nothing but a person's grant lets a run open beyond a budget. */
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { firstReached, parseBudgetId, type BudgetLimits } from '../../src/domain/budget.ts'
import { NO_CEILINGS } from '../../src/domain/default-budgets.ts'
import type { Actor } from '../../src/domain/actor.ts'
import { workerContextView } from '../../src/contract/views.ts'
import { contextText } from '../../src/kernel/worker-context.ts'
import { statement } from '../../src/store/statement.ts'
import { behaviour } from '../behaviours.ts'
import { databases, TEST_NOW, type TestDatabase } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'

const dollar = 1_000_000
const day = 86_400

const set = (
  { kernel }: TestKernel,
  id: string,
  limits: Partial<BudgetLimits>,
  actor: Actor = alice,
): ReturnType<typeof kernel.setBudget> =>
  kernel.setBudget(
    parseBudgetId(id),
    { soft: null, hard: null, stopRunning: false, granters: [], ...limits },
    actor,
  )

const grant = ({ kernel }: TestKernel, id: string, amount: number, actor: Actor = alice) =>
  kernel.grantBudget(parseBudgetId(id), { amount, reason: 'it is worth it' }, actor)

const spent = async ({ kernel }: TestKernel, id: string) =>
  (await kernel.showBudget(parseBudgetId(id))).state.spent

const refusal = async (board: TestKernel, card: { id: string }, provider?: string) => {
  const answer = await board.tryRun(card, provider === undefined ? {} : { provider })
  return 'refused' in answer ? answer.refused : null
}

const crash = async (run: OpenedRun, seconds: number | null = 1) =>
  run.end('crashed', { evidence: { exitCode: 1, elapsedSeconds: seconds } })

const boardKinds = async ({ kernel }: TestKernel, kind: string) =>
  (await kernel.readEvents({ limit: 10_000 })).filter((event) => event.kind === kind)

describe.each(databases)('budgets on $name', (database) => {
  behaviour(
    ['W06', 'F02', 'F03'],
    'a hard budget holds every new run, whatever ended the ones before it, until a person grants more',
    async () => {
      await using board = await openTestKernel(database)
      board.setPolicy({ maxAttempts: 1_000, retryBackoffSeconds: 0 })
      await set(board, 'profile:coder:cost:day', { hard: 2 * dollar })
      const card = await board.given()
      for (const outcome of ['crashed', 'no_verdict'] as const) {
        const run = await board.run(card, { provider: 'acme' })
        await run.start()
        await run.uses({ input: 10, output: 5, cost: 1 })
        await run.end(outcome)
        await board.kernel.commentTask(card.id, 'try again', null, alice)
        await board.kernel.retryTask(card.id, 0, alice).catch(() => undefined)
      }
      const held = await refusal(board, card, 'acme')
      expect(held).toMatchObject({
        kind: 'budget',
        text: 'profile coder has used $2.00 today, and $2.00 a day is its cost budget',
        until: TEST_NOW - (TEST_NOW % day) + day,
        lift: 'yard budget grant profile:coder:cost:day 2',
      })
      // Neither a block and an answer, nor an archive and back, nor another assignee and back, nor another card.
      await board.kernel.blockTask(card.id, 'why?', alice)
      await board.kernel.unblockTask(card.id, alice)
      expect(await refusal(board, card, 'acme')).toMatchObject({ kind: 'budget' })
      await board.kernel.archiveTask(card.id, alice)
      await board.kernel.restoreTask(card.id, alice)
      await board.kernel.assignTask(card.id, 'writer', alice)
      await board.kernel.assignTask(card.id, 'coder', alice)
      expect(await refusal(board, card, 'acme')).toMatchObject({ kind: 'budget' })
      const another = await board.given()
      expect(await refusal(board, another)).toMatchObject({ kind: 'budget' })
      const { reasons } = await board.kernel.why(another.id, { caps: null, dispatcher: 'running' })
      expect(reasons).toMatchObject([{ kind: 'budget', since: TEST_NOW }])

      await grant(board, 'profile:coder:cost:day', dollar, bob)
      const run = await board.run(another, { provider: 'acme' })
      await run.uses({ input: 1, output: 1, cost: 1 })
      expect(await refusal(board, card)).toMatchObject({ kind: 'budget' })
      expect(await board.kernel.showBudget(parseBudgetId('profile:coder:cost:day'))).toMatchObject({
        state: { spent: 3 * dollar, granted: dollar, hard: 2 * dollar },
        grants: [{ amount: dollar, actor: 'bob', reason: 'it is worth it' }],
      })
    },
  )

  behaviour('W06', 'a claim by hand is not held: whoever claims has decided', async () => {
    await using board = await openTestKernel(database)
    await set(board, 'board:runs:total', { hard: 0 })
    const card = await board.given()
    expect(await refusal(board, card)).toMatchObject({ kind: 'budget' })
    expect(await board.kernel.claimTask(card.id, {}, alice)).toMatchObject({ claimed: { id: card.id } })
  })

  behaviour('W06', 'each scope and each measure holds what it is about, and nothing else', async () => {
    await using board = await openTestKernel(database)
    const mine = await board.given({ tenant: 'acme-inc' })
    const other = await board.given({ tenant: 'other', assignee: 'writer' })
    const run = await board.run(mine, { provider: 'acme' })
    await run.start()
    await run.uses({ input: 900, cached: 800, output: 100, cost: 0.5 })
    await crash(run, 90)
    board.clock.advance(600)
    const spends = [
      [`task:${mine.id}:cost:total`, dollar / 2],
      ['tenant:acme-inc:tokens:week', 1_000],
      ['profile:coder:runs:month', 1],
      ['provider:acme:runtime:day', 90],
    ] as const
    for (const [id, used] of spends) {
      expect({ [id]: (await set(board, id, { hard: used + 1 })).spent }).toEqual({ [id]: used })
      expect(firstReached(await board.kernel.budgetsOver(mine.id))).toBeUndefined()
      await set(board, id, { hard: used })
      expect({ [id]: await refusal(board, mine, 'acme') }).toMatchObject({ [id]: { kind: 'budget' } })
      expect(await board.kernel.budgetsOver(other.id)).toEqual([])
      await board.kernel.removeBudget(parseBudgetId(id), bob)
    }
    expect(await refusal(board, mine, 'acme')).toBeNull()
  })

  behaviour(
    'W06',
    'a period ends at midnight UTC, and the next one begins with nothing spent or granted',
    async () => {
      await using board = await openTestKernel(database)
      await set(board, 'board:runs:day', { hard: 1 })
      await set(board, 'board:runs:week', { hard: 3 })
      const [one, two, three] = [await board.given(), await board.given(), await board.given()]
      await crash(await board.run(one))
      const until = TEST_NOW - (TEST_NOW % day) + day
      expect(await refusal(board, two)).toMatchObject({ kind: 'budget', until })
      expect(await board.kernel.readForDispatch()).toMatchObject({
        nextEnd: TEST_NOW + 5,
        spent: [{ scope: 'board', period: 'day' }],
      })
      await grant(board, 'board:runs:day', 1)
      await crash(await board.run(two))
      expect(await refusal(board, three)).toMatchObject({ kind: 'budget', until })
      // Saturday: the week ends after Sunday.
      board.clock.set(until)
      await crash(await board.run(three))
      const sunday = await board.given()
      expect(await refusal(board, sunday)).toMatchObject({ kind: 'budget', until: until + day })
      board.clock.set(until + day)
      const monday = await board.given()
      await crash(await board.run(monday))
      expect(await spent(board, 'board:runs:week')).toBe(1)
    },
  )

  behaviour(
    ['W06', 'F55'],
    'only those it names may grant, change or remove; a worker never may; all of it is told',
    async () => {
      await using board = await openTestKernel(database)
      const id = 'profile:coder:tokens:day'
      await set(board, id, { hard: 100, granters: ['alice'] })
      const run = await board.run(await board.given())
      for (const actor of [bob, run.worker]) {
        await expect(grant(board, id, 1, actor)).rejects.toMatchObject({ kind: 'denied' })
        await expect(set(board, id, { hard: 1_000 }, actor)).rejects.toMatchObject({ kind: 'denied' })
        await expect(board.kernel.removeBudget(parseBudgetId(id), actor)).rejects.toMatchObject({
          kind: 'denied',
        })
      }
      await expect(grant(board, 'profile:writer:tokens:day', 1)).rejects.toMatchObject({ kind: 'not_found' })
      await grant(board, id, 50)
      await set(board, id, { hard: 200, granters: ['alice'] })
      await board.kernel.removeBudget(parseBudgetId(id), alice)
      const told = (await board.kernel.readEvents({ limit: 100 })).filter(({ kind }) =>
        kind.startsWith('budget_'),
      )
      expect(told.map(({ kind, actor, door }) => [kind, actor, door])).toEqual([
        ['budget_set', 'alice', 'cli'],
        ['budget_granted', 'alice', 'cli'],
        ['budget_set', 'alice', 'cli'],
        ['budget_removed', 'alice', 'cli'],
      ])
      expect(told[2]?.payload).toMatchObject({ budget: id, before: { hard: 100 }, after: { hard: 200 } })
      await set(board, id, { hard: 300 }, bob)
      // What was granted for this period stays granted, and what was set before can still be seen.
      expect(await board.kernel.showBudget(parseBudgetId(id))).toMatchObject({
        state: { granted: 50, hard: 300 },
        history: [
          { hard: 100, endedBy: 'alice' },
          { hard: 200, endedBy: 'alice' },
          { hard: 300, endedAt: null },
        ],
      })
    },
  )

  behaviour('W06', 'a soft limit is told once in a period, and holds nothing', async () => {
    await using board = await openTestKernel(database)
    await set(board, 'board:cost:day', { soft: dollar, hard: 10 * dollar })
    const run = await board.run(await board.given(), { provider: 'acme' })
    for (const cost of [0.4, 1, 1.2, 2]) await run.uses({ input: 1, output: 1, cost })
    const [near, ...more] = await boardKinds(board, 'budget_near')
    expect(near).toMatchObject({
      actor: 'rule:budget',
      payload: { budget: 'board:cost:day', spent: dollar, limit: dollar },
    })
    expect(more).toEqual([])
    expect(await refusal(board, await board.given())).toBeNull()
    board.clock.advance(day)
    await run.uses({ input: 1, output: 1, cost: 3.5 })
    expect(await boardKinds(board, 'budget_near')).toHaveLength(2)
    // Spend belongs to the day on which it was told.
    expect(await spent(board, 'board:cost:day')).toBe(1.5 * dollar)
  })

  behaviour(
    'W06',
    'a budget that says so ends the runs that take it over its limit, and a person must look',
    async () => {
      await using board = await openTestKernel(database)
      await set(board, 'profile:coder:cost:day', { hard: dollar, stopRunning: true })
      await set(board, 'board:cost:day', { hard: dollar })
      const [card, other] = [await board.given(), await board.given({ assignee: 'writer' })]
      const run = await board.run(card, { provider: 'acme' })
      await run.start()
      const spared = await board.run(other, { provider: 'acme' })
      await spared.start()
      await spared.uses({ input: 1, output: 1, cost: 3 })
      expect((await board.kernel.renewLease({ runId: spared.id, secret: spared.secret })).stop).toBeNull()
      await run.uses({ input: 1, output: 1, cost: 1 })
      const { stop } = await board.kernel.renewLease({ runId: run.id, secret: run.secret })
      expect(stop).toMatchObject({ actor: 'rule:budget', after: { kind: 'hold' } })
      await run.end('crashed')
      expect((await board.task(card.id)).status).toBe('blocked')
      expect((await board.kernel.listRuns(card.id)).at(-1)).toMatchObject({ outcome: 'stopped' })
      const { reasons } = await board.kernel.why(card.id, { caps: null, dispatcher: 'running' })
      expect(reasons).toMatchObject([{ kind: 'human', text: expect.stringContaining('$1.00') as string }])
    },
  )

  behaviour(
    'W06',
    'what comes after the end of a run is counted too, and no run is counted less than before',
    async () => {
      await using board = await openTestKernel(database)
      const card = await board.given()
      const run = await board.run(card, { provider: 'acme' })
      await run.start()
      await run.uses({ input: 500, output: 50, cost: 1 })
      await crash(run, 42)
      await run.uses({ input: 600, output: 60, cost: 2 })
      await run.uses({ input: 3, output: 1, cost: 0.1 })
      expect(await board.kernel.readUsage('task', { from: null, to: null })).toMatchObject([
        { key: card.id, runs: 1, runtimeSeconds: 42, tokensIn: 600, tokensOut: 60, costMicros: 2 * dollar },
      ])
    },
  )

  behaviour(
    'W06',
    'tokens without a cost are unknown, or estimated by the price table until the agent tells',
    async () => {
      await using board = await openTestKernel(database)
      const run = await board.run(await board.given(), { provider: 'acme' })
      const total = async () => (await board.kernel.readUsage('profile', { from: null, to: null }))[0]
      await run.uses({ input: 1_000, cached: 400, output: 100 }, 'acme-large-2026')
      expect(await total()).toMatchObject({ costMicros: 0, estimatedMicros: 0, unpricedTokens: 1_100 })
      // A zero beside tokens is no price either.
      await run.uses({ input: 1_000, cached: 400, output: 100, cost: 0 }, 'acme-large-2026')
      expect(await total()).toMatchObject({ costMicros: 0, estimatedMicros: 0, unpricedTokens: 1_100 })
      board.setPolicy({ prices: { 'acme-large': { input: 3, cached: 0.3, output: 15 } } })
      await run.uses({ input: 1_000, cached: 400, output: 100 }, 'acme-large-2026')
      expect(await total()).toMatchObject({ costMicros: 0, estimatedMicros: 3_420, unpricedTokens: 0 })
      // Half of it was told on one day, the rest on the next: the estimate gives way where it stands.
      board.clock.advance(day)
      await run.uses({ input: 2_000, cached: 800, output: 200, cost: 0.01 }, 'acme-large-2026')
      expect(await board.kernel.readUsage('day', { from: null, to: null })).toMatchObject([
        { costMicros: 3_420, estimatedMicros: 0 },
        { costMicros: 6_580, estimatedMicros: 0, tokensIn: 1_000 },
      ])
      expect(await board.kernel.readUsage('model', { from: null, to: null, provider: 'acme' })).toHaveLength(
        1,
      )
    },
  )

  behaviour(
    ['W06', 'F52'],
    'a budget that is set comes before a profile, and that before the configuration',
    async () => {
      await using board = await openTestKernel(database)
      const card = await board.given()
      const ceilings = { ...NO_CEILINGS, tokensPerTask: 100, costPerProfileAndDay: dollar }
      board.setPolicy({ ceilings })
      const run = await board.run(card, { provider: 'acme' })
      await run.uses({ input: 90, output: 10, cost: 0.1 })
      await crash(run)
      board.clock.advance(600)
      expect(await refusal(board, card)).toMatchObject({
        kind: 'budget',
        until: null,
        lift: `yard budget grant task:${card.id}:tokens:total 100`,
      })
      expect(await board.kernel.listBudgets()).toMatchObject([
        { scope: 'profile', target: 'coder', origin: 'config', hard: dollar },
      ])
      await expect(
        board.kernel.removeBudget(parseBudgetId(`task:${card.id}:tokens:total`), alice),
      ).rejects.toMatchObject({ code: 'default_budget' })
      // In force from the next decision on.
      board.setPolicy({ ceilings: { ...ceilings, tokensPerTask: 101, ofProfile: ['tokensPerTask'] } })
      await crash(await board.run(card))
      board.setPolicy({ ceilings })
      board.clock.advance(600)
      expect(await refusal(board, card)).toMatchObject({ kind: 'budget' })
      await grant(board, `task:${card.id}:tokens:total`, 1)
      await set(board, `task:${card.id}:tokens:total`, { hard: 99 })
      expect(await refusal(board, card)).toMatchObject({
        text: expect.stringContaining('100 tokens altogether') as string,
      })
    },
  )

  behaviour(['W06', 'F56'], 'a worker is told of a budget once it is near', async () => {
    await using board = await openTestKernel(database)
    const id = `task:${(await board.given()).id}:tokens:total`
    const [, taskId = ''] = id.split(':')
    await set(board, id, { soft: 80, hard: 100 })
    const run = await board.run({ id: taskId }, { provider: 'acme' })
    await run.uses({ input: 70, output: 9 })
    expect(contextText(await board.kernel.workerContext(taskId), 'mcp')).not.toContain('Budget')
    await run.uses({ input: 70, output: 10 })
    const context = await board.kernel.workerContext(taskId)
    expect(contextText(context, 'mcp')).toContain(
      'has used 80 tokens: the soft limit of 80 tokens is reached, and 100 tokens is the hard one',
    )
    expect(workerContextView(context).budgets).toMatchObject([{ id, spent: 80, left: 20, standing: 'near' }])
  })

  behaviour('W06', 'four runs at once see what the others spend, as they spend it', async () => {
    await using board = await openTestKernel(database)
    await set(board, 'board:cost:total', { hard: dollar })
    const runs = []
    for (let n = 0; n < 4; n++) runs.push(await board.run(await board.given(), { provider: 'acme' }))
    await Promise.all(runs.map((run) => run.uses({ input: 1, output: 1, cost: 0.25 })))
    expect(await refusal(board, await board.given())).toMatchObject({ kind: 'budget' })
  })

  behaviour('W06', 'what is told of one run at the same moment is booked once', async () => {
    await using board = await openTestKernel(database)
    const kernels = [board.kernel, await board.another(), await board.another(), await board.another()]
    const run = await board.run(await board.given(), { provider: 'acme' })
    await run.start()
    for (let round = 1; round <= 5; round++) {
      board.clock.advance(10)
      await Promise.all([
        run.uses({ input: 100 * round, output: 0, cost: round }),
        ...kernels.map((kernel) => kernel.renewLease({ runId: run.id, secret: run.secret })),
      ])
      expect(await board.kernel.readUsage('profile', { from: null, to: null })).toMatchObject([
        { runtimeSeconds: 10 * round, tokensIn: 100 * round, costMicros: round * dollar },
      ])
    }
  })

  behaviour('W06', 'run time is what was seen of it: time asleep is no work', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    await run.start()
    const renew = () => board.kernel.renewLease({ runId: run.id, secret: run.secret })
    board.clock.advance(20)
    await renew()
    expect(await board.kernel.readUsage('profile', { from: null, to: null })).toMatchObject([
      { runtimeSeconds: 20 },
    ])
    board.clock.advance(11 * 3600)
    await renew()
    expect(await board.kernel.readUsage('profile', { from: null, to: null })).toMatchObject([
      { runtimeSeconds: 20 + board.policy.leaseSeconds },
    ])
    await crash(run, 95)
    expect(await board.kernel.readUsage('profile', { from: null, to: null })).toMatchObject([
      { runtimeSeconds: 95 },
    ])
  })
})

const RUNS: Readonly<Record<TestDatabase['name'], number>> = { SQLite: 40, PostgreSQL: 6 }

const happening = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('open' as const), card: fc.nat(3), agent: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('use' as const),
      run: fc.nat(5),
      tokens: fc.nat(10_000),
      cost: fc.option(fc.nat(200), { nil: null }),
      model: fc.constantFrom('priced-1', 'unknown'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), run: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      run: fc.nat(5),
      seconds: fc.option(fc.nat(9_000), { nil: null }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 30, 4_000, 90_000),
    }),
  },
)

const rowsOf = statement<Record<string, never>>()((db) => db.selectFrom('run_usage').selectAll())
const totalsOf = statement<Record<string, never>>()((db) => db.selectFrom('usage_totals').selectAll())

const NAMES = [
  'runs',
  'runtime_seconds',
  'tokens_in',
  'tokens_cached',
  'tokens_out',
  'cost_micros',
  'estimated_micros',
  'unpriced_tokens',
] as const
type Numbers = Record<(typeof NAMES)[number], number>

describe.each(databases)('the totals on $name', (database) => {
  behaviour(
    'W06',
    'after any history, totals are the sums of the rows, rows are never negative, and what counts only grows',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 60, size: 'max' }), async (life) => {
          await using board = await openTestKernel(database)
          board.setPolicy({
            maxAttempts: 1_000,
            retryBackoffSeconds: 0,
            equalFailureLimit: 1_000,
            prices: { priced: { input: 2, cached: null, output: 8 } },
          })
          await set(board, 'board:tokens:day', { soft: 5_000, hard: 20_000 })
          const cards = [
            await board.given(),
            await board.given({ tenant: 'acme' }),
            await board.given({ assignee: 'writer' }),
            await board.given({ assignee: 'writer', tenant: 'acme' }),
          ]
          const runs: OpenedRun[] = []
          let grown: Numbers | null = null
          for (const next of life) {
            const run = 'run' in next ? runs[next.run % Math.max(1, runs.length)] : undefined
            if (next.do === 'wait') board.clock.advance(next.seconds)
            else if (next.do === 'open') {
              const card = cards[next.card]
              const opened =
                card === undefined ? null : await board.tryRun(card, next.agent ? { provider: 'acme' } : {})
              if (opened !== null && !('refused' in opened)) {
                const { task, runId, secret } = opened
                runs.push(board.hold(runId, secret, task.id, task.assignee ?? ''))
              }
            } else if (run === undefined) continue
            else if (next.do === 'use')
              await run.uses(
                {
                  input: next.tokens,
                  cached: next.tokens >> 1,
                  output: next.tokens >> 2,
                  cost: next.cost === null ? null : next.cost / 100,
                },
                next.model,
              )
            else if (next.do === 'renew') await board.kernel.renewLease({ runId: run.id, secret: run.secret })
            else await run.end('crashed', { evidence: { elapsedSeconds: next.seconds } })
            grown = await sound(board, grown)
          }
        }),
        { numRuns: RUNS[database.name] },
      ),
    300_000,
  )
})

/** Compares totals with rows; gives the sums of all rows. */
async function sound({ store }: TestKernel, before: Numbers | null): Promise<Numbers> {
  const [rows, totals] = await store.read(
    async (db) => [await db.all(rowsOf, {}), await db.all(totalsOf, {})] as const,
  )
  const expected = new Map<string, Numbers>()
  for (const row of rows) {
    const targets = {
      board: '*',
      tenant: row.tenant,
      profile: row.profile,
      provider: row.provider,
      task: row.task_id,
    }
    for (const [scope, target] of Object.entries(targets))
      for (const at of [row.day, -1]) if (target !== null) add(expected, `${scope} ${target} ${at}`, row)
    for (const name of NAMES) expect({ [name]: row[name] }).toEqual({ [name]: Math.max(0, row[name]) })
  }
  const stored = new Map<string, Numbers>()
  for (const total of totals) add(stored, `${total.scope} ${total.target} ${total.day}`, total)
  expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(expected))
  const all = stored.get('board * -1') ?? nothing()
  for (const name of NAMES)
    if (name !== 'estimated_micros' && name !== 'unpriced_tokens')
      expect({ [name]: all[name] }).toEqual({ [name]: Math.max(all[name], before?.[name] ?? 0) })
  return all
}

const nothing = (): Numbers => Object.fromEntries(NAMES.map((name) => [name, 0])) as Numbers

function add(sums: Map<string, Numbers>, key: string, row: Numbers): void {
  const sum = sums.get(key) ?? nothing()
  for (const name of NAMES) sum[name] += row[name]
  sums.set(key, sum)
}
