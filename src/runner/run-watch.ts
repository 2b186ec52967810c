/** Minds a worker while it runs: its lease, its limits, what the board says of its run, and its end with everything it started. */
import type { RunCapability } from '../domain/actor.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { LeaseAnswer } from '../kernel/run-lease.ts'
import type { Clock } from '../lib/clock.ts'
import type { TreeEnding } from '../lib/process-tree.ts'
import type { StopCause } from './classify-ending.ts'
import type { AgentDriver } from './drivers/driver.ts'
import type { RunLimits } from './limits.ts'
import type { RunSpec } from './run-spec.ts'
import type { WorkerEnding, WorkerProcess } from './worker-process.ts'

/** How long a worker that has reported may take to leave by itself, in milliseconds. */
const WIND_DOWN_MS = 10_000
/** How long a worker may take to leave once its conversation is over, in milliseconds. */
const LEAVE_MS = 2_000
/** The board is told again that the worker has started, in milliseconds. */
const ANNOUNCE_EVERY_MS = 1_000
/** Tries to end a tree that will not end wait this long between them. */
const STUBBORN_MS = 1_000

interface RunWatchOptions {
  readonly spec: RunSpec
  readonly kernel: Kernel
  readonly clock: Clock
  readonly limits: RunLimits
  readonly capability: RunCapability
  readonly worker: WorkerProcess
  /** Of an agent. */
  readonly driver: AgentDriver | null
}

/** Minds one worker until its whole tree is gone. */
export class RunWatch {
  readonly #options: RunWatchOptions
  readonly #done = new AbortController()
  #cause: StopCause | null = null
  #over: StopCause | null = null
  #renewedAt: number
  #heartbeatAt: number | null = null
  #reportedAt: number | null = null
  #isAsking = false

  constructor(options: RunWatchOptions) {
    this.#options = options
    this.#renewedAt = options.clock.monotonicMs()
  }

  /** Ends the worker; the first cause stays. */
  end(cause: StopCause): void {
    const { worker, driver, spec } = this.#options
    const first = this.#cause === null
    this.#cause ??= cause
    const terminate = () =>
      worker.terminate({
        because: this.#cause?.kind ?? cause.kind,
        graceMs: spec.limits.graceSeconds * 1000,
      })
    if (!first || driver === null) void terminate()
    else void driver.stopping().finally(() => void terminate())
  }

  /** Nothing more is to be said to the worker, whose input was closed: it may leave by itself. */
  over(failure: string | null): void {
    const over: StopCause = { kind: 'over', failure }
    this.#over = over
    void this.#options.clock.sleep(LEAVE_MS, { signal: this.#done.signal }).then(
      () => this.end(over),
      () => undefined,
    )
  }

  /** Looks at the board now: was the run stopped, or has its worker reported? Questions asked meanwhile are one question. */
  ask(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    void this.#options.kernel
      .askLease(this.#options.capability)
      .then((answer) => this.#heed(answer))
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false
      })
  }

  /** Tells the board which process works on the run; a board that cannot be told now is told later, and the worker minded meanwhile. */
  async announce(): Promise<void> {
    const { clock, kernel, capability, worker } = this.#options
    const signal = this.#done.signal
    while (!signal.aborted) {
      try {
        if (!(await kernel.recordSpawn(capability, worker.identity)))
          this.end({ kind: 'asked', reason: 'the run had ended before its worker started' })
        return
      } catch (error) {
        console.error('the board could not be told that the worker has started; it is tried again', error)
        await clock.sleep(ANNOUNCE_EVERY_MS, { signal }).catch(() => undefined)
      }
    }
  }

  async untilEnded(): Promise<{ ending: WorkerEnding; cause: StopCause | null }> {
    void this.#mind()
    const ending = await this.#options.worker.ended
    let tree: TreeEnding = ending
    // The board hears nothing before the tree is proven gone: its next run must find nobody at work.
    while (!tree.gone) {
      await this.#options.clock.sleep(STUBBORN_MS)
      tree = await this.#options.worker.terminate({ because: 'survivors', graceMs: 0 })
      await this.#renewIfDue()
    }
    this.#done.abort()
    // How a program leaves that is not needed any more says nothing.
    return { ending: { ...ending, ...tree }, cause: this.#cause ?? this.#over }
  }

  async #mind(): Promise<void> {
    const { clock, limits } = this.#options
    const signal = this.#done.signal
    for (;;) {
      const slept = await clock.sleep(Math.max(50, limits.nextCheckMs()), { signal }).then(
        () => true,
        () => false,
      )
      if (!slept) return
      await this.#renewIfDue()
      await this.#checkLimits()
      if (this.#reportedAt !== null && clock.monotonicMs() - this.#reportedAt > WIND_DOWN_MS)
        this.end({ kind: 'reported' })
    }
  }

  async #checkLimits(): Promise<void> {
    const { limits, kernel, capability } = this.#options
    const hit = limits.check()
    if (hit === null || this.#cause !== null || this.#reportedAt !== null) return
    if (hit.limit === 'silence') {
      // A heartbeat that was sent since the last renewal counts as a sign of life.
      await kernel.askLease(capability).then(
        (answer) => this.#heed(answer),
        () => undefined,
      )
      if (limits.check() === null) return
    }
    this.end({ kind: hit.limit, limitSeconds: hit.limitSeconds })
  }

  async #renewIfDue(): Promise<void> {
    const { clock, kernel, capability, spec } = this.#options
    const leaseMs = spec.policy.leaseSeconds * 1000
    if (clock.monotonicMs() - this.#renewedAt < leaseMs / 3) return
    try {
      this.#heed(await kernel.renewLease(capability))
      this.#renewedAt = clock.monotonicMs()
    } catch {
      // On one machine nobody takes over a run whose runner lives. Where hosts share a board another one may, once the
      // lease has run out: the worker must be gone by then.
      if (spec.board.kind === 'postgres' && clock.monotonicMs() - this.#renewedAt > leaseMs * 0.8)
        this.end({ kind: 'lease_lost' })
    }
  }

  #heed({ open, stop, lastHeartbeatAt, hasMail }: LeaseAnswer): void {
    if (lastHeartbeatAt !== this.#heartbeatAt) {
      this.#heartbeatAt = lastHeartbeatAt
      this.#options.limits.heard()
    }
    if (stop !== null && open) this.end({ kind: 'asked', reason: `stopped by ${stop.actor}: ${stop.reason}` })
    else if (!open) this.#reportedAt ??= this.#options.clock.monotonicMs()
    else if (hasMail) this.#options.driver?.mail()
  }
}
