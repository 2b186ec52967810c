/**
 * Failed attempts to come in, by where they come from. Secrets here have 256 random bits, so guessing is hopeless and a right
 * one is never turned away, however many wrong ones its neighbour on the same address has tried; this only keeps guessing
 * from costing us anything.
 */
import type { Clock } from '../../lib/clock.ts'

const ALLOWED = 10
const WINDOW_MS = 60_000
const MAX_ADDRESSES = 5_000

export class Throttle {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #failures = new Map<string, { count: number; readonly since: number }>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Counts a failed attempt; gives the seconds to wait when there were too many, else null. */
  failed(address: string): number | null {
    const now = this.#clock.monotonicMs()
    const known = this.#failures.get(address)
    const entry = known === undefined || now - known.since > WINDOW_MS ? { count: 0, since: now } : known
    entry.count += 1
    // Put back at the end, so that the first ones are those that were quiet for longest.
    this.#failures.delete(address)
    this.#failures.set(address, entry)
    if (this.#failures.size > MAX_ADDRESSES) this.#failures.delete(this.#failures.keys().next().value ?? '')
    return entry.count <= ALLOWED ? null : Math.max(1, Math.ceil((entry.since + WINDOW_MS - now) / 1000))
  }
}
