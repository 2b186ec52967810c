/**
 * The life of one run in its own process: report for duty, start the worker, keep the lease, mind the limits, and end the
 * whole tree on every ending before the board hears of it.
 */
import type { AgentTask } from '../agents/agent.ts'
import type { RunCapability } from '../domain/actor.ts'
import type { RunEnding } from '../domain/run.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import { ownIdentity } from '../lib/process-identity.ts'
import type { AgentDriver, AgentWords, Turn } from './drivers/driver.ts'
import { classifyEnding, startFailureEnding, type StopCause } from './classify-ending.ts'
import { workerEnvironment } from './clean-environment.ts'
import { RunLimits } from './limits.ts'
import { RunLog } from './run-log.ts'
import { markerOf, type RunSpec } from './run-spec.ts'
import { RunWatch } from './run-watch.ts'
import type { FileScreen } from '../workspaces/attachment-store.ts'
import { SecretMask } from './secret-mask.ts'
import type { StartFailure } from './start-failure.ts'
import type { RunTools } from './serve-tools.ts'
import { WorkerProcess, type WorkerEnding } from './worker-process.ts'
import type { OutputPipes } from './worker-stdio.ts'

/** Lines of output kept as the result of a script and as the last words of a failure. */
const LAST_LINES = 40
const LAST_BYTES = 4_096
/** How often limits are looked at, in milliseconds. */
const CHECK_EVERY_MS = 1_000

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
  /** For the first process of the worker. */
  readonly pipes?: Promise<OutputPipes | null>
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
  const board: BoardLine = {
    mask: (text) => mask.maskText(text),
    screen: () => mask.screen(),
    heard: () => limits.heard(),
    ask: () => {},
  }
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
  readonly screen: FileScreen
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
      screen: line.screen,
      profiles: async () => (await import('./assignable.ts')).assignableAt(places),
      missingSkills: async (wanted) => (await import('./assignable.ts')).skillsMissingAt(places, wanted),
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
  const { spec, pipes } = started.task
  const { argv, stdin } = spec
  return { ending: await runTurn(started, { argv, stdin, env: {} }, { pipes }), words: null }
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
  const agent = { driver, watch: (watch: RunWatch) => (watched = watch) }
  let { pipes } = task
  for (let turn = await driver.first(); ; pipes = undefined) {
    const ending = await runTurn(started, turn, { pipes, agent })
    const isByItself = !('failure' in ending) && (ending.cause === null || ending.cause.kind === 'over')
    const next = isByItself ? await driver.next(ending.exitCode) : null
    if (next === null) return { ending, words: await driver.end() }
    limits.heard()
    turn = next
  }
}

interface TurnOptions {
  /** Made beforehand. */
  readonly pipes: RunTask['pipes'] | undefined
  readonly agent?: {
    readonly driver: AgentDriver
    readonly watch: (watch: RunWatch) => void
  }
}

/** One process, until nothing of it is left. */
async function runTurn(
  { task, capability, env, log, limits }: Started,
  { argv, stdin, env: own }: Turn,
  { pipes, agent }: TurnOptions,
): Promise<TurnEnding> {
  const { spec, kernel, clock, hints } = task
  const outcome = await WorkerProcess.start({
    argv,
    cwd: spec.cwd,
    env: { ...env, ...own },
    ...(stdin === null ? {} : { stdin }),
    folder: spec.folder,
    ...(pipes === undefined ? {} : { pipes }),
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
