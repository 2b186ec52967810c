/** Time, passed in so that tests can move it. */

export interface Clock {
  /** Wall-clock time in whole unix seconds: for records and for deadlines other hosts must agree on. */
  now(): number
  /** Milliseconds of a clock that never jumps and stands still while the machine is suspended: for durations and limits. */
  monotonicMs(): number
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>
}

export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  // CLOCK_MONOTONIC on Linux and mach_absolute_time on macOS: both exclude the time spent suspended.
  // Not performance.now(): its module takes most of a millisecond to load, in every command.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
