/** Rings are not counted: one that came while nobody waited ends the next wait at once. */
export class Bell {
  readonly #signal: AbortSignal
  #isRung = false
  #wake: () => void = () => {}

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.ring(), { once: true })
  }

  ring(): void {
    this.#isRung = true
    this.#wake()
  }

  /** Until it rings or the signal aborts, at most `ms` milliseconds. */
  async wait(ms?: number): Promise<void> {
    if (!this.#isRung && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#isRung = false
  }
}
