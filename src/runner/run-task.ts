/**
 * The life of one run in its own process: report for duty, start the worker, keep the lease, mind the limits, and end the
 * whole tree on every ending before the board hears of it.
 */
import type { AgentTask } from '../agents/agent.ts'
import type { RunCapability } from '../domain/actor.ts'
import type { RunEnding } from '../domain/run.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { LeaseAnswer } from '../kernel/run-lease.ts'
import type { Clock } from '../lib/clock.ts'
import { ownIdentity } from '../lib/process-identity.ts'
import type { TreeEnding } from '../lib/process-tree.ts'
import type { AgentDriver, AgentWords, Turn } from './drivers/driver.ts'
import { classifyEnding, startFailureEnding, type StopCause } from './classify-ending.ts'
import { workerEnvironment } from './clean-environment.ts'
import { RunLimits } from './limits.ts'
import { RunLog } from './run-log.ts'
import { markerOf, type RunSpec } from './run-spec.ts'
import { SecretMask } from './secret-mask.ts'
import type { StartFailure } from './start-failure.ts'
import type { RunTools } from './serve-tools.ts'
import { WorkerProcess, type WorkerEnding } from './worker-process.ts'

/** How long a worker that has reported may take to leave by itself, in milliseconds. */
const WIND_DOWN_MS = 10_000
/** How long a worker may take to leave once its conversation is over, in milliseconds. */
const LEAVE_MS = 2_000
/** Lines of output kept as the result of a script and as the last words of a failure. */
const LAST_LINES = 40
const LAST_BYTES = 4_096
/** How often limits are looked at, in milliseconds. */
const CHECK_EVERY_MS = 1_000
/** The board is told again that the worker has started, in milliseconds. */
const ANNOUNCE_EVERY_MS = 1_000
/** Tries to end a tree that will not end wait this long between them. */
const STUBBORN_MS = 1_000

const NOTHING_STARTED = {
  exitCode: null,
  signal: null,
  limit: null,
  lastLines: null,
  elapsedSeconds: null,
  killed: false,
} as const

export interface RunTask {
  readonly spec: RunSpec
  readonly kernel: Kernel
  readonly clock: Clock
  /** The environment the worker's own is made from. */
  readonly parentEnv: NodeJS.ProcessEnv
  readonly hints: RunHints
}

/** What reaches a runner from outside. Both are hints: the board says what they mean. */
export interface RunHints {
  /** Somebody changed something about this run. */
  onPoke(listener: () => void): void
  /** This process is asked to end. */
  onTold(listener: () => void): void
}

/** What to tell the board; null when the board no longer waits for this run. */
export async function runTask(task: RunTask): Promise<RunEnding | null> {
  const { spec, kernel } = task
  const capability = { runId: spec.runId, secret: spec.secret }
  switch (await kernel.startRun(capability, ownIdentity(), spec.heard)) {
    case 'ended':
      return null
    case 'paused':
      return {
        outcome: 'reclaimed',
        error: 'a pause came before the worker started',
        evidence: NOTHING_STARTED,
      }
    case 'stopped':
      return { outcome: 'stopped', error: null, evidence: NOTHING_STARTED }
    case 'go':
      return startWorker(task, capability)
  }
}

async function startWorker(task: RunTask, capability: RunCapability): Promise<RunEnding> {
  const { spec, clock, parentEnv } = task
  const keepChanges = spec.snapshot === null ? null : loadSnapshot(spec.snapshot)
  const { env, secrets } = workerEnvironment({
    parent: parentEnv,
    allow: spec.environment.allow,
    add: spec.environment.add,
  })
  const path = [env['PATH'], ...spec.environment.path].filter(Boolean).join(':')
  const limits = new RunLimits({
    clock,
    runtimeSeconds: spec.limits.runtimeSeconds,
    silenceSeconds: spec.limits.silenceSeconds,
    checkEveryMs: CHECK_EVERY_MS,
  })
  let mask = new SecretMask([...secrets, spec.secret])
  const board: BoardLine = { mask: (text) => mask.maskText(text), heard: () => limits.heard(), ask: () => {} }
  const tools = spec.agent?.cli.tools === 'mcp' ? await openTools(task, spec.agent, capability, board) : null
  if (tools !== null && 'failure' in tools) return startFailureEnding(tools.failure)
  if (tools !== null) mask = new SecretMask([...secrets, spec.secret, tools.token])
  const log = RunLog.open(spec.logPath, { mask, clock })
  const started = { task, capability, env: { ...env, PATH: path }, mask, log, limits, board }
  try {
    const { ending, words } = spec.agent === null ? await runScript(started) : await runAgent(started, tools)
    if ('failure' in ending)
      return startFailureEnding({ ...ending.failure, message: mask.maskText(ending.failure.message) })
    const seen = {
      exitCode: ending.exitCode,
      signal: ending.signal,
      killed: ending.killed,
      cause: ending.cause,
      elapsedSeconds: Math.round(limits.usedSeconds),
      lastLines: words?.lastWords ?? log.lastLines(LAST_LINES, LAST_BYTES),
      words,
    }
    const classified = classifyEnding(spec, seen)
    return keepChanges === null || classified.outcome === 'completed'
      ? classified
      : await keepChanges(spec.cwd, classified)
  } finally {
    log.close()
  }
}

/** Between the tools a run serves and whoever minds its worker. */
interface BoardLine {
  readonly mask: (text: string) => string
  readonly heard: () => void
  /** The worker may have given its verdict. */
  ask: () => void
}

async function openTools(
  { spec, kernel }: RunTask,
  { orchestrator, places }: AgentTask,
  capability: RunCapability,
  line: BoardLine,
): Promise<RunTools | { readonly failure: StartFailure }> {
  try {
    // Loaded here: scripts must not pay for what only agents need.
    const { serveRunTools } = await import('./serve-tools.ts')
    return await serveRunTools({
      kernel,
      capability,
      taskId: spec.taskId,
      profile: spec.profile,
      workspace: spec.cwd,
      orchestrator,
      attachments: {
        folder: places.attachments,
        ...(places.maxAttachmentBytes === undefined ? {} : { maxBytes: places.maxAttachmentBytes }),
      },
      mask: line.mask,
      profiles: async () => (await import('./assignable.ts')).assignableProfiles(places),
      onActivity: line.heard,
      onVerdict: () => line.ask(),
    })
  } catch (error) {
    const message = `the board's tools cannot be served to it: ${(error as Error).message}`
    return { failure: { code: 'not_started', message } }
  }
}

interface Started {
  readonly task: RunTask
  readonly capability: RunCapability
  readonly env: Readonly<Record<string, string>>
  readonly mask: SecretMask
  readonly log: RunLog
  readonly limits: RunLimits
  readonly board: BoardLine
}

type TurnEnding = (WorkerEnding & { readonly cause: StopCause | null }) | { readonly failure: StartFailure }

interface WorkEnding {
  readonly ending: TurnEnding
  /** What an agent said of it. */
  readonly words: AgentWords | null
}

async function runScript(started: Started): Promise<WorkEnding> {
  const { argv, stdin } = started.task.spec
  return { ending: await runTurn(started, { argv, stdin, env: {} }), words: null }
}

async function runAgent(started: Started, tools: RunTools | null): Promise<WorkEnding> {
  const { task, capability, env, mask, limits, board } = started
  const { spec, kernel, clock } = task
  if (spec.agent === null) throw new Error('a run without an agent has no turns')
  const { openDriver } = await import('./agent-run.ts')
  let watched: RunWatch | null = null
  board.ask = () => watched?.ask()
  await using driver = await openDriver({
    spec,
    task: spec.agent,
    tools,
    kernel,
    capability,
    clock,
    mask,
    env,
    onHopeless: () => watched?.end({ kind: 'hopeless' }),
  })
  const minded = { driver, watch: (watch: RunWatch) => (watched = watch) }
  for (let turn = await driver.first(); ;) {
    const ending = await runTurn(started, turn, minded)
    const isByItself = !('failure' in ending) && (ending.cause === null || ending.cause.kind === 'over')
    const next = isByItself ? await driver.next(ending.exitCode) : null
    if (next === null) return { ending, words: await driver.end() }
    limits.heard()
    turn = next
  }
}

interface Minded {
  readonly driver: AgentDriver
  readonly watch: (watch: RunWatch) => void
}

/** One process, until nothing of it is left. */
async function runTurn(
  { task, capability, env, log, limits }: Started,
  { argv, stdin, env: own }: Turn,
  agent: Minded | null = null,
): Promise<TurnEnding> {
  const { spec, kernel, clock, hints } = task
  const outcome = await WorkerProcess.start({
    argv,
    cwd: spec.cwd,
    env: { ...env, ...own },
    ...(stdin === null ? {} : { stdin }),
    folder: spec.folder,
    log,
    marker: markerOf(spec.boardId, spec.runId),
    clock,
    onOutput: (stream, chunk) => {
      limits.heard()
      agent?.driver.take(stream, chunk)
    },
  })
  if (!outcome.started) return { failure: outcome.failure }
  const { worker } = outcome
  const watch = new RunWatch({
    spec,
    kernel,
    clock,
    limits,
    capability,
    worker,
    driver: agent?.driver ?? null,
  })
  agent?.watch(watch)
  agent?.driver.started({
    write: (text) => worker.write(text),
    closeInput: () => worker.closeInput(),
    over: (failure) => watch.over(failure),
  })
  hints.onPoke(() => watch.ask())
  hints.onTold(() => watch.end({ kind: 'runner_told' }))
  const announced = watch.announce()
  const { ending, cause } = await watch.untilEnded()
  await announced
  return { ...ending, cause }
}

/**
 * The next attempt goes on in the same worktree and may undo what this one left uncommitted: that is kept first. What it
 * takes is loaded while the worker starts: by its end an update may have removed the files of this program.
 */
function loadSnapshot(name: string): (folder: string, ending: RunEnding) => Promise<RunEnding> {
  const loading = import('../workspaces/snapshot.ts')
  loading.catch(() => undefined)
  return async (folder, ending) => {
    try {
      const { snapshotChanges } = await loading
      if ((await snapshotChanges(folder, name)) === null) return ending
    } catch (error) {
      console.error('the uncommitted changes could not be kept', error)
      return ending
    }
    return {
      ...ending,
      error: `${ending.error ?? ending.outcome}; its uncommitted changes are kept in ${name}`,
    }
  }
}

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
class RunWatch {
  readonly #options: RunWatchOptions
  readonly #done = new AbortController()
  readonly #startedAt: number
  #cause: StopCause | null = null
  #over: StopCause | null = null
  #renewedAt: number
  #heartbeatAt: number | null = null
  #reportedAt: number | null = null
  #isAsking = false

  constructor(options: RunWatchOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonicMs()
    this.#renewedAt = this.#startedAt
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
