/**
 * The stream of events: one reader of the board for all clients. Being woken is only a hint; what a client is sent is read
 * from its own cursor, so a lost wake-up costs time and never an event, and a client that was away goes on where it was.
 */
import { cardView } from '../../contract/board-views.ts'
import type { StreamFrame } from '../../contract/operations/events.ts'
import { eventView } from '../../contract/views.ts'
import type { BoardChanges } from '../../kernel/board.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { applyFilter, filterKey, type EventFilter } from './filter.ts'
import type { Line, Subscriber } from './subscriber.ts'

export interface EventHubDeps {
  readonly kernel: Pick<Kernel, 'deps' | 'readChanges' | 'getLatestEventId'>
  /** Ends the streams of those who have lost the right to them by now. */
  readonly checkStanding: () => Promise<void>
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly log: Log
  /** Of this program. */
  readonly version: string
}

/** A client hears something at least this often. */
export const HEARTBEAT_SECONDS = 8
/** Events read at a time. */
const BATCH = 500
/** A client that is further behind draws the board anew: that is less than what it would be sent. */
export const MAX_REPLAY = 5_000

export class EventHub implements Disposable {
  readonly #deps: EventHubDeps
  readonly #subscribers = new Set<Subscriber>()
  #watch: Disposable | undefined
  #heart: NodeJS.Timeout | undefined
  /** The last event everybody who is not behind has. */
  #cursor = 0
  #isReading = false
  #isDue = false
  #lagMs = 0

  constructor(deps: EventHubDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#subscribers.size
  }

  /** How long the last change took from the wake-up until it was handed to every client, in milliseconds. */
  get lagMs(): number {
    return this.#lagMs
  }

  /**
   * A client comes in; from `since` on, or from now. It is greeted, and then sent every event after its cursor, once and in
   * order. Disposing ends it.
   */
  async subscribe(line: Line, filter: EventFilter, since: number | null): Promise<Disposable> {
    const latest = await this.#deps.kernel.getLatestEventId()
    const subscriber: Subscriber = {
      line,
      filter,
      filterKey: filterKey(filter),
      cursor: since ?? latest,
      state: 'behind',
    }
    this.#subscribers.add(subscriber)
    this.#start(latest)
    this.#send(subscriber, {
      type: 'hello',
      ...this.#empty(subscriber),
      version: this.#deps.version,
      board: this.#deps.kernel.deps.store.boardId,
      heartbeat_seconds: HEARTBEAT_SECONDS,
      now: this.#deps.clock.now(),
    })
    // A cursor from the future is of another board, or of this one before a backup was restored.
    if (subscriber.cursor > latest) this.#resync(subscriber, latest, 'your cursor is ahead of this board')
    if (subscriber.state === 'behind') void this.#catchUp(subscriber)
    return { [Symbol.dispose]: () => this.#leave(subscriber) }
  }

  [Symbol.dispose](): void {
    for (const subscriber of this.#subscribers) this.#leave(subscriber)
    this.#stop()
  }

  #start(latest: number): void {
    if (this.#watch !== undefined) return
    this.#cursor = latest
    this.#watch = this.#deps.kernel.deps.store.watch(() => this.#wake())
    this.#heart = setInterval(() => this.#beat(), HEARTBEAT_SECONDS * 1000).unref()
    // What was committed before the watch began wakes nobody.
    this.#wake()
  }

  #stop(): void {
    this.#watch?.[Symbol.dispose]()
    this.#watch = undefined
    clearInterval(this.#heart)
  }

  #leave(subscriber: Subscriber): void {
    subscriber.state = 'gone'
    if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#stop()
  }

  #wake(): void {
    this.#isDue = true
    if (!this.#isReading) void this.#read()
  }

  async #read(): Promise<void> {
    this.#isReading = true
    try {
      while (this.#isDue && this.#subscribers.size > 0) {
        this.#isDue = false
        const startedAt = this.#deps.clock.monotonicMs()
        const after = this.#cursor
        const changes = await this.#readAfter(after)
        // All clients left while it was read, and one that came in since began elsewhere.
        if (this.#cursor !== after) continue
        const last = changes.events.at(-1)?.id
        if (last === undefined) continue
        if (changes.events.length === BATCH) this.#isDue = true
        this.#deliver(changes, last)
        this.#lagMs = this.#deps.clock.monotonicMs() - startedAt
      }
    } catch (error) {
      // The next wake-up reads again, or the next heartbeat.
      this.#isDue = true
      this.#deps.log.warn('events could not be read for the stream', { error })
    } finally {
      this.#isReading = false
    }
  }

  /** Whoever lost the right to listen before one of these events was committed is gone when it gives them. */
  async #readAfter(cursor: number): Promise<BoardChanges> {
    const changes = await this.#deps.kernel.readChanges({ after: cursor, limit: BATCH })
    if (changes.events.length > 0) await this.#deps.checkStanding()
    return changes
  }

  #deliver(changes: BoardChanges, last: number): void {
    const before = this.#cursor
    this.#cursor = last
    const frames = new Map<string, string | null>()
    for (const subscriber of this.#subscribers) {
      if (subscriber.state !== 'live') continue
      if (subscriber.cursor !== before) {
        // It came in with a cursor that was ahead of ours.
        if (subscriber.cursor < last) void this.#catchUp(subscriber)
        continue
      }
      subscriber.cursor = last
      let frame = frames.get(subscriber.filterKey)
      if (frame === undefined) {
        frame = frameOf(changes, subscriber.filter, last)
        frames.set(subscriber.filterKey, frame)
      }
      if (frame !== null) this.#hand(subscriber, frame, 'events')
    }
  }

  /** Reads from the client's own cursor until it has what everybody has. */
  async #catchUp(subscriber: Subscriber): Promise<void> {
    subscriber.state = 'behind'
    // Whatever is handed over may find the client too slow, or gone.
    const isBehind = () => subscriber.state === 'behind'
    try {
      for (;;) {
        const target = this.#cursor
        if (target - subscriber.cursor > MAX_REPLAY)
          this.#resync(subscriber, target, 'too much has happened since')
        if (!isBehind()) return
        // Compared and joined without a pause in between, so nothing can slip through.
        if (subscriber.cursor >= target) {
          subscriber.state = 'live'
          return
        }
        const changes = await this.#readAfter(subscriber.cursor)
        if (!isBehind()) return
        subscriber.cursor = changes.events.at(-1)?.id ?? target
        const frame = frameOf(changes, subscriber.filter, subscriber.cursor)
        if (frame !== null) this.#hand(subscriber, frame, 'events')
      }
    } catch (error) {
      this.#deps.log.warn('events could not be read for a client of the stream', { error })
      if (!isBehind()) return
      subscriber.state = 'live'
      this.#resync(subscriber, this.#cursor, 'the board could not be read')
    }
  }

  #resync(subscriber: Subscriber, cursor: number, reason: string): void {
    subscriber.cursor = cursor
    this.#send(subscriber, { type: 'resync', events: [], cursor, reason })
  }

  #beat(): void {
    if (this.#isDue) this.#wake()
    const now = this.#deps.clock.now()
    for (const subscriber of this.#subscribers) {
      if (subscriber.state === 'live')
        this.#send(subscriber, { type: 'ping', ...this.#empty(subscriber), now })
    }
  }

  #empty({ cursor }: Subscriber): { events: []; cursor: number } {
    return { events: [], cursor }
  }

  #send(subscriber: Subscriber, frame: StreamFrame): void {
    this.#hand(subscriber, JSON.stringify(frame), frame.type)
  }

  /** A client that is too slow for the moment goes on from its cursor once it has taken what it was given. */
  #hand(subscriber: Subscriber, frame: string, type: StreamFrame['type']): void {
    if (subscriber.line.send(frame, { type, cursor: subscriber.cursor })) return
    subscriber.state = 'slow'
    subscriber.line.onDrain(() => {
      if (subscriber.state === 'slow') void this.#catchUp(subscriber)
    })
  }
}

/** Null when nothing in the batch concerns such a client. */
function frameOf(changes: BoardChanges, filter: EventFilter, cursor: number): string | null {
  const { events, cards, left } = applyFilter(filter, changes)
  if (events.length === 0) return null
  const frame: StreamFrame = {
    type: 'events',
    events: events.map(eventView),
    cursor,
    cards: cards.map(cardView),
    left: [...left],
  }
  return JSON.stringify(frame)
}
