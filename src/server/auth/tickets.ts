/** Tickets for clients that cannot send a header with a WebSocket: good once, for half a minute, in this process only. */
import type { Clock } from '../../lib/clock.ts'
import { hashSecret, newSecret } from '../../lib/ids.ts'
import type { Presented } from './authenticator.ts'

const TICKET_SECONDS = 30
const MAX_TICKETS = 10_000

export class Tickets {
  readonly #clock: Pick<Clock, 'now'>
  readonly #open = new Map<string, { readonly presented: Presented; readonly expiresAt: number }>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  issue(presented: Presented): { ticket: string; expires_at: number } {
    const now = this.#clock.now()
    for (const [hash, { expiresAt }] of this.#open) {
      if (expiresAt > now && this.#open.size < MAX_TICKETS) break
      this.#open.delete(hash)
    }
    const ticket = newSecret()
    const expiresAt = now + TICKET_SECONDS
    this.#open.set(hashSecret(ticket), { presented, expiresAt })
    return { ticket, expires_at: expiresAt }
  }

  /** What it was issued for; null when it is none that is good now. */
  redeem(ticket: string): Presented | null {
    const hash = hashSecret(ticket)
    const found = this.#open.get(hash)
    this.#open.delete(hash)
    return found !== undefined && found.expiresAt > this.#clock.now() ? found.presented : null
  }
}
