/** The stream over WebSocket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { EventFilter } from './filter.ts'
import { Refusal } from '../refusal.ts'
import { HEARTBEAT_SECONDS, type EventHub } from './event-hub.ts'
import type { Line } from './subscriber.ts'

/** Bytes that may wait for a slow client. */
const HIGH_WATER = 1_000_000
/** Clients say nothing we need to hear. */
const MAX_MESSAGE = 1_024

const UNAUTHORISED = 1008
const RESTARTING = 1012

export interface Accepted {
  readonly filter: EventFilter
  readonly since: number | null
  /** Told how to end the stream; gives what to dispose of when it is over. */
  readonly onOpen: (end: () => void) => Disposable
}

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

export class EventSockets {
  readonly #hub: EventHub
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
  })
  readonly #silent = new WeakSet<WebSocket>()
  #heart: NodeJS.Timeout | undefined

  constructor(hub: EventHub) {
    this.#hub = hub
    // Told while the upgrade is handled, so what is thrown here reaches whoever asked for it.
    this.#server.on('wsClientError', ({ message }, _, { method }) => {
      throw noHandshake(message, method)
    })
  }

  /**
   * Opens the socket only to say that its caller may not come in: that is what clients of this protocol can understand.
   * Throws a refusal when what came is no way to open one.
   */
  refuse(upgrade: Upgrade, reason: string): void {
    this.#open(upgrade, (socket) => socket.close(UNAUTHORISED, reason))
  }

  /** Throws a refusal when what came is no way to open one. */
  accept(upgrade: Upgrade, { filter, since, onOpen }: Accepted): void {
    this.#open(upgrade, (socket) => {
      const over = new DisposableStack()
      socket.once('close', () => over.dispose())
      over.use(onOpen(() => socket.close(UNAUTHORISED, 'your session has ended')))
      void this.#hub.subscribe(lineOf(socket), filter, since).then(
        (subscription) => {
          if (over.disposed) subscription[Symbol.dispose]()
          else over.use(subscription)
        },
        () => socket.close(1011, 'the board cannot be read'),
      )
    })
  }

  /** Says goodbye to everybody: they come again to whoever takes our place. */
  close(): void {
    clearInterval(this.#heart)
    for (const socket of this.#server.clients) socket.close(RESTARTING, 'the server restarts')
  }

  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  #open({ request, socket, head }: Upgrade, then: (socket: WebSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      // Whatever breaks a line also closes it, and that is what we act on.
      opened.on('error', () => undefined)
      opened.on('pong', () => this.#silent.delete(opened))
      this.#heart ??= setInterval(() => this.#beat(), HEARTBEAT_SECONDS * 1000).unref()
      then(opened)
    })
  }

  /** A line whose other end is gone without a word never closes by itself. */
  #beat(): void {
    for (const socket of this.#server.clients) {
      if (this.#silent.has(socket)) {
        socket.terminate()
        continue
      }
      this.#silent.add(socket)
      socket.ping()
    }
  }
}

const noHandshake = (reason: string, method: string | undefined): Refusal =>
  method === 'GET'
    ? new Refusal(
        400,
        'no_handshake',
        `This request cannot become a WebSocket: ${reason}.`,
        'Open it with a WebSocket client, which sends Sec-WebSocket-Version: 13 and a key.',
        { 'sec-websocket-version': '13' },
      )
    : new Refusal(405, 'no_such_method', `${method} opens no WebSocket.`, 'Use GET.', { allow: 'GET' })

function lineOf(socket: WebSocket): Line {
  let onDrain: (() => void) | null = null
  const drained = () => {
    if (onDrain === null || socket.bufferedAmount > 0) return
    const listener = onDrain
    onDrain = null
    listener()
  }
  return {
    send(frame) {
      if (socket.readyState !== socket.OPEN) return true
      socket.send(frame, drained)
      return socket.bufferedAmount < HIGH_WATER
    },
    onDrain(listener) {
      onDrain = listener
    },
  }
}
