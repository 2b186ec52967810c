/**
 * The board's tools for one run, served by its own runner on the loopback interface: they live as long as the run, whatever
 * the gateway does, and the token is good for nothing else.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../lib/clock.ts'
import { hashSecret, newSecret, secretMatches } from '../lib/ids.ts'
import type { RunTools, RunToolsOptions } from './run-tools.ts'
import type { ToolsHandler } from './tools-handler.ts'
import { ToolsOwner } from './tools-owner.ts'
import { sendResponse, webRequest } from './web-exchange.ts'

/** How long an answer may take to reach whoever asked, once the tools are being closed, in milliseconds. */
const LAST_WORDS_MS = 1_000
/** By then the worker has been started and is busy with itself: what it will soon ask for is loaded meanwhile. */
const LOAD_AFTER_MS = 50
/** The longest accepted texts, every character of them escaped. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024

/** Listens at once; what answers is loaded in the background. */
export async function serveRunTools(options: RunToolsOptions): Promise<RunTools> {
  const token = newSecret()
  const gate = new Gate(token, options.onTurnedAway ?? console.error)
  const exchanges = new Set<Promise<void>>()
  const closing = new AbortController()
  const listed = Promise.withResolvers<void>()
  let loading: Promise<ToolsHandler> | undefined
  const handler = () =>
    (loading ??= import('./tools-handler.ts').then(({ toolsHandler }) =>
      toolsHandler({ ...options, onListed: listed.resolve }),
    ))
  const exchange = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const refused = gate.refusal(incoming)
    const request =
      refused === null
        ? await webRequest(incoming, {
            origin: gate.origin,
            maxBytes: MAX_REQUEST_BYTES,
            signal: gone.signal,
          })
        : null
    const response =
      refused ??
      (request === null
        ? problem(413, `The message is longer than ${MAX_REQUEST_BYTES} bytes. Put long texts into files.`)
        : await (await handler()).fetch(request))
    if (request === null) outgoing.shouldKeepAlive = false
    await sendResponse(response, outgoing)
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

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const tooLong = systemClock.sleep(ms, { signal: done.signal }).catch(() => undefined)
  await Promise.race([work, tooLong])
  done.abort()
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

  refusal({ headers, socket, url }: IncomingMessage): Response | null {
    // A page that had its own name point here would come with that name.
    if (!isHere(headers.host === undefined ? null : `http://${headers.host}`) || !isHere(headers.origin))
      return this.#turnAway(403, 'These tools answer programs on this machine, not pages of a browser.')
    if (url !== '/mcp') return problem(404, 'The tools are at /mcp.')
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

  #turnAway(status: number, detail: string): Response {
    this.#tell(`turned away from the board's tools: ${detail}`)
    return problem(status, detail)
  }
}

const HERE = new Set(['127.0.0.1', 'localhost'])
function isHere(origin: string | null | undefined): boolean {
  if (origin === undefined) return true
  const url = origin === null ? null : URL.parse(origin)
  return url !== null && HERE.has(url.hostname)
}

const problem = (status: number, detail: string): Response => Response.json({ detail }, { status })

export type { RunTools, RunToolsOptions } from './run-tools.ts'
