/** A kernel on a new board of either database, with a clock moved by hand, and short ways to bring cards where a test needs them. */
import { sql } from 'kysely'
import { afterAll } from 'vitest'
import type { Actor } from '../../src/domain/actor.ts'
import type { NewTask } from '../../src/domain/create.ts'
import type { BoardEvent, EventKind } from '../../src/domain/event.ts'
import type { TokenUsage } from '../../src/domain/run-agent.ts'
import type { RunEnding, RunEvidence } from '../../src/domain/run.ts'
import type { Task, TaskStatus } from '../../src/domain/task.ts'
import { DEFAULT_BOARD_POLICY, type BoardPolicy, type KernelDeps } from '../../src/kernel/deps.ts'
import { openKernel, type Kernel } from '../../src/kernel/kernel.ts'
import type { Store } from '../../src/store/connection.ts'
import { statement } from '../../src/store/statement.ts'
import { TEST_NOW, type TestBoard, type TestClock, type TestDatabase } from './boards.ts'

export const alice: Actor = { kind: 'person', name: 'alice', door: 'cli' }
export const bob: Actor = { kind: 'person', name: 'bob', door: 'http' }
export const dispatcher: Actor = { kind: 'system', name: 'dispatcher', door: 'gateway' }
/** How a runner signs the end of its run. */
const RUNNER = { actor: 'runner', door: 'runner', runId: null } as const

type Worker = Extract<Actor, { kind: 'worker' }>

const nothingSeen: RunEvidence = {
  exitCode: null,
  signal: null,
  limit: null,
  lastLines: null,
  elapsedSeconds: null,
  killed: false,
}

/** How a run ends without a verdict; `evidence` and `error` are what a test does not care about. */
export const ending = (
  outcome: RunEnding['outcome'],
  {
    evidence,
    ...rest
  }: Partial<Omit<RunEnding, 'outcome' | 'evidence'>> & { evidence?: Partial<RunEvidence> } = {},
): RunEnding => ({
  outcome,
  error: outcome === 'completed' ? null : `it ${outcome}`,
  ...rest,
  evidence: { ...nothingSeen, ...evidence },
})

/** A run as its worker and its runner hold it. */
export interface OpenedRun {
  readonly id: number
  readonly taskId: string
  readonly secret: string
  /** What the worker presents. */
  readonly worker: Worker
  /** The runner reports for duty and the worker starts; the pids are made up. */
  start(): Promise<void>
  /** Its agent has used so much by now. */
  uses(usage: Partial<TokenUsage>, model?: string): Promise<void>
  /** The processes are proven gone. Gives the card. */
  end(outcome: RunEnding['outcome'], rest?: Parameters<typeof ending>[1]): Promise<Task | null>
}

/** A card to begin with: what is left out is made up. */
export type GivenCard = Partial<NewTask> & {
  /** Where the card is when the test begins; the way there is the usual one. */
  readonly status?: TaskStatus
}

export interface TestKernel extends AsyncDisposable {
  readonly kernel: Kernel
  readonly store: Store
  readonly clock: TestClock
  readonly board: TestBoard
  /** In force from the next decision on. */
  setPolicy(policy: Partial<BoardPolicy>): void
  readonly policy: BoardPolicy
  /** Another process on the same board: a store of its own, the same clock. */
  another(deps?: Partial<KernelDeps>): Promise<Kernel>
  given(card?: GivenCard): Promise<Task>
  /** A dispatcher's run on the card; throws when it is refused. */
  run(task: Pick<Task, 'id'>, options?: RunOptions): Promise<OpenedRun>
  /** What a dispatcher would be told. */
  tryRun(task: Pick<Task, 'id'>, options?: RunOptions): ReturnType<Kernel['openRun']>
  /** An opened run as its worker and its runner hold it. */
  hold(runId: number, secret: string, taskId: string, profile: string): OpenedRun
  /** The dispatcher's housekeeping: what is due is lifted, expired claims are taken back. */
  tick(): Promise<void>
  /** The next event of this kind after the ones this was asked for before; waits for it. */
  next(kind: EventKind): Promise<BoardEvent>
  events(taskId: string): Promise<BoardEvent[]>
  task(id: string): Promise<Task>
}

export interface RunOptions {
  /** Folder the run works in; by default one of its own. */
  readonly path?: string
  readonly caps?: { readonly board: number; readonly profile: number }
  readonly policy?: Partial<BoardPolicy>
  readonly maxRuntimeSeconds?: number
  /** The provider of the agent that does the work; without one it is a program. */
  readonly provider?: string
}

export async function openTestKernel(
  database: TestDatabase,
  deps: Partial<KernelDeps> = {},
): Promise<TestKernel> {
  const { board, release } = await cleanBoard(database)
  const { clock } = board
  let isShared = false
  let policy: BoardPolicy = DEFAULT_BOARD_POLICY
  const kernelOn = (store: Store, overrides: Partial<KernelDeps>): Kernel =>
    openKernel({
      store,
      policy: () => policy,
      host: 'testhost',
      collectArtifacts: () => Promise.resolve([]),
      pokeRunner: () => undefined,
      ...overrides,
    })
  const kernel = kernelOn(board.store, deps)
  let cards = 0
  let pids = 1000
  let cursor = 0

  const task = (id: string) => kernel.getTask(id)

  const tryRun: TestKernel['tryRun'] = async ({ id }, options = {}) => {
    const { assignee } = await task(id)
    return kernel.openRun(
      {
        taskId: id,
        profile: assignee ?? '',
        bootId: 'boot-1',
        claimLock: 'testhost:1',
        maxRuntimeSeconds: options.maxRuntimeSeconds ?? null,
        logFolder: '/logs',
        workspace: {
          path: options.path ?? `/srv/work/${id}`,
          kind: 'scratch',
          repository: null,
          branch: null,
        },
        policy: { ...policy, ...options.policy },
        caps: options.caps ?? { board: 1_000, profile: 1_000 },
        ...(options.provider === undefined
          ? {}
          : {
              agent: {
                agent: 'claude',
                provider: options.provider,
                cwd: `/srv/work/${id}`,
                fingerprint: 'same',
                resumedFrom: null,
              },
            }),
      },
      dispatcher,
    )
  }

  const run: TestKernel['run'] = async (card, options) => {
    const { assignee } = await task(card.id)
    const opened = await tryRun(card, options)
    if ('refused' in opened) throw new Error(`the run was refused: ${opened.refused.text}`)
    return hold(opened.runId, opened.secret, card.id, assignee ?? '')
  }

  const hold: TestKernel['hold'] = (runId, secret, taskId, profile) => {
    const capability = { runId, secret }
    const identity = () => ({ bootId: 'boot-1', pid: pids++, startTime: '42' })
    return {
      id: runId,
      taskId,
      secret,
      worker: { kind: 'worker', name: profile, door: 'mcp', capability },
      start: async () => {
        const answer = await kernel.startRun(capability, identity())
        if (answer !== 'go') throw new Error(`the run was not started: ${answer}`)
        if (!(await kernel.recordSpawn(capability, identity()))) throw new Error('the run had ended')
      },
      uses: (usage, model) =>
        kernel.recordAgent(capability, {
          session: 's-1',
          model: model ?? null,
          hasAnswered: true,
          lastTool: null,
          lastMessage: null,
          usage: { input: 0, cached: 0, output: 0, cost: null, ...usage },
          problem: null,
        }),
      end: (outcome, rest) => kernel.closeRun(runId, ending(outcome, rest), RUNNER),
    }
  }

  const given: TestKernel['given'] = async ({ status, ...wanted } = {}) => {
    const spec: NewTask = { title: `card ${++cards}`, assignee: 'coder', ...wanted }
    const create = async (rest: Partial<NewTask> = {}) =>
      (await kernel.createTask({ ...spec, ...rest }, alice)).task
    if (status === undefined) return create()
    switch (status) {
      case 'ready':
        return expectStatus(await create(), 'ready')
      case 'triage':
        return create({ triage: true })
      case 'todo': {
        const parent = (await kernel.createTask({ title: `parent of card ${cards}` }, alice)).task
        return create({ parents: [...(spec.parents ?? []), parent.id] })
      }
      case 'running': {
        const { id } = await create()
        await (await run({ id })).start()
        return task(id)
      }
      case 'blocked': {
        const { id } = await create()
        return (await kernel.blockTask(id, 'which colour?', alice)).task
      }
      case 'review': {
        const { id } = await create()
        return (await kernel.requestTaskReview(id, { summary: 'please look' }, alice)).task
      }
      case 'done': {
        const { id } = await create()
        return (await kernel.completeTask(id, {}, alice)).task
      }
      case 'archived': {
        const { id } = await create()
        return (await kernel.archiveTask(id, alice)).task
      }
    }
  }

  return {
    kernel,
    store: board.store,
    clock,
    board,
    setPolicy: (changes) => {
      policy = { ...policy, ...changes }
    },
    get policy() {
      return policy
    },
    another: async (overrides = {}) => {
      isShared = true
      return kernelOn(await board.reopen(), { ...deps, ...overrides })
    },
    given,
    run,
    tryRun,
    hold,
    tick: async () => {
      const now = await board.store.now()
      await kernel.reclaimExpired(now, 'gateway')
      await kernel.liftDueHolds(now, 'gateway')
    },
    next: async (kind) => {
      const found = await nextEvent(board.store, kernel, kind, cursor)
      cursor = found.id
      return found
    },
    events: (taskId) => kernel.readEvents({ taskId, limit: 100_000 }),
    task,
    [Symbol.asyncDispose]: () => (isShared ? board[Symbol.asyncDispose]() : release()),
  }
}

/** PostgreSQL boards of this file that are empty again: making a schema takes twenty times as long as emptying one. */
const spare: TestBoard[] = []
afterAll(async () => {
  for (const board of spare.splice(0)) await board[Symbol.asyncDispose]()
})

async function cleanBoard(
  database: TestDatabase,
): Promise<{ board: TestBoard; release: () => Promise<void> }> {
  const board = spare.find(({ store }) => store.dialect === 'postgres' && database.name === 'PostgreSQL')
  if (board !== undefined) spare.splice(spare.indexOf(board), 1)
  const taken = board ?? (await database.open())
  taken.clock.set(TEST_NOW)
  return {
    board: taken,
    release: async () => {
      if (taken.store.dialect === 'sqlite') return taken[Symbol.asyncDispose]()
      await taken.store.write((tx) => tx.run(empty, {}))
      spare.push(taken)
    },
  }
}

const empty = statement<Record<string, never>>()((db) => ({
  compile: () =>
    sql`truncate tasks, task_links, task_runs, task_comments, task_events, kanban_notify_subs, run_processes, run_stops,
      run_usage, usage_totals, budgets, budget_grants, budget_notices, holds, attempt_ledger, late_reports, attachments, workspaces restart identity cascade`.compile(
      db,
    ),
}))

function expectStatus(task: Task, status: TaskStatus): Task {
  if (task.status !== status) throw new Error(`${task.id} is ${task.status}, not ${status}`)
  return task
}

/** Reads from a cursor whenever the store hints at a change; ends with the test at the latest. */
async function nextEvent(store: Store, kernel: Kernel, kind: EventKind, after: number): Promise<BoardEvent> {
  let wake = () => {}
  using _watch = store.watch(() => wake())
  for (;;) {
    const changed = new Promise<void>((resolve) => {
      wake = resolve
    })
    const [found] = await kernel.readEvents({ after, kinds: [kind], limit: 1 })
    if (found !== undefined) return found
    await changed
  }
}
