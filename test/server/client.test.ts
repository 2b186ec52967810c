import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openClient, type StreamItem } from '../../src/client/index.ts'
import { clientTypes } from '../helpers/client-types.ts'
import { openTestServer, type TestServer } from './rig.ts'

/** Where nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

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

  test('takes an address with slashes at its end, or with a path before ours, and no other kind', async () => {
    await using server = await openTestServer()
    const yard = openClient({ url: `${server.url}//`, token: server.owner })
    expect((await yard.getSession()).name).toBe('olga')
    const stream = yard.events()[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject({ type: 'open' })
    await stream.return?.()
    let asked: unknown
    const behindPath = openClient({
      url: 'https://board.example/team/',
      fetch: (address) => {
        asked = address
        return Promise.resolve(Response.json({}))
      },
    })
    await behindPath.getStats()
    expect(asked).toBe('https://board.example/team/api/kanban/stats')
    for (const url of ['127.0.0.1:7433', 'localhost:7433', '', 'ws://127.0.0.1:7433'])
      expect(() => openClient({ url })).toThrow(`openClient cannot use the url ${JSON.stringify(url)}`)
    await expect(openClient().getStats()).rejects.toThrow('openClient needs the url')
    await expect(openClient().events()[Symbol.asyncIterator]().next()).rejects.toThrow(
      'openClient needs the url',
    )
  })

  test('throws that there was no answer, or none that could be read, in its own words', async () => {
    const url = await deadUrl()
    await expect(openClient({ url, token: 'x' }).getStats()).rejects.toMatchObject({
      name: 'YardError',
      status: 0,
      code: 'unreachable',
      message: expect.stringMatching(`^The server at ${url} cannot be reached: .*ECONNREFUSED`),
      next: expect.stringContaining('yard gateway status'),
    })
    await expect(
      openClient({ url, fetch: () => Promise.resolve(new Response('<h1>A router</h1>')) }).getStats(),
    ).rejects.toMatchObject({ name: 'YardError', status: 200, code: 'unreadable_answer' })
    const over = AbortSignal.abort(new Error('never mind'))
    await expect(openClient({ url }).getStats({}, { signal: over })).rejects.toThrow('never mind')
  })

  test('a stream from where nobody is throws after some tries, or waits for whoever comes', async () => {
    const url = await deadUrl()
    for (const token of ['x', undefined]) {
      const yard = openClient({ url, ...(token === undefined ? {} : { token }) })
      await expect(yard.events({ tries: 2 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
        name: 'YardError',
        status: 0,
        code: 'unreachable',
        message: expect.stringContaining(url),
      })
    }
    let tried = 0
    const over = new AbortController()
    const waiting = openClient({
      url,
      token: 'x',
      fetch: () => {
        if (++tried > 3) over.abort()
        return Promise.reject(new TypeError('fetch failed'))
      },
    }).events({ tries: Number.POSITIVE_INFINITY, signal: over.signal })
    expect(await Array.fromAsync(waiting)).toEqual([])
    expect(tried).toBe(4)
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
