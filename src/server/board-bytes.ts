/**
 * The board as bytes, made once and sent to everybody until it changes. A commit by anybody makes the next reader pay for
 * a new one; so does the next second, because the board says how old its cards are.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { newSecret } from '../lib/ids.ts'

interface Entry {
  readonly version: string
  readonly second: number
  readonly bytes: Promise<Uint8Array>
}

/** Different questions that are remembered at a time. */
const MAX_ENTRIES = 8
/** Megabytes nobody has asked for in a while are given back. */
const IDLE_MS = 30_000

export class BoardBytes implements Disposable {
  readonly #clock: Pick<Clock, 'now'>
  readonly #entries = new Map<string, Entry>()
  // Versions of the board count from the start of this process, so a tag of an earlier one must never match.
  readonly #nonce = newSecret()
  #idle: NodeJS.Timeout | undefined

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Tells two states of the board apart; weak, because ages go on growing while nothing changes. */
  tag(version: string): string {
    return `W/"${createHash('sha256').update(`${this.#nonce} ${version}`).digest('base64url').slice(0, 22)}"`
  }

  /** `make` must read the board after it was called. */
  get(question: string, version: string, make: () => Promise<unknown>): Promise<Uint8Array> {
    this.#rest()
    const second = this.#clock.now()
    const known = this.#entries.get(question)
    if (known !== undefined && known.version === version && known.second === second) return known.bytes
    const bytes = make().then((board) => Buffer.from(JSON.stringify(board)))
    this.#entries.delete(question)
    this.#entries.set(question, { version, second, bytes })
    if (this.#entries.size > MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value ?? '')
    bytes.catch(() => this.#entries.delete(question))
    return bytes
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle)
    this.#entries.clear()
  }

  #rest(): void {
    if (this.#idle !== undefined) return void this.#idle.refresh()
    this.#idle = setTimeout(() => {
      this.#idle = undefined
      this.#entries.clear()
    }, IDLE_MS).unref()
  }
}
