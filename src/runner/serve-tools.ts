/**
 * The board's tools for one run, served by its own runner on the loopback interface: they live as long as the run, whatever
 * the gateway does, and the token is good for nothing else.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { hashSecret, newSecret, secretMatches } from '../lib/ids.ts'
import { MAX_MESSAGE_BYTES } from '../mcp/limits.ts'
import type { RunTools, RunToolsOptions } from './run-tools.ts'
import type { ToolsHandler } from './tools-handler.ts'
import { ToolsOwner } from './tools-owner.ts'

/** How long an answer may take to reach whoever asked, once the tools are being closed, in milliseconds. */
const LAST_WORDS_MS = 1_000
/** By then the worker has been started and is busy with itself: what it will soon ask for is loaded meanwhile. */
const LOAD_AFTER_MS = 50

/** Listens at once; what answers is loaded in the background. */
export async function serveRunTools(options: RunToolsOptions): Promise<RunTools> {
  const token = newSecret()
  const gate = new Gate(token, options.onTurnedAway ?? console.error)
  const exchanges = new Set<Promise<void>>()
  const closing = new AbortController()
  const listed = Promise.withResolvers<void>()
  let loading: Promise<ToolsHandler> | undefined
  const handler = () =>
    (loading ??= import('./tools-handler.ts').then(
      (loaded) => new loaded.ToolsHandler({ ...options, onListed: listed.resolve }),
    ))
  const exchange = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    // A caller who goes away is no fault; the next look at `destroyed` notices.
    outgoing.on('error', () => {})
    const refused = gate.refusal(incoming)
    if (refused !== null) return refuse(refused, outgoing)
    const body = await bodyOf(incoming)
    if (body === null) {
      outgoing.shouldKeepAlive = false
      return refuse(TOO_LONG, outgoing)
    }
    await (await handler()).answer({ origin: gate.origin, incoming, body, outgoing })
  }
  const server = createServer((incoming, outgoing) => {
    const done = exchange(incoming, outgoing).catch((error: unknown) => {
      if (!outgoing.destroyed) options.onBug?.(error)
      outgoing.destroy()
    })
    exchanges.add(done)
    outgoing.once('close', () => exchanges.delete(done))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  gate.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  void systemClock
    .sleep(LOAD_AFTER_MS, { signal: closing.signal })
    .then(handler)
    .catch(() => undefined)
  return {
    url: `${gate.origin}/mcp`,
    token,
    listed: listed.promise,
    async close() {
      closing.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      const loaded = await loading?.catch(() => undefined)
      await loaded?.settled()
      await within(LAST_WORDS_MS, Promise.all(exchanges))
      await loaded?.settled()
      await loaded?.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Null when it is longer than accepted; it is read to its end all the same, because callers read answers only then. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length
    if (size <= MAX_MESSAGE_BYTES) parts.push(part)
  }
  return size > MAX_MESSAGE_BYTES ? null : Buffer.concat(parts)
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const tooLong = systemClock.sleep(ms, { signal: done.signal }).catch(() => undefined)
  await Promise.race([work, tooLong])
  done.abort()
}

interface Refusal {
  /** Of HTTP. */
  readonly status: number
  readonly detail: string
}

const TOO_LONG: Refusal = {
  status: 413,
  detail: `The message is longer than ${MAX_MESSAGE_BYTES} bytes. Put long texts into files.`,
}

/** Who gets in: the run's own worker, with the run's own token, and no page of a browser. */
class Gate {
  readonly #tokenHash: string
  readonly #owner = new ToolsOwner()
  readonly #tell: (sentence: string) => void
  origin = ''

  constructor(token: string, tell: (sentence: string) => void) {
    this.#tokenHash = hashSecret(token)
    this.#tell = tell
  }

  refusal({ headers, socket, url }: IncomingMessage): Refusal | null {
    // A page that had its own name point here would come with that name.
    if (!isHere(headers.host === undefined ? null : `http://${headers.host}`) || !isHere(headers.origin))
      return this.#turnAway(403, 'These tools answer programs on this machine, not pages of a browser.')
    if (url !== '/mcp') return { status: 404, detail: 'The tools are at /mcp.' }
    const given = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (given === undefined || !secretMatches(given, this.#tokenHash))
      return this.#turnAway(
        401,
        'These tools belong to one run of one worker, and this is not its token. Nothing was changed.',
      )
    if (this.#owner.admits(socket)) return null
    return this.#turnAway(
      403,
      `These tools belong to the worker's own process (pid ${this.#owner.pid}), and not to what it starts. Nothing was changed. Give the worker your result; it reports to the board.`,
    )
  }

  #turnAway(status: number, detail: string): Refusal {
    this.#tell(`turned away from the board's tools: ${detail}`)
    return { status, detail }
  }
}

const HERE = new Set(['127.0.0.1', 'localhost'])
function isHere(origin: string | null | undefined): boolean {
  if (origin === undefined) return true
  const url = origin === null ? null : URL.parse(origin)
  return url !== null && HERE.has(url.hostname)
}

function refuse({ status, detail }: Refusal, outgoing: ServerResponse): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ detail }))
}

export type { RunTools, RunToolsOptions } from './run-tools.ts'
