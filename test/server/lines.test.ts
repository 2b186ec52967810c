/** The stream over lines as they are: servers that are killed, clients that do not read, ends that vanish without a word. */
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { WebSocket } from 'ws'
import { openClient, type StreamItem } from '../../src/client/index.ts'
import { MAX_REPLAY } from '../../src/server/events/event-hub.ts'
import { behaviour } from '../behaviours.ts'
import { Home } from '../cli/home.ts'
import { openTestServer, Returning, type TestServer } from './rig.ts'

interface Place {
  readonly url: string
  readonly owner: string
}

/** A program that iterates over the stream of the client library, and keeps what it was given. */
class Follower {
  readonly items: StreamItem[] = []
  readonly #over = new AbortController()
  readonly #ended: Promise<void>
  #wake = () => {}

  constructor({ url, owner }: Place) {
    this.#ended = this.#follow(
      openClient({ url, token: owner }).events({ since: 0, signal: this.#over.signal }),
    )
  }

  get ids(): number[] {
    return this.items.flatMap((item) => (item.type === 'events' ? item.events.map(({ id }) => id) : []))
  }

  async until(condition: (follower: this) => boolean): Promise<void> {
    while (!condition(this))
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#ended
  }

  async #follow(stream: AsyncIterable<StreamItem>): Promise<void> {
    for await (const item of stream) {
      this.items.push(item)
      this.#wake()
    }
  }
}

behaviour(
  'stream.restart',
  'fifty clients go on without a missed or a repeated event while the gateway is killed, restarted, and others write',
  async () => {
    using home = new Home()
    const place = { url: `http://127.0.0.1:${await freePort()}`, owner: '' }
    const start = () => home.ok('gateway', 'start', '--detach', '--port', new URL(place.url).port)
    await start()
    const owner = readFileSync(join(home.path, 'server.token'), 'utf8').trim()
    const raw = Array.from({ length: 25 }, () => new Returning({ ...place, owner }))
    const followers = Array.from({ length: 25 }, () => new Follower({ ...place, owner }))
    const wrote: string[] = []
    let isOver = false
    const writing = Promise.all(
      ['a', 'b'].map(async (writer) => {
        while (!isOver) wrote.push(await home.create(`${writer}${wrote.length}`))
      }),
    )
    const more = async (count: number) => {
      const wanted = wrote.length + count
      // Every one of them: one that was still waiting to come back would meet fewer servers than the others.
      await Promise.all([
        ...raw.map((client) => client.until(wanted)),
        ...followers.map((follower) => follower.until(({ ids }) => ids.length >= wanted)),
      ])
    }
    try {
      await more(3)
      const { pid } = await home.json<{ pid: number }>('gateway', 'status')
      process.kill(pid, 'SIGKILL')
      await home.create('while nobody serves')
      await start()
      await more(3)
      await home.ok('gateway', 'stop')
      await home.create('and again')
      await start()
      await more(3)
    } finally {
      isOver = true
      await writing
    }
    const all = await openClient({ ...place, token: owner }).listEvents({ limit: 5_000 })
    const ids = all.events.map(({ id }) => id)
    expect(ids.length).toBeGreaterThanOrEqual(wrote.length + 2)
    for (const client of raw) {
      await client.until(ids.length)
      expect(client.ids).toEqual(ids)
      client.stop()
    }
    for (const follower of followers) {
      await follower.until((each) => each.ids.length >= ids.length)
      expect(follower.ids).toEqual(ids)
      expect(
        follower.items.filter((item) => item.type === 'open' && item.isAgain).length,
      ).toBeGreaterThanOrEqual(2)
      await follower.stop()
    }
    await home.ok('gateway', 'stop')
  },
  120_000,
)

describe.concurrent('F57: an end that vanishes without a word', () => {
  behaviour(
    'stream.half-open',
    'a client says that what it shows is old, comes back by itself and has missed nothing',
    async () => {
      await using server = await openTestServer()
      await using way = await openWay(Number(new URL(server.url).port))
      const follower = new Follower({ url: `http://127.0.0.1:${way.port}`, owner: server.owner })
      await follower.until(({ items }) => items.some(({ type }) => type === 'open'))
      way.freeze()
      await server.test.given()
      await follower.until(({ items }) => items.some(({ type }) => type === 'stale'))
      expect(follower.ids).toEqual([])
      way.thaw()
      await follower.until(({ ids }) => ids.length === 1)
      await follower.stop()
    },
    60_000,
  )

  behaviour(
    'stream.half-open',
    'the server lets go of a client that answers nothing any more',
    async () => {
      await using server = await openTestServer()
      await using quick = server.events()
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/kanban/events`, {
        autoPong: false,
        headers: { authorization: `Bearer ${server.owner}` },
      })
      socket.on('error', () => undefined)
      const closed = new Promise((resolve) => socket.once('close', resolve))
      await new Promise((resolve) => socket.once('message', resolve))
      expect(await clientsOf(server)).toBe(2)
      await closed
      await quick.until(({ frames }) => frames.some(({ type }) => type === 'ping'))
      expect(await clientsOf(server)).toBe(1)
    },
    60_000,
  )
})

describe('F58: a client that stops reading', () => {
  const EVENT_BYTES = 2_000
  const written = MAX_REPLAY + 5_000

  /** Many more bytes than may wait for anybody. */
  async function storm({ test: board, kernel }: TestServer): Promise<void> {
    const card = await board.given()
    for (let batch = 0; batch < written / 500; batch++)
      await kernel.deps.store.write(async (tx) => {
        for (let index = 0; index < 500; index++)
          tx.emit({
            taskId: card.id,
            runId: null,
            kind: 'heartbeat',
            payload: { note: 'x'.repeat(EVENT_BYTES) },
            createdAt: tx.now,
            actor: 'a',
            door: 'cli',
          })
      })
  }

  for (const [name, accept] of [
    ['as a WebSocket', 'upgrade'],
    ['as server-sent events', 'text/event-stream'],
  ] as const)
    behaviour(
      'stream.slow',
      `${name} is told to read the board again, instead of being sent what has piled up`,
      async () => {
        await using server = await openTestServer()
        await using quick = server.events('?since=0')
        const slow = await openSlow(server, accept)
        slow.pause()
        await storm(server)
        await quick.until(({ ids }) => ids.length === written + 1)
        let bytes = 0
        let last = ''
        const told = new Promise<void>((resolve) => {
          slow.on('data', (part: Buffer) => {
            bytes += part.length
            last = last.slice(-1_000) + part.toString('latin1')
            if (last.includes('"type":"resync"')) resolve()
          })
        })
        slow.resume()
        await told
        expect(bytes).toBeLessThan((written * EVENT_BYTES) / 2)
        slow.destroy()
      },
      60_000,
    )
})

const clientsOf = async (server: TestServer): Promise<number> =>
  Number(/^yard_event_clients (\d+)$/m.exec((await server.ask('/metrics')).text)?.[1])

/** A stream over a bare socket, which has given its first frame. */
async function openSlow(server: TestServer, accept: 'upgrade' | 'text/event-stream'): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const asked =
    accept === 'upgrade'
      ? 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      : `Accept: ${accept}\r\n`
  socket.write(
    `GET /api/kanban/events?since=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.owner}\r\n${asked}\r\n`,
  )
  let text = ''
  await new Promise<void>((resolve) => {
    const read = (part: Buffer) => {
      text += part.toString('latin1')
      if (!text.includes('"type":"hello"')) return
      socket.off('data', read)
      resolve()
    }
    socket.on('data', read)
  })
  return socket
}

/** A way to the server that can stop carrying anything, as a cable that was cut does. What was frozen stays so. */
async function openWay(to: number) {
  let isFrozen = false
  const sockets = new Set<Socket>()
  const way = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => into.destroy())
      if (!isFrozen) from.on('data', (part: Buffer) => into.write(part))
    }
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => way.once('listening', resolve))
  return {
    port: (way.address() as { port: number }).port,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.removeAllListeners('data').pause()
    },
    thaw() {
      isFrozen = false
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        way.close(() => resolve())
      }),
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
