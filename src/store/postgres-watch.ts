/**
 * The change feed of PostgreSQL: one connection that listens, shared by all listeners of a store. A notification that was
 * missed while it was not connected costs nothing but time: whenever it connects, every listener is woken once.
 */
import type { Client } from 'pg'
import type { Clock } from '../lib/clock.ts'
import { randomBetween } from '../lib/ids.ts'
import type { ChangeListener } from './connection.ts'

export interface PostgresWatchOptions {
  /** A new connection, not yet connected. */
  readonly connect: () => Client
  readonly channel: string
  readonly clock: Clock
}

const RECONNECT_MS = { first: 100, most: 5_000 } as const
/** A dead peer behind a firewall says nothing: only asking finds out. */
const PING_MS = 15_000
const PING_TIMEOUT_MS = 10_000

export class PostgresWatch {
  readonly #options: PostgresWatchOptions
  readonly #listeners = new Set<ChangeListener>()
  #abort: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: PostgresWatchOptions) {
    this.#options = options
  }

  watch(listener: ChangeListener): Disposable {
    // Two watches with the same function are two: each is disposed of by itself.
    const own: ChangeListener = () => listener()
    this.#listeners.add(own)
    if (this.#abort === undefined) {
      const abort = (this.#abort = new AbortController())
      this.#running = this.#running.then(() => this.#run(abort.signal))
    }
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(own)
        if (this.#listeners.size === 0) this.#stop()
      },
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#stop()
    await this.#running
  }

  #stop(): void {
    this.#abort?.abort()
    this.#abort = undefined
  }

  #wake(): void {
    for (const listener of this.#listeners) listener()
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const connectedAt = this.#options.clock.monotonicMs()
      await this.#listen(signal)
      if (signal.aborted) return
      failures = this.#options.clock.monotonicMs() - connectedAt > RECONNECT_MS.most ? 0 : failures + 1
      const pause = Math.min(RECONNECT_MS.most, RECONNECT_MS.first * 2 ** failures)
      await this.#options.clock.sleep(randomBetween(pause / 2, pause), { signal }).catch(() => undefined)
    }
  }

  /** Listens until the connection breaks or the signal aborts. */
  async #listen(signal: AbortSignal): Promise<void> {
    const client = this.#options.connect()
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
    const end = () => void client.end().catch(() => undefined)
    signal.addEventListener('abort', end, { once: true })
    let ping: NodeJS.Timeout | undefined
    try {
      await client.connect()
      client.on('notification', () => this.#wake())
      await client.query(`listen ${client.escapeIdentifier(this.#options.channel)}`)
      this.#wake()
      ping = setInterval(() => {
        const asked: { text: string; query_timeout: number } = {
          text: 'select 1',
          query_timeout: PING_TIMEOUT_MS,
        }
        client.query(asked).catch(end)
      }, PING_MS)
      ping.unref()
      await ended
    } catch {
      end()
    } finally {
      clearInterval(ping)
      signal.removeEventListener('abort', end)
    }
  }
}
