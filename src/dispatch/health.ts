/** Notices what nobody would notice: work that could start and does not, and a loop that stands still. */

/** Passes with admissible work and free capacity but no start, before a warning. */
const STUCK_PASSES = 6
/** At most one warning in this many seconds. */
const WARN_EVERY_SECONDS = 300
/** Passes come in bursts when much happens; one per this many seconds counts. */
const COUNT_EVERY_SECONDS = 1

export interface Outlook {
  readonly admissible: number
  readonly free: number
  readonly started: number
}

export class Health {
  #stuckPasses = 0
  #countedAt = Number.NEGATIVE_INFINITY
  #warnedAt = Number.NEGATIVE_INFINITY
  #problem: string | null = null

  /** What is wrong right now. */
  get problems(): readonly string[] {
    return this.#problem === null ? [] : [this.#problem]
  }

  /** Takes note of a pass at `now` (unix seconds); gives a warning when one is due. */
  pass(now: number, { admissible, free, started }: Outlook): string | null {
    if (admissible === 0 || free <= 0 || started > 0) {
      this.#stuckPasses = 0
      this.#problem = null
      return null
    }
    if (now - this.#countedAt >= COUNT_EVERY_SECONDS) {
      this.#countedAt = now
      this.#stuckPasses++
    }
    if (this.#stuckPasses < STUCK_PASSES) return null
    this.#problem = `${admissible} cards could run and ${free} slots are free, but none was started in ${this.#stuckPasses} passes`
    if (now - this.#warnedAt < WARN_EVERY_SECONDS) return null
    this.#warnedAt = now
    return this.#problem
  }
}
