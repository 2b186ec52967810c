import { expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { meterStore } from '../../src/store/metered-store.ts'
import type { PassTaken } from '../../src/server/services.ts'
import { alice } from '../helpers/kernel.ts'
import { openTestServer, type TestServer } from './rig.ts'

const metricsOf = async (server: TestServer): Promise<string[]> =>
  (await server.ask('/metrics')).text.split('\n')

test.each(databases)(
  'a monitor finds the numbers of the board, of the server and of its process, on $name',
  async (database) => {
    await using server = await openTestServer({ database })
    await server.test.given()
    await server.test.given({ status: 'done' })
    const run = await server.test.run(await server.test.given(), { provider: 'acme' })
    await run.start()
    await run.uses({ input: 100, cached: 40, output: 20, cost: 0.5 })
    await using client = server.events()
    await client.frame('hello')
    server.test.clock.advance(40)
    await server.call('getStats', {})
    await server.refusal('getTask', { id: 't_nope' })
    const { status, text, headers } = await server.ask('/metrics', { as: await server.token('read') })
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('text/plain; version=0.0.4')
    for (const line of [
      'yard_tasks{status="ready"} 1',
      'yard_tasks{status="running"} 1',
      'yard_tasks{status="blocked"} 0',
      'yard_ready_oldest_age_seconds 40',
      'yard_runs{outcome="open",profile="coder"} 1',
      'yard_event_clients 1',
      'yard_tokens_total{kind="cached",profile="coder"} 40',
      'yard_cost_usd{kind="reported",profile="coder"} 0.5',
      'yard_http_request_duration_seconds_count{method="GET",route="/api/kanban/stats",status="200"} 1',
      'yard_http_request_duration_seconds_count{method="GET",route="/api/kanban/tasks/:id",status="404"} 1',
    ])
      expect(text).toContain(`${line}\n`)
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'yard_info{version="0.0.0-test"}',
    ])
      expect(text).toContain(name)
    // Every line is a comment or a sample, also for a monitor that comes again at once.
    for (const line of [...text.split('\n'), ...(await metricsOf(server))].filter(Boolean))
      expect(line).toMatch(/^(#|[a-zA-Z_:][\w:]*(\{.*\})? ([\d.eE+-]+|\+Inf)$)/)
  },
)

for (const database of databases) {
  behaviour(
    'metrics.true',
    `holds, workers and passes are counted as they are, on ${database.name}`,
    async () => {
      let passed: (pass: PassTaken) => void = () => {}
      await using server = await openTestServer({
        database,
        services: {
          onPass(listener) {
            passed = listener
            return new DisposableStack()
          },
          database: () => ({
            read: { count: 7, busySeconds: 0.5, waitSeconds: 0.25 },
            write: { count: 3, busySeconds: 2, waitSeconds: 1.5 },
          }),
        },
      })
      const { kernel, test: board } = server
      await kernel.blockTask((await board.given()).id, 'which one?', alice)
      await kernel.blockTask((await board.given()).id, 'and this?', alice)
      await kernel.pause({ scope: 'profile', target: 'writer' }, 'lunch', alice)
      const lifted = await board.given()
      await kernel.blockTask(lifted.id, 'never mind', alice)
      await kernel.unblockTask(lifted.id, alice)
      await board.given({ notBefore: board.clock.now() + 60 })
      await (await board.run(await board.given())).start()
      await (await board.run(await board.given())).start()
      const over = await board.run(await board.given({ assignee: 'tester' }))
      await over.start()
      await over.end('completed')
      for (const isFailed of [false, true, false]) passed({ ms: 40, isFailed, started: isFailed ? 0 : 2 })
      const lines = await metricsOf(server)
      expect(lines).toEqual(
        expect.arrayContaining([
          'yard_holds{kind="human"} 2',
          'yard_holds{kind="pause"} 1',
          'yard_holds{kind="time"} 1',
          'yard_holds{kind="breaker"} 0',
          'yard_workers{profile="coder"} 2',
          'yard_runs{outcome="completed",profile="tester"} 1',
          'yard_gateway_passes_total{result="ok"} 2',
          'yard_gateway_passes_total{result="failed"} 1',
          'yard_gateway_starts_total 4',
          'yard_gateway_pass_seconds_bucket{le="0.025"} 0',
          'yard_gateway_pass_seconds_bucket{le="0.05"} 3',
          'yard_database_transactions_total{kind="read"} 7',
          'yard_database_busy_seconds_total{kind="write"} 2',
          'yard_database_wait_seconds_total{kind="write"} 1.5',
        ]),
      )
      expect(lines.filter((line) => line.startsWith('yard_workers{'))).toHaveLength(1)
      board.clock.advance(61)
      expect(await metricsOf(server)).toContain('yard_holds{kind="time"} 0')
    },
  )

  behaviour(
    'metrics.true',
    `what a store spends is told apart from what it waits for, on ${database.name}`,
    async () => {
      await using server = await openTestServer({ database })
      let ms = 0
      const { store, figures } = meterStore(server.kernel.deps.store, { monotonicMs: () => ms })
      const begun = Promise.withResolvers<void>()
      const first = store.write(async () => {
        ms = 100
        await begun.promise
        ms = 400
      })
      begun.resolve()
      await first
      await store.read(() => Promise.resolve((ms = 500)))
      await expect(store.write(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
      expect(figures()).toEqual({
        read: { count: 1, busySeconds: 0.1, waitSeconds: 0 },
        write: { count: 2, busySeconds: 0.4, waitSeconds: 0 },
      })
    },
  )
}

behaviour('metrics.true', 'a writer that holds the lock shows as time the others wait', async () => {
  await using server = await openTestServer()
  let ms = 0
  const { store, figures } = meterStore(server.kernel.deps.store, { monotonicMs: () => ms })
  const begun = Promise.withResolvers<void>()
  const hold = Promise.withResolvers<void>()
  const holding = store.write(() => {
    begun.resolve()
    return hold.promise
  })
  await begun.promise
  const waiting = store.write(async () => {
    await holding
    ms = 3_000
  })
  ms = 2_000
  hold.resolve()
  await Promise.all([holding, waiting])
  expect(figures().write).toEqual({ count: 2, busySeconds: 3, waitSeconds: 2 })
})

behaviour('metrics.bounded', 'profiles beyond the hundred that occur most are told as one', async () => {
  await using server = await openTestServer()
  for (let index = 0; index < 105; index++) {
    const { id } = await server.test.given({ assignee: `made-up-${index}` })
    await server.kernel.completeTask(id, { summary: 'done' }, alice)
  }
  const again = await server.test.given({ assignee: 'made-up-104' })
  await server.kernel.completeTask(again.id, { summary: 'done' }, alice)
  for (let index = 0; index < 20; index++) await server.ask(`/nothing/${index}`)
  const lines = await metricsOf(server)
  const runs = lines.filter((line) => line.startsWith('yard_runs{'))
  expect(runs).toHaveLength(101)
  expect(runs).toContain('yard_runs{outcome="completed",profile="other"} 5')
  expect(runs).toContain('yard_runs{outcome="completed",profile="made-up-104"} 2')
  expect(lines.filter((line) => line.includes('_count{') && line.includes('status="404"'))).toHaveLength(1)
})
