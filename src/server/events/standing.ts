/**
 * Connections that stay open outlive the look at their credential, so it is looked at again and again: a session that ended
 * or was revoked takes its streams with it.
 */
import type { Authenticator, Presented } from '../auth/authenticator.ts'
import type { Log } from '../../lib/log.ts'

const LOOK_AGAIN_MS = 10_000

interface Standing {
  readonly presented: Presented
  /** Ends the connection: its credential is not good any more. */
  readonly end: () => void
}

export interface StandingDeps {
  readonly authenticator: Pick<Authenticator, 'identify'>
  readonly version: () => Promise<string>
  readonly log: Log
}

export class StandingConnections implements Disposable {
  readonly #deps: StandingDeps
  readonly #open = new Set<Standing>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: StandingDeps) {
    this.#deps = deps
  }

  /** Disposing says that the connection is over. */
  add(standing: Standing): Disposable {
    this.#open.add(standing)
    this.#timer ??= setInterval(() => void this.look(), LOOK_AGAIN_MS).unref()
    return {
      [Symbol.dispose]: () => {
        this.#open.delete(standing)
        if (this.#open.size === 0) this[Symbol.dispose]()
      },
    }
  }

  /** Ends those whose credential is not good any more. */
  async look(): Promise<void> {
    try {
      const version = await this.#deps.version()
      for (const standing of this.#open)
        if ((await this.#deps.authenticator.identify(standing.presented, version)) === null) standing.end()
    } catch (error) {
      this.#deps.log.warn('credentials of open streams could not be checked; they are checked again soon', {
        error,
      })
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
