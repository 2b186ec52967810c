import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openClient, type StreamItem } from '../../src/client/index.ts'
import { clientTypes } from '../helpers/client-types.ts'
import { openTestServer, type TestServer } from './rig.ts'

const clientOf = ({ url, owner }: TestServer, token = owner) => openClient({ url, token })

describe('the client', () => {
  test('asks for every operation by its name, with path, query and body together', async () => {
    await using server = await openTestServer()
    const yard = clientOf(server)
    const { task } = await yard.createTask({ title: 'from a program', assignee: 'coder', priority: 2 })
    await yard.updateTask({ id: task.id, status: 'blocked', block_reason: 'which colour?' })
    expect((await yard.getTask({ id: task.id })).task).toMatchObject({ status: 'blocked', priority: 2 })
    expect((await yard.listTasks({ status: ['blocked', 'ready'].join(), limit: 5 })).tasks).toHaveLength(1)
    const cards = await yard.getBoard({ fields: 'card', column: 'blocked' })
    expect(cards.columns).toMatchObject([
      { name: 'blocked', count: 1, tasks: [{ hold: { reason: 'which colour?' } }] },
    ])
    expect((await yard.getBoard()).columns).toHaveLength(7)
    expect(await yard.removeLink({ parent_id: task.id, child_id: task.id })).toEqual({ ok: false })
  })

  test('throws what the server refuses, in its words', async () => {
    await using server = await openTestServer()
    await expect(clientOf(server).getTask({ id: 't_nope' })).rejects.toMatchObject({
      name: 'YardError',
      status: 404,
      code: 'task_not_found',
      message: expect.stringContaining('task t_nope not found'),
      next: 'yard list --archived',
    })
    await expect(clientOf(server, 'wrong').getStats()).rejects.toMatchObject({
      status: 401,
      code: 'unauthorised',
    })
  })

  test('F57: follows the board across a restart without missing or repeating an event', async () => {
    await using server = await openTestServer()
    const yard = clientOf(server)
    const first = await server.test.given()
    const { latest_event_id: since } = await yard.getBoard()
    const over = new AbortController()
    const items: StreamItem[] = []
    let wake = () => {}
    const reading = (async () => {
      for await (const item of yard.events({ since, signal: over.signal })) {
        items.push(item)
        wake()
      }
    })()
    const until = async (isReached: () => boolean) => {
      while (!isReached())
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    const ids = () => items.flatMap((item) => (item.type === 'events' ? item.events.map(({ id }) => id) : []))
    await until(() => items.some(({ type }) => type === 'open'))
    await yard.addComment({ id: first.id, body: 'before' })
    await until(() => ids().length === 1)
    await server.restart()
    await server.test.given()
    await until(() => ids().length === 2)
    await yard.addComment({ id: first.id, body: 'after' })
    await until(() => ids().length === 3)
    expect(ids()).toEqual([2, 3, 4])
    expect(items.filter(({ type }) => type === 'open')).toMatchObject([{ isAgain: false }, { isAgain: true }])
    expect(items.some(({ type }) => type === 'stale')).toBe(true)
    over.abort()
    await reading
  })

  test('a stream whose token ends says so instead of trying for ever', async () => {
    await using server = await openTestServer()
    const { secret, token } = await clientOf(server).createToken({ label: 'x', scope: 'read' })
    const stream = clientOf(server, secret).events()[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject({ type: 'open' })
    const next = stream.next()
    await clientOf(server).revokeToken({ id: token.id })
    await expect(next).rejects.toMatchObject({ name: 'YardError', status: 401 })
  })
})

test('the shapes of the client are those of the table', () => {
  const written = readFileSync(new URL('../../src/client/types.ts', import.meta.url), 'utf8')
  const [head] = clientTypes().split('\n')
  expect(written.split('\n')[0], 'write it anew with: npm run client:types').toBe(head)
})
