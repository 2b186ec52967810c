/**
 * Connections that stay open outlive the look at their credential, so it is looked at again whenever the board changes: a
 * token or session that was revoked, by whichever process, takes its streams with it.
 */
import type { Authenticator, Presented } from '../auth/authenticator.ts'
import type { Log } from '../../lib/log.ts'

/** For what ends without a change of the board: a date that has come, a file that was replaced. */
const LOOK_AGAIN_MS = 10_000

interface Standing {
  readonly presented: Presented
  /** Ends the connection: its credential is not good any more. */
  readonly end: () => void
}

export interface StandingDeps {
  readonly authenticator: Pick<Authenticator, 'findLapsed'>
  readonly watch: (listener: () => void) => Disposable
  readonly log: Log
}

export class StandingConnections implements Disposable {
  readonly #deps: StandingDeps
  readonly #open = new Set<Standing>()
  #timer: NodeJS.Timeout | undefined
  #watch: Disposable | undefined
  #last: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(deps: StandingDeps) {
    this.#deps = deps
  }

  /** Disposing says that the connection is over. */
  add(standing: Standing): Disposable {
    this.#open.add(standing)
    const lookAgain = () => void this.look().catch((error: unknown) => this.#warn(error))
    this.#timer ??= setInterval(lookAgain, LOOK_AGAIN_MS).unref()
    this.#watch ??= this.#deps.watch(lookAgain)
    // It may have ended since it was let in.
    lookAgain()
    return {
      [Symbol.dispose]: () => {
        this.#open.delete(standing)
        if (this.#open.size === 0) this[Symbol.dispose]()
      },
    }
  }

  /**
   * Ends those whose credential is not good any more; throws when that cannot be told. The look begins after it was asked
   * for, so nothing that was read before is told to anybody who had lost the right to it by then.
   */
  look(): Promise<void> {
    // Whoever asks while one is under way shares the next one.
    return (this.#next ??= this.#last.then(() => {
      this.#next = undefined
      const look = this.#look()
      this.#last = look.catch(() => undefined)
      return look
    }))
  }

  async #look(): Promise<void> {
    const held = [...this.#open]
    const lapsed = await this.#deps.authenticator.findLapsed(
      new Set(held.map(({ presented }) => presented.secret)),
    )
    for (const { presented, end } of held) {
      if (!lapsed.has(presented.secret)) continue
      try {
        end()
      } catch (error) {
        this.#deps.log.error('a stream whose credential has ended could not be closed', { error })
      }
    }
  }

  #warn(error: unknown): void {
    this.#deps.log.warn('credentials of open streams could not be checked; they are checked again soon', {
      error,
    })
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
  }
}
