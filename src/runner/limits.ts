/**
 * How long a run may work and how long it may be silent. Only time in which the run could have made progress counts:
 * a suspended machine, a frozen virtual machine or a stopped runner costs nobody a run.
 */
import type { Clock } from '../lib/clock.ts'

export interface RunLimitsOptions {
  /** Its monotonic clock stands still while the machine is suspended. */
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Null for no limit. */
  readonly runtimeSeconds: number | null
  readonly silenceSeconds: number | null
  /** What the run has used up already, when its limits are taken over from an earlier process. */
  readonly usedSeconds?: number
  /** How often `check` will be called, at the latest. Default 1000. */
  readonly checkEveryMs?: number
}

export interface LimitHit {
  readonly limit: 'runtime' | 'silence'
  /** Of the run, or of the silence. */
  readonly elapsedSeconds: number
  readonly limitSeconds: number
}

const CHECK_EVERY_MS = 1000
/** A check this many intervals late was not delayed by load: we stood still. */
const LATE_INTERVALS = 5

export class RunLimits {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #runtimeMs: number
  readonly #silenceMs: number
  readonly #checkEveryMs: number
  #lastLookAt: number
  #usedMs: number
  #silentMs = 0

  constructor({
    clock,
    runtimeSeconds,
    silenceSeconds,
    usedSeconds = 0,
    checkEveryMs = CHECK_EVERY_MS,
  }: RunLimitsOptions) {
    this.#clock = clock
    this.#runtimeMs = runtimeSeconds === null ? Infinity : runtimeSeconds * 1000
    this.#silenceMs = silenceSeconds === null ? Infinity : silenceSeconds * 1000
    this.#checkEveryMs = checkEveryMs
    this.#lastLookAt = clock.monotonicMs()
    this.#usedMs = usedSeconds * 1000
  }

  /** Seconds of the budget used so far; keep it to resume the limits in another process. */
  get usedSeconds(): number {
    this.#charge()
    return this.#usedMs / 1000
  }

  /** The run gave a sign of life just now: output, a heartbeat, a tool call. */
  heard(): void {
    this.#charge()
    this.#silentMs = 0
  }

  /** The limit that is reached, or null. */
  check(): LimitHit | null {
    this.#charge()
    if (this.#usedMs >= this.#runtimeMs) return hit('runtime', this.#usedMs, this.#runtimeMs)
    if (this.#silentMs >= this.#silenceMs) return hit('silence', this.#silentMs, this.#silenceMs)
    return null
  }

  /** How long to wait before the next `check`, in milliseconds: to the next limit, but no longer than one interval. */
  nextCheckMs(): number {
    this.#charge()
    const left = Math.min(this.#runtimeMs - this.#usedMs, this.#silenceMs - this.#silentMs)
    return Math.max(0, Math.min(left, this.#checkEveryMs))
  }

  #charge(): void {
    const now = this.#clock.monotonicMs()
    const passed = now - this.#lastLookAt
    this.#lastLookAt = now
    if (passed <= this.#checkEveryMs * LATE_INTERVALS) {
      this.#usedMs += Math.max(0, passed)
      this.#silentMs += Math.max(0, passed)
      return
    }
    // We stood still. Whether the worker did too cannot be known, and what it printed meanwhile is not read yet.
    this.#usedMs += this.#checkEveryMs
  }
}

const hit = (limit: LimitHit['limit'], elapsedMs: number, limitMs: number): LimitHit => ({
  limit,
  elapsedSeconds: Math.floor(elapsedMs / 1000),
  limitSeconds: limitMs / 1000,
})
