/** Usage and budgets over HTTP. */
import { describe, expect } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { openTestServer } from './rig.ts'

describe.each(databases)('money over HTTP, on $name', (database) => {
  behaviour('W06', 'runs and cards say what they used, and usage sums it up', async () => {
    await using server = await openTestServer({ database })
    const card = await server.test.given({ tenant: 'acme' })
    const run = await server.test.run(card, { provider: 'anthropic' })
    await run.start()
    await run.uses({ input: 1_000, cached: 250, output: 100, cost: 0.75 }, 'large')
    const other = await server.test.run(await server.test.given(), { provider: 'openai' })
    await other.uses({ input: 10, output: 2 })
    const used = {
      runs: 1,
      tokens_in: 1_000,
      tokens_cached: 250,
      tokens_out: 100,
      cost_usd: 0.75,
      estimated_usd: 0,
      unpriced_tokens: 0,
    }
    expect((await server.call('getRun', { id: run.id })).run.usage).toMatchObject(used)
    expect((await server.call('getTask', { id: card.id })).usage).toMatchObject(used)
    // An unknown cost is never nothing.
    expect((await server.call('getRun', { id: other.id })).run.usage).toMatchObject({
      cost_usd: null,
      unpriced_tokens: 12,
    })
    expect(await server.call('readUsage', { by: 'provider' })).toMatchObject({
      rows: [
        { key: 'anthropic', ...used },
        { key: 'openai', cost_usd: null },
      ],
      total: { runs: 2, cost_usd: 0.75, unpriced_tokens: 12 },
    })
    const now = await server.kernel.deps.store.now()
    expect((await server.call('readUsage', { by: 'day', since: now, until: now })).rows).toMatchObject([
      { key: '2026-11-21', runs: 2 },
    ])
    expect((await server.call('readUsage', { since: now + 86_400 })).rows).toEqual([])
    expect((await server.call('readUsage', { by: 'tenant', task: card.id })).rows).toMatchObject([
      { key: 'acme', ...used },
    ])
  })

  behaviour(
    ['W06', 'F55'],
    'a budget is set, granted on and removed by those who may, and each of them is named',
    async () => {
      await using server = await openTestServer({ database })
      const card = await server.test.given()
      const run = await server.test.run(card, { provider: 'anthropic' })
      await run.uses({ input: 1, output: 1, cost: 2 })
      const id = 'profile:coder:cost:day'
      const { budget } = await server.call('setBudget', { id, hard: 1.5, soft: 1, granters: ['olga'] })
      expect(budget).toMatchObject({ id, unit: 'usd', hard: 1.5, spent: 2, left: 0, standing: 'reached' })
      expect(await server.call('listBudgets', {})).toMatchObject({ budgets: [{ id }] })
      // What would be rounded to nothing at all would hold the whole board.
      expect(await server.refusal('setBudget', { id, hard: 0.0000001 })).toMatchObject({
        status: 400,
        code: 'bad_amount',
      })
      for (const when of ['since', 'until'])
        expect((await server.ask(`/api/kanban/usage?${when}=1700000000000000`)).status).toBe(400)

      const write = await server.token('write')
      const grant = { id, amount: 3, reason: 'go on' }
      for (const token of [write, await server.token('read'), server.runToken(run)]) {
        expect(await server.refusal('grantBudget', grant, token)).toMatchObject({ status: 403 })
        expect(await server.refusal('setBudget', { id, hard: 9 }, token)).toMatchObject({ status: 403 })
        expect(await server.refusal('removeBudget', { id }, token)).toMatchObject({ status: 403 })
      }
      // A token that may operate acts in somebody's name, and it is the name that counts.
      const { secret: stranger } = await server.call('createToken', {
        label: 'x',
        scope: 'operate',
        name: 'mallory',
      })
      expect(await server.refusal('grantBudget', grant, stranger)).toMatchObject({
        status: 403,
        code: 'may_not_grant',
      })
      const granted = await server.call('grantBudget', grant)
      expect(granted.budget).toMatchObject({ granted: 3, left: 2.5, standing: 'near' })
      expect(await server.call('getBudget', { id })).toMatchObject({
        grants: [{ amount: 3, reason: 'go on', granted_by: 'olga' }],
        history: [{ hard: 1.5, set_by: 'olga', ended_at: null }],
      })
      await server.call('removeBudget', { id })
      expect(await server.refusal('getBudget', { id })).toMatchObject({ status: 404 })
      const kinds = (await server.kernel.readEvents({ limit: 100 })).filter(({ kind }) =>
        kind.startsWith('budget_'),
      )
      expect(kinds.map(({ kind, actor, door }) => `${kind} ${actor} ${door}`)).toEqual([
        'budget_set olga http',
        'budget_granted olga http',
        'budget_removed olga http',
      ])
    },
  )

  behaviour('W06', 'what makes no sense is refused with the rule', async () => {
    await using server = await openTestServer({ database })
    for (const [id, body] of [
      ['coder:cost:day', { hard: 1 }],
      ['profile::cost:day', { hard: 1 }],
      ['board:cost:year', { hard: 1 }],
      ['board:cost:day', {}],
      ['board:cost:day', { hard: 1, soft: 2 }],
      ['board:runs:day', { hard: 1.5 }],
      ['board:cost:day', { soft: 1, stop_running: true }],
    ] as const)
      expect(await server.refusal('setBudget', { id, ...body })).toMatchObject({ status: 400 })
    expect(await server.refusal('setBudget', { id: 'task:t_00000000:cost:total', hard: 1 })).toMatchObject({
      status: 404,
    })
    const tenant = 'tenant:a/b:c:runs:day'
    expect((await server.call('setBudget', { id: tenant, hard: 2 })).budget).toMatchObject({
      target: 'a/b:c',
    })
    expect(await server.refusal('grantBudget', { id: tenant, amount: 0 })).toMatchObject({ status: 400 })
  })
})
