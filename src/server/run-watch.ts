/**
 * Follows the events of the board for the stations of each run that this gateway starts: ready, claimed, started, ended. The
 * board keeps whole seconds and a start takes milliseconds, so a station counts from the moment its event can be read here.
 */
import type { BoardEvent } from '../domain/event.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

export interface RunStations {
  readonly runId: number
  readonly taskId: string
  /** Monotonic milliseconds. Null for a task that was ready before this gateway began. */
  readonly readyAt: number | null
  readonly claimedAt: number
}

export interface RunListener {
  /** The task was ready, and has been claimed. */
  claimed?(run: RunStations): void
  /** Its worker has been started. */
  started?(run: RunStations, at: number): void
  ended?(run: RunStations, at: number, outcome: string): void
}

export interface RunWatchDeps {
  readonly kernel: Pick<Kernel, 'deps' | 'readEvents' | 'getLatestEventId'>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
  /** What the claims of this gateway say in their lock. */
  readonly lock: string
}

const BATCH = 500
/** Tasks that wait, and runs that go on, beyond which the oldest ones are forgotten. */
const MAX_KNOWN = 20_000

/** Events that end the run they belong to, with the outcome of those that do not name it. */
const ENDINGS: Readonly<Record<string, string>> = {
  completed: 'completed',
  blocked: 'blocked',
  review_requested: 'review',
  archived: 'reclaimed',
  reclaimed: 'reclaimed',
  crashed: 'crashed',
  timed_out: 'timed_out',
  stalled: 'stalled',
  stopped: 'stopped',
  spawn_failed: 'spawn_failed',
  protocol_violation: 'no_verdict',
}

export class RunWatch implements Disposable {
  readonly #deps: RunWatchDeps
  readonly #listeners: readonly RunListener[]
  readonly #ready = new Map<string, number>()
  readonly #runs = new Map<number, RunStations>()
  readonly #watch: Disposable
  #cursor: number | null = null
  #isReading = false
  #isDue = false
  #isOver = false

  constructor(deps: RunWatchDeps, listeners: readonly RunListener[]) {
    this.#deps = deps
    this.#listeners = listeners
    this.#watch = deps.kernel.deps.store.watch(() => this.#wake())
    this.#wake()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watch[Symbol.dispose]()
  }

  #wake(): void {
    this.#isDue = true
    if (!this.#isReading) void this.#read()
  }

  async #read(): Promise<void> {
    this.#isReading = true
    const { kernel, clock, log } = this.#deps
    try {
      this.#cursor ??= await kernel.getLatestEventId()
      while (this.#isDue && !this.#isOver) {
        this.#isDue = false
        const events: readonly BoardEvent[] = await kernel.readEvents({ after: this.#cursor, limit: BATCH })
        const at = clock.monotonicMs()
        for (const event of events) this.#take(event, at)
        this.#cursor = events.at(-1)?.id ?? this.#cursor
        if (events.length === BATCH) this.#isDue = true
      }
    } catch (error) {
      // The next wake-up reads again.
      if (!this.#isOver) log.warn('events could not be read for the metrics', { error })
    } finally {
      this.#isReading = false
    }
  }

  #take({ kind, taskId, runId, actor, payload }: BoardEvent, at: number): void {
    const isOurs = actor === 'dispatcher' && payload['lock'] === this.#deps.lock
    if (kind === 'claimed' && isOurs && runId !== null && taskId !== null) this.#claimed(runId, taskId, at)
    if (runId !== null) this.#goesOn(runId, kind, payload, at)
    if (taskId === null) return
    const status = payload['status']
    // Whoever is given a ready task late has not kept it waiting before.
    const isNowReady = status === 'ready' || (kind === 'assigned' && this.#ready.has(taskId))
    if (isNowReady) remember(this.#ready, taskId, at)
    else if (typeof status === 'string') this.#ready.delete(taskId)
  }

  #claimed(runId: number, taskId: string, at: number): void {
    const stations = { runId, taskId, readyAt: this.#ready.get(taskId) ?? null, claimedAt: at }
    remember(this.#runs, runId, stations)
    for (const listener of this.#listeners) listener.claimed?.(stations)
  }

  #goesOn(runId: number, kind: string, payload: BoardEvent['payload'], at: number): void {
    const run = this.#runs.get(runId)
    if (run === undefined) return
    if (kind === 'spawned') for (const listener of this.#listeners) listener.started?.(run, at)
    const usual = ENDINGS[kind]
    if (usual === undefined) return
    this.#runs.delete(runId)
    for (const listener of this.#listeners) listener.ended?.(run, at, textOf(payload['outcome']) ?? usual)
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > MAX_KNOWN) map.delete(map.keys().next().value as K)
}
