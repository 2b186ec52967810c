/** Runs passes for as long as it is let: at once when something happened, at the latest after the interval. */
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { Health } from './health.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { DispatchSettings } from './settings.ts'

export interface LoopDeps {
  readonly clock: Clock
  readonly log: Log
  readonly settings: () => DispatchSettings
  /** The board's clock, which holds are measured by. */
  readonly boardNow: () => Promise<number>
  readonly onPass: (pass: { readonly at: number; readonly problems: readonly string[] }) => void
  /** Told of every pass that is over. */
  readonly onPassTaken: (pass: PassTaken) => void
}

export interface PassTaken {
  readonly ms: number
  readonly isFailed: boolean
  /** Runs it opened. */
  readonly started: number
}

/** Runs that this process did not start are looked at this often: nobody announces that their runner was killed. */
const OTHERS_EVERY_MS = 2_000
/** After a pass that failed the next one waits, longer each time. */
const FAILED_MS = { first: 500, most: 30_000 } as const
/** A pass that takes longer is stuck. */
const STUCK_PASS_MS = 60_000

export class DispatchLoop {
  readonly #deps: LoopDeps
  readonly #health = new Health()
  #woken = false
  #wakeUp: (() => void) | null = null
  #passStartedAt: number | null = null
  #failures = 0

  constructor(deps: LoopDeps) {
    this.#deps = deps
  }

  /** Something happened: look soon. Cheap, and any number of calls makes one pass. */
  readonly wake = (): void => {
    this.#woken = true
    this.#wakeUp?.()
  }

  async run(dispatcher: Dispatcher, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const watchdog = setInterval(() => this.#lookAfterPass(), STUCK_PASS_MS / 2)
    watchdog.unref()
    signal.addEventListener('abort', this.wake, { once: true })
    try {
      while (!signal.aborted) {
        this.#woken = false
        await this.#pass(dispatcher)
        if (!signal.aborted) await this.#rest(await this.#restMs(dispatcher))
      }
    } finally {
      clearInterval(watchdog)
      signal.removeEventListener('abort', this.wake)
    }
  }

  async #pass(dispatcher: Dispatcher): Promise<void> {
    const { clock, log, onPass, onPassTaken } = this.#deps
    const startedAt = (this.#passStartedAt = clock.monotonicMs())
    const taken = { isFailed: true, started: 0 }
    try {
      const report = await dispatcher.pass()
      this.#failures = 0
      taken.isFailed = false
      taken.started = report.spawned.length
      const warning = this.#health.pass(clock.now(), {
        ...dispatcher.outlook,
        started: report.spawned.length,
      })
      if (warning !== null) log.warn(warning)
      onPass({ at: clock.now(), problems: this.#health.problems })
    } catch (error) {
      this.#failures++
      const message = error instanceof Error ? error.message : String(error)
      log.error(`a dispatcher pass failed; the next one retries: ${message}`, { error })
      onPass({ at: clock.now(), problems: [`the last pass failed: ${message}`] })
    } finally {
      this.#passStartedAt = null
      onPassTaken({ ...taken, ms: clock.monotonicMs() - startedAt })
    }
  }

  /** Milliseconds until the next pass when nothing happens meanwhile. */
  async #restMs(dispatcher: Dispatcher): Promise<number> {
    const intervalMs = this.#deps.settings().intervalSeconds * 1000
    if (this.#failures > 0)
      return Math.min(intervalMs, FAILED_MS.most, FAILED_MS.first * 2 ** Math.min(this.#failures - 1, 10))
    const waits = [intervalMs]
    if (dispatcher.others > 0) waits.push(OTHERS_EVERY_MS)
    if (dispatcher.nextEnd !== null) {
      const now = await this.#deps.boardNow().catch(() => this.#deps.clock.now())
      waits.push(Math.max(0, (dispatcher.nextEnd - now) * 1000) + 50)
    }
    return Math.min(...waits)
  }

  async #rest(ms: number): Promise<void> {
    if (this.#woken && this.#failures === 0) return
    const rested = new AbortController()
    const woken = new Promise<void>((resolve) => {
      this.#wakeUp = this.#failures === 0 ? resolve : null
    })
    await Promise.race([woken, this.#deps.clock.sleep(ms, { signal: rested.signal }).catch(() => undefined)])
    this.#wakeUp = null
    rested.abort()
  }

  /** Outside the loop, so that it notices when the loop stands still. */
  #lookAfterPass(): void {
    const startedAt = this.#passStartedAt
    if (startedAt === null) return
    const ms = this.#deps.clock.monotonicMs() - startedAt
    if (ms < STUCK_PASS_MS) return
    const problem = `a pass has been under way for ${Math.round(ms / 1000)} s`
    this.#deps.log.error(problem)
    this.#deps.onPass({ at: this.#deps.clock.now() - Math.round(ms / 1000), problems: [problem] })
  }
}
