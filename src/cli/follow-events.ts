/** Events as they happen: woken by the board's changes, read from a cursor of our own, so that nothing is missed or said twice. */
import type { BoardEvent } from '../domain/event.ts'
import { isYardError } from '../domain/errors.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { Bell } from './bell.ts'
import type { Aside } from './command.ts'

type EventFilter = Omit<Parameters<Kernel['readEvents']>[0], 'after' | 'limit' | 'newestFirst'>

export interface FollowOptions {
  readonly filter: EventFilter
  /** Events after this one. */
  readonly after: number
  readonly signal: AbortSignal
}

const BATCH = 500
/** After a read that failed, in milliseconds. */
const RETRY_MS = 1_000

export async function* followEvents(
  kernel: Kernel,
  { filter, after, signal }: FollowOptions,
): AsyncIterable<BoardEvent | Aside> {
  const bell = new Bell(signal)
  using _ = kernel.deps.store.watch(() => bell.ring())
  let cursor = after
  let isTroubled = false
  while (!signal.aborted) {
    let page: Awaited<ReturnType<Kernel['readEventPage']>>
    try {
      page = await kernel.readEventPage({ ...filter, after: cursor, limit: BATCH })
      isTroubled = false
    } catch (error) {
      if (!isYardError(error) || error.kind !== 'unavailable') throw error
      if (!isTroubled) yield { warning: `${error.message} Going on as soon as it can be read again.` }
      isTroubled = true
      await bell.wait(RETRY_MS)
      continue
    }
    yield* page.events
    cursor = page.cursor
    if (page.events.length < BATCH) await bell.wait()
  }
}
