import type { Clock } from './clock.ts'

/** Yields now and then every `ms` milliseconds until the signal; a turn that takes longer delays the next one. */
export async function* every(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<void> {
  while (!signal.aborted) {
    yield
    await clock.sleep(ms, { signal }).catch(() => undefined)
  }
}
