import { request, type IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Input } from '../../src/contract/operations/table.ts'
import { MAX_REPLAY } from '../../src/server/events/event-hub.ts'
import { databases } from '../helpers/boards.ts'
import { alice } from '../helpers/kernel.ts'
import { openTestServer, Returning, type EventClient, type TestServer } from './rig.ts'

/** Events as they are on the board, by id. */
const idsOf = async ({ kernel }: TestServer, after = 0): Promise<number[]> =>
  (await kernel.readEvents({ after, limit: 100_000 })).map(({ id }) => id)

const EVENTS = '/api/kanban/events'
type Asked = [path: string, headers?: Record<string, string>, method?: string]

describe.each(databases)('the stream of events on $name', (database) => {
  test('greets, brings up to date from the cursor, and goes on live with what other processes do', async () => {
    await using server = await openTestServer({ database })
    const first = await server.test.given()
    await using client = server.events('?since=0')
    const hello = await client.frame('hello')
    expect(hello).toMatchObject({
      events: [],
      cursor: 0,
      version: '0.0.0-test',
      board: server.kernel.deps.store.boardId,
      heartbeat_seconds: 8,
    })
    await client.until(({ ids }) => ids.length === 1)
    const elsewhere = await server.test.another()
    const { task } = await elsewhere.createTask({ title: 'from elsewhere', parents: [first.id] }, alice)
    await elsewhere.completeTask(first.id, { summary: 'done' }, alice)
    await client.until(({ ids }) => ids.length === 4)
    expect(client.ids).toEqual(await idsOf(server))
    const cards = client.frames.flatMap((frame) => (frame.type === 'events' ? frame.cards : []))
    expect(cards.findLast(({ id }) => id === task.id)).toMatchObject({
      status: 'ready',
      link_counts: { parents: 1, children: 0 },
    })
    // Its child shows on the parent's card, which no event of its own would say.
    expect(cards.findLast(({ id }) => id === first.id)).toMatchObject({
      status: 'done',
      progress: { done: 0, total: 1 },
    })
    await elsewhere.completeTask(task.id, {}, alice)
    await client.until(({ ids }) => ids.length === 5)
    const patch = client.frames.at(-1)
    expect(patch).toMatchObject({ type: 'events' })
    expect(patch?.type === 'events' && patch.cards.map(({ id }) => id).toSorted()).toEqual(
      [first.id, task.id].toSorted(),
    )
    expect(patch?.type === 'events' && patch.cards.find(({ id }) => id === first.id)?.progress).toEqual({
      done: 1,
      total: 1,
    })
  })

  test('F19: many clients with different cursors each get every event once and in order, while others write', async () => {
    await using server = await openTestServer({ database })
    for (let card = 0; card < 5; card++) await server.test.given()
    const clients: EventClient[] = []
    const elsewhere = await server.test.another()
    for (let round = 0; round < 10; round++) {
      clients.push(server.events(`?since=${round}`), server.events('?since=0'))
      await elsewhere.createTask({ title: `round ${round}` }, alice)
    }
    const all = await idsOf(server)
    const last = all.at(-1) ?? 0
    for (const [index, client] of clients.entries()) {
      const since = index % 2 === 0 ? index / 2 : 0
      await client.until(({ ids }) => ids.at(-1) === last)
      expect(client.ids).toEqual(all.filter((id) => id > since))
      await client[Symbol.asyncDispose]()
    }
  })

  test('a stream without a cursor begins now', async () => {
    await using server = await openTestServer({ database })
    await server.test.given()
    await using client = server.events()
    expect((await client.frame('hello')).cursor).toBe(1)
    await server.test.given()
    await client.until(({ ids }) => ids.length === 1)
    expect(client.ids).toEqual([2])
  })
})

describe('what a client asks for', () => {
  test('is narrowed to a task, a tenant, an assignee or kinds of events', async () => {
    await using server = await openTestServer()
    const { kernel } = server
    const mine = await server.test.given({ tenant: 'acme', assignee: 'writer' })
    const other = await server.test.given({ tenant: 'other', assignee: 'coder' })
    const asked = {
      [`task=${mine.id}`]: (id: string | null) => id === mine.id,
      'tenant=acme': (id: string | null) => id === mine.id || id === null,
      'assignee=coder': (id: string | null) => id === other.id || id === null,
    }
    const clients = Object.keys(asked).map((query) => server.events(`?since=0&${query}`))
    await using kinds = server.events('?since=0&kinds=commented&kinds=blocked')
    await kernel.commentTask(mine.id, 'one', null, alice)
    await kernel.commentTask(other.id, 'two', null, alice)
    await kernel.pause({ scope: 'board', target: '*' }, 'lunch', alice)
    await kernel.blockTask(mine.id, 'why?', alice)
    await kernel.blockTask(other.id, 'why?', alice)
    const events = await kernel.readEvents({ limit: 100 })
    for (const [index, isWanted] of Object.values(asked).entries()) {
      const wanted = events.filter(({ taskId }) => isWanted(taskId)).map(({ id }) => id)
      await using client = clients[index]!
      await client.until(({ ids }) => ids.length >= wanted.length)
      expect(client.ids).toEqual(wanted)
    }
    await kinds.until(({ ids }) => ids.length === 4)
    expect(kinds.frames.flatMap(({ events: each }) => each.map(({ kind }) => kind))).toEqual([
      'commented',
      'commented',
      'blocked',
      'blocked',
    ])
  })

  test('says which cards are so no longer, and what took them away', async () => {
    await using server = await openTestServer()
    const { kernel } = server
    const card = await server.test.given({ tenant: 'acme', assignee: 'writer' })
    const other = await server.test.given({ tenant: 'acme', assignee: 'coder' })
    const queries = ['assignee=writer', 'tenant=acme', 'assignee=writer&tenant=acme', `task=${card.id}`]
    const live = queries.map((query) => server.events(`?${query}`))
    await Promise.all(live.map((client) => client.frame('hello')))
    // In one change, of which no state in between is ever seen.
    await kernel.changeTask(card.id, { assignee: 'coder', edit: { tenant: 'other' } }, alice)
    await kernel.commentTask(card.id, 'not theirs any more', null, alice)
    await kernel.assignTask(other.id, 'writer', alice)
    const [assigned, edited, commented, came] = await idsOf(server, 2)
    const wanted = {
      'assignee=writer': { ids: [assigned, came], left: [card.id] },
      'tenant=acme': { ids: [assigned, edited, came], left: [card.id] },
      'assignee=writer&tenant=acme': { ids: [assigned, came], left: [card.id] },
      [`task=${card.id}`]: { ids: [assigned, edited, commented], left: [] },
    }
    for (const [index, { ids, left }] of Object.values(wanted).entries()) {
      await using now = live[index]!
      await using later = server.events(`?since=2&${queries[index]}`)
      for (const client of [now, later]) {
        await client.until((each) => each.ids.at(-1) === ids.at(-1))
        expect(client.ids).toEqual(ids)
        const frames = client.frames.filter((frame) => frame.type === 'events')
        expect(new Set(frames.flatMap((frame) => frame.left))).toEqual(new Set(left))
      }
    }
  })

  test('is refused by name when nobody knows it', async () => {
    await using server = await openTestServer()
    for (const query of ['?sinse=1', '?kinds=creatd', '?since=-1', '?since=x', '?limit=5']) {
      const answer = await refusedUpgrade(server, `/api/kanban/events${query}`)
      expect([query, answer.status]).toEqual([query, 400])
      expect(answer.body).toMatchObject({
        detail: expect.any(String),
        code: expect.any(String),
        next: expect.any(String),
      })
    }
    expect(await refusedUpgrade(server, '/api/kanban/board')).toMatchObject({ status: 404 })
  })
})

describe('an upgrade that is refused', () => {
  const cases: Record<string, [status: number, code: string, ...asked: Asked]> = {
    'for another place': [404, 'no_such_route', '/api/kanban/board'],
    'for what nobody knows': [400, 'bad_request', '/api/kanban/events?sinse=1'],
    'from a page elsewhere': [403, 'foreign_origin', EVENTS, { origin: 'https://evil.example' }],
    'of another version': [400, 'no_handshake', EVENTS, { 'sec-websocket-version': '7' }],
    'without a version': [400, 'no_handshake', EVENTS, { 'sec-websocket-version': '' }],
    'without a key': [400, 'no_handshake', EVENTS, { 'sec-websocket-key': '' }],
    'with no name for a protocol': [400, 'no_handshake', EVENTS, { 'sec-websocket-protocol': ',' }],
    'by POST': [405, 'no_such_method', EVENTS, {}, 'POST'],
    'by a stranger, and without a key': [
      400,
      'no_handshake',
      EVENTS,
      { authorization: '', 'sec-websocket-key': '' },
    ],
  }
  for (const [name, [status, code, path, headers, method]] of Object.entries(cases))
    test(`${name} is answered like every other request`, async () => {
      await using server = await openTestServer()
      const named = { 'x-request-id': 'mine-1', ...headers }
      const answer = await refusedUpgrade(server, path, named, method)
      expect(answer).toMatchObject({
        status,
        headers: {
          'content-type': 'application/json',
          'x-content-type-options': 'nosniff',
          'content-security-policy': expect.stringContaining("default-src 'none'"),
          'cache-control': 'no-store',
          'x-request-id': 'mine-1',
        },
        body: { detail: expect.any(String), code, next: expect.any(String) },
      })
      expect(server.logged).toContainEqual(
        expect.objectContaining({ fields: { request: 'mine-1', status, code } }),
      )
    })
})

describe('F58: a client that is too far behind', () => {
  test('is told to draw the board anew instead of being sent everything', async () => {
    await using server = await openTestServer()
    const card = await server.test.given()
    await server.kernel.deps.store.write(async (tx) => {
      for (let index = 0; index < MAX_REPLAY + 1; index++)
        tx.emit({
          taskId: card.id,
          runId: null,
          kind: 'heartbeat',
          payload: {},
          createdAt: tx.now,
          actor: 'a',
          door: 'cli',
        })
    })
    await using client = server.events('?since=0')
    const resync = await client.frame('resync')
    expect(resync).toMatchObject({ events: [], cursor: MAX_REPLAY + 2 })
    await server.test.given()
    await client.until(({ ids }) => ids.length === 1)
    expect(client.ids).toEqual([MAX_REPLAY + 3])
  })

  test('one with a cursor from another board is told so', async () => {
    await using server = await openTestServer()
    await server.test.given()
    await using client = server.events('?since=1000')
    expect(await client.frame('resync')).toMatchObject({
      cursor: 1,
      reason: expect.stringContaining('ahead'),
    })
    await server.test.given()
    await client.until(({ ids }) => ids.length === 1)
  })

  test('one that does not read is left waiting, costs no memory, and gets the rest once it reads', async () => {
    await using server = await openTestServer()
    const card = await server.test.given()
    await using slow = server.events('?since=0')
    await using quick = server.events('?since=0')
    await slow.until(({ ids }) => ids.length === 1)
    slow.socket.pause()
    const note = 'x'.repeat(2_000)
    const batches = 20
    for (let batch = 0; batch < batches; batch++)
      await server.kernel.deps.store.write(async (tx) => {
        for (let index = 0; index < 200; index++)
          tx.emit({
            taskId: card.id,
            runId: null,
            kind: 'heartbeat',
            payload: { note },
            createdAt: tx.now,
            actor: 'a',
            door: 'cli',
          })
      })
    const all = await idsOf(server)
    await quick.until(({ ids }) => ids.length === all.length)
    slow.socket.resume()
    await slow.until(({ ids }) => ids.length === all.length)
    expect(slow.ids).toEqual(all)
  }, 30_000)
})

describe('F17: who may listen', () => {
  test('without a good credential the socket is closed with 1008, and has heard nothing', async () => {
    await using server = await openTestServer()
    await server.test.given()
    const narrow = server.runToken(await server.test.run(await server.test.given()))
    for (const as of [null, '', 'wrong', narrow]) {
      const client = server.events('?since=0', { as })
      expect(await client.closed).toMatchObject({ code: 1008 })
      expect(client.frames).toEqual([])
    }
    for (const query of ['?ticket=nonsense', '?token=nonsense'])
      expect(await server.events(query, { as: null }).closed).toMatchObject({ code: 1008 })
  })

  test('a page of another site, or a name that was pointed here, does not even get a socket', async () => {
    await using server = await openTestServer()
    const cookie = await server.session()
    for (const headers of [
      { origin: 'https://evil.example' },
      { host: 'evil.example' },
      { origin: 'null' },
    ]) {
      const answer = await refusedUpgrade(server, '/api/kanban/events', { cookie, ...headers })
      expect(answer).toMatchObject({
        status: 403,
        body: { code: expect.stringMatching(/foreign_origin|unknown_host/) },
      })
    }
    await using own = server.events('', { as: null, headers: { cookie, origin: server.url } })
    await own.frame('hello')
  })

  test('a ticket opens one socket, once, and only soon', async () => {
    await using server = await openTestServer()
    const read = await server.token('read')
    const { ticket } = await server.call('createTicket', {}, read)
    await using client = server.events(`?ticket=${ticket}`, { as: null })
    await client.frame('hello')
    expect(await server.events(`?ticket=${ticket}`, { as: null }).closed).toMatchObject({ code: 1008 })
    const late = await server.call('createTicket', {}, read)
    server.test.clock.advance(31)
    expect(await server.events(`?ticket=${late.ticket}`, { as: null }).closed).toMatchObject({ code: 1008 })
    await using byToken = server.events(`?token=${read}`, { as: null })
    await byToken.frame('hello')
    expect(JSON.stringify(server.logged)).not.toContain(read)
  })
})

describe.each(databases)('F17: a credential that is revoked on $name', (database) => {
  test('ends its streams before they are told anything that was committed later', async () => {
    await using server = await openTestServer({ database })
    const secret = await server.token('read')
    const stands = await server.kernel.listCredentials()
    const clients = Array.from({ length: 3 }, () => server.events('?since=0', { as: secret }))
    await using owner = server.events('?since=0')
    await server.test.given()
    for (const client of clients) await client.until(({ ids }) => ids.length === 1)
    const elsewhere = await server.test.another()
    await elsewhere.revokeCredential(stands[0]!.id, alice)
    await elsewhere.createTask({ title: 'not theirs to see' }, alice)
    for (const client of clients) {
      expect(await client.closed).toMatchObject({ code: 1008 })
      expect(client.ids).toEqual([1])
    }
    await owner.until(({ ids }) => ids.length === 2)
  })
})

test('a session that ends takes its streams with it', async () => {
  await using server = await openTestServer()
  const cookie = await server.session()
  await using client = server.events('', { as: null, headers: { cookie, origin: server.url } })
  await client.frame('hello')
  const { tokens } = await server.call('listTokens', {})
  await server.call('revokeToken', { id: tokens[0]!.id })
  expect(await client.closed).toMatchObject({ code: 1008 })
})

describe('the stream as server-sent events', () => {
  const listen = (server: TestServer, query: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/kanban/events${query}`, {
      headers: { authorization: `Bearer ${server.owner}`, accept: 'text/event-stream', ...headers },
    })

  test('carries the same frames, with the cursor as id', async () => {
    await using server = await openTestServer()
    await server.test.given()
    const answer = await listen(server, '?since=0')
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (part: string) => {
      while (!text.includes(part)) text += (await reader.read()).value ?? ''
    }
    await until('id: 1\nevent: events\ndata: {"type":"events"')
    await server.test.given()
    await until('id: 2\nevent: events\n')
    expect(text.startsWith('id: 0\nevent: hello\ndata: {')).toBe(true)
    await reader.cancel()
    const again = await listen(server, '?since=0', { 'last-event-id': '1' })
    const rest = again.body!.pipeThrough(new TextDecoderStream()).getReader()
    text = ''
    while (!text.includes('event: events')) text += (await rest.read()).value ?? ''
    expect(text).toContain('id: 2\nevent: events')
    expect(text).not.toContain('"id":1,')
    await rest.cancel()
  })

  test('is not opened for HEAD, which is told what a stream would be', async () => {
    await using server = await openTestServer()
    const head = await server.ask('/api/kanban/events', {
      method: 'HEAD',
      headers: { accept: 'text/event-stream' },
    })
    expect(head).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-type': 'text/event-stream', 'x-content-type-options': 'nosniff' },
    })
    await using client = server.events()
    await client.frame('hello')
    expect((await server.ask('/metrics')).text).toContain('\nyard_event_clients 1\n')
  })

  test('a page of history with few or no hits says how far was looked', async () => {
    await using server = await openTestServer()
    const first = await server.test.given()
    for (let card = 0; card < 4; card++) await server.test.given()
    const page = (input: Input<'listEvents'>) => server.call('listEvents', input)
    expect(await page({ kinds: 'commented' })).toEqual({ events: [], cursor: 5 })
    expect(await page({ task: first.id })).toMatchObject({ events: [{ id: 1 }], cursor: 5 })
    // What was cut off by the limit was not looked at.
    expect(await page({ task: first.id, limit: 1 })).toMatchObject({ events: [{ id: 1 }], cursor: 1 })
    expect(await page({ task: first.id, limit: 1, newest: true })).toMatchObject({ cursor: 5 })
    expect(await page({ since: 7 })).toEqual({ events: [], cursor: 7 })
    await server.kernel.commentTask(first.id, 'at last', null, alice)
    expect(await page({ since: 5, kinds: 'commented' })).toMatchObject({ events: [{ id: 6 }], cursor: 6 })
  })

  test('a page of history has an end, and says where to go on', async () => {
    await using server = await openTestServer()
    for (let card = 0; card < 5; card++) await server.test.given()
    const first = await server.call('listEvents', { limit: 2 })
    expect(first.events.map(({ id }) => id)).toEqual([1, 2])
    const next = await server.call('listEvents', { since: first.cursor, kinds: 'created' })
    expect(next.events.map(({ id }) => id)).toEqual([3, 4, 5])
    expect((await server.call('listEvents', { newest: true, limit: 1 })).events[0]?.id).toBe(5)
  })
})

test('F57: after a restart of the server fifty clients go on without a missed or a repeated event', async () => {
  await using server = await openTestServer()
  const clients = Array.from({ length: 50 }, () => new Returning(server))
  for (const client of clients) await client.until(0)
  const write = async (count: number) => {
    for (let index = 0; index < count; index++) await server.test.given()
  }
  await write(10)
  const restarted = server.restart()
  await write(10)
  await restarted
  await write(10)
  const all = await idsOf(server)
  for (const client of clients) {
    await client.until(all.length)
    expect(client.ids).toEqual(all)
    client.stop()
  }
}, 60_000)

/** An upgrade that is answered instead of carried out. */
const refusedUpgrade = (
  server: TestServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; body: unknown }>((resolve, reject) => {
    const sent = request(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${server.owner}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    })
    sent.on('error', reject)
    sent.on('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('it was upgraded'))
    })
    sent.on('response', (answer) => {
      let text = ''
      answer.on('data', (part: Buffer) => (text += part.toString()))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) }),
      )
    })
    sent.end()
  })
