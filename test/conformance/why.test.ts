/** Every way a card can wait: it says why, and what it says frees it. */
import { describe, expect } from 'vitest'
import type { Reason, ReasonKind } from '../../src/domain/hold.ts'
import type { Task } from '../../src/domain/task.ts'
import type { WhyContext } from '../../src/kernel/why.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type TestKernel } from '../helpers/kernel.ts'
import { obey } from '../helpers/obey.ts'

const DAY = 86_400
const nobodyAsked: WhyContext = { caps: null, dispatcher: 'running' }

interface WaitingCase {
  readonly name: string
  readonly kind: ReasonKind
  readonly make: (board: TestKernel) => Promise<Task>
  /** What frees it when no verb does. */
  readonly otherwise?: (board: TestKernel, task: Task, reason: Reason) => Promise<unknown>
  readonly context?: Partial<WhyContext>
  /** Where the card is when it is free; a ready one must be claimable. */
  readonly arrives?: Task['status']
}

async function crash(board: TestKernel, task: Task, times = 1): Promise<Task> {
  for (let n = 0; n < times; n++) {
    if (n > 0) {
      board.clock.advance(600)
      await board.tick()
    }
    const run = await board.run(task)
    await run.start()
    await run.end('crashed')
  }
  return board.task(task.id)
}

async function failStart(board: TestKernel, task: Task): Promise<Task> {
  for (let n = 0; n < board.policy.failureLimit; n++) {
    if (n > 0) {
      board.clock.advance(600)
      await board.tick()
    }
    await (await board.run(task)).end('spawn_failed', { error: 'no such program' })
  }
  return board.task(task.id)
}

const CASES: readonly WaitingCase[] = [
  {
    name: 'blocked by its worker',
    kind: 'human',
    make: async (board) => {
      const run = await board.run(await board.given())
      await board.kernel.blockTask(run.taskId, 'which colour?', run.worker)
      await run.end('completed')
      return board.task(run.taskId)
    },
  },
  { name: 'blocked by a person', kind: 'human', make: (board) => board.given({ status: 'blocked' }) },
  { name: 'held at birth', kind: 'human', make: (board) => board.given({ hold: 'not before I say so' }) },
  {
    name: 'held as an idea, then specified',
    kind: 'human',
    make: async (board) => {
      const { id } = await board.given({ triage: true, hold: 'legal must look' })
      return (await board.kernel.moveTask(id, 'ready', {}, alice)).task
    },
  },
  {
    name: 'waiting for a parent',
    kind: 'dependency',
    make: (board) => board.given({ status: 'todo' }),
    otherwise: (board, _, reason) => board.kernel.completeTask(reason.blockedBy?.[0] ?? '', {}, alice),
  },
  {
    name: 'waiting for a parent that was archived undone',
    kind: 'dependency',
    make: async (board) => {
      const parent = await board.given()
      const child = await board.given({ parents: [parent.id] })
      await board.kernel.archiveTask(parent.id, alice)
      return child
    },
  },
  {
    name: 'waiting for its start time',
    kind: 'time',
    make: (board) => board.given({ notBefore: board.clock.now() + 3_600 }),
    otherwise: async (board) => {
      board.clock.advance(3_600)
      await board.tick()
    },
  },
  {
    name: 'cooling down after a crash',
    kind: 'cooldown',
    make: async (board) => crash(board, await board.given()),
  },
  {
    name: 'out of attempts',
    kind: 'breaker',
    make: async (board) => crash(board, await board.given(), board.policy.maxAttempts),
  },
  {
    name: 'never started, five times in a row',
    kind: 'breaker',
    make: async (board) => failStart(board, await board.given()),
  },
  {
    name: 'out of attempts, back to an idea and specified again',
    kind: 'breaker',
    make: async (board) => {
      const { id } = await crash(board, await board.given(), board.policy.maxAttempts)
      await board.kernel.moveTask(id, 'triage', {}, alice)
      return (await board.kernel.moveTask(id, 'ready', {}, alice)).task
    },
  },
  {
    name: 'out of attempts because the ceiling was lowered',
    kind: 'breaker',
    make: async (board) => {
      const task = await crash(board, await board.given())
      board.clock.advance(600)
      await board.tick()
      board.setPolicy({ maxAttempts: 1 })
      return task
    },
  },
  {
    name: 'missing something it needs',
    kind: 'preflight',
    make: async (board) => {
      const { id } = await board.given()
      await board.kernel.failPreflight(id, 'there is no program foo', board.policy, 'gateway')
      return board.task(id)
    },
  },
  {
    name: 'missing something for so long that it is blocked',
    kind: 'preflight',
    make: async (board) => {
      const { id } = await board.given()
      for (let n = 0; n < board.policy.failureLimit; n++)
        await board.kernel.failPreflight(id, 'there is no program foo', board.policy, 'gateway')
      return board.task(id)
    },
  },
  {
    name: 'paused',
    kind: 'pause',
    make: async (board) => {
      const task = await board.given()
      await board.kernel.pause({ scope: 'task', target: task.id }, 'later', alice)
      return task
    },
  },
  {
    name: 'of a paused profile',
    kind: 'pause',
    make: async (board) => {
      await board.kernel.pause({ scope: 'profile', target: 'coder' }, 'holidays', alice)
      return board.given()
    },
  },
  {
    name: 'on a paused board',
    kind: 'pause',
    make: async (board) => {
      await board.kernel.pause({ scope: 'board', target: '*' }, 'release day', alice)
      return board.given()
    },
  },
  {
    name: 'of a profile whose cards fail alike',
    kind: 'breaker',
    make: async (board) => {
      board.setPolicy({ equalFailureLimit: 2 })
      await crash(board, await board.given())
      await crash(board, await board.given())
      board.clock.advance(1)
      return board.given()
    },
  },
  { name: 'of nobody', kind: 'unassigned', make: (board) => board.given({ assignee: null }) },
  {
    name: 'whose last run is not proven gone',
    kind: 'stopping',
    make: async (board) => {
      const run = await board.run(await board.given())
      await board.kernel.blockTask(run.taskId, 'which colour?', run.worker)
      return board.kernel.unblockTask(run.taskId, alice)
    },
    otherwise: async (board, task) => {
      const live = await board.kernel.listLiveRuns()
      const mine = live.find((run) => run.taskId === task.id)
      await board.kernel.closeRun(
        mine?.runId ?? 0,
        {
          outcome: 'completed',
          error: null,
          evidence: {
            exitCode: 0,
            signal: null,
            limit: null,
            lastLines: null,
            elapsedSeconds: 1,
            killed: false,
          },
        },
        { actor: 'runner', door: 'runner', runId: null },
      )
    },
  },
  {
    name: 'whose folder another card works in',
    kind: 'capacity',
    make: async (board) => {
      const spec = { workspaceKind: 'dir', workspacePath: '/src/app' }
      await board.run(await board.given(spec), { path: '/src/app' })
      return board.given(spec)
    },
    otherwise: async (board, _, reason) => {
      const live = await board.kernel.listLiveRuns()
      const other = live.find((run) => run.taskId === reason.blockedBy?.[0])
      await board.kernel.completeTask(other?.taskId ?? '', {}, alice)
      await board.kernel.closeRun(
        other?.runId ?? 0,
        {
          outcome: 'stopped',
          error: null,
          evidence: {
            exitCode: null,
            signal: 'SIGTERM',
            limit: null,
            lastLines: null,
            elapsedSeconds: 1,
            killed: false,
          },
        },
        { actor: 'runner', door: 'runner', runId: null },
      )
    },
  },
  {
    name: 'beyond the board’s cap',
    kind: 'capacity',
    context: { caps: { board: 1, profile: 5 } },
    make: async (board) => {
      await board.given({ status: 'running' })
      return board.given()
    },
    otherwise: endTheOther,
  },
  {
    name: 'beyond its profile’s cap',
    kind: 'capacity',
    context: { caps: { board: 5, profile: 1 } },
    make: async (board) => {
      await board.given({ status: 'running' })
      return board.given()
    },
    otherwise: endTheOther,
  },
  {
    name: 'of a profile that has used its day',
    kind: 'capacity',
    make: async (board) => {
      board.setPolicy({ maxAttemptsPerProfileAndDay: 1 })
      await crash(board, await board.given())
      return board.given()
    },
    otherwise: (board) => Promise.resolve(board.clock.advance(DAY)),
  },
  { name: 'a rough idea', kind: 'status', make: (board) => board.given({ status: 'triage' }) },
  { name: 'archived', kind: 'status', make: (board) => board.given({ status: 'archived' }) },
  {
    name: 'archived when it was done',
    kind: 'status',
    make: async (board) => {
      const { id } = await board.given({ status: 'done' })
      return (await board.kernel.archiveTask(id, alice)).task
    },
  },
  {
    name: 'waiting for a reviewer',
    kind: 'status',
    make: (board) => board.given({ status: 'review' }),
    arrives: 'done',
  },
]

async function endTheOther(board: TestKernel): Promise<void> {
  for (const { runId } of await board.kernel.listLiveRuns())
    await board.kernel.closeRun(
      runId,
      {
        outcome: 'crashed',
        error: 'gone',
        evidence: {
          exitCode: 1,
          signal: null,
          limit: null,
          lastLines: null,
          elapsedSeconds: 1,
          killed: false,
        },
      },
      { actor: 'runner', door: 'runner', runId: null },
    )
}

describe.each(databases)('why, on $name', (database) => {
  for (const waiting of CASES) {
    behaviour(
      ['why.reason', 'F29'],
      `a card that is ${waiting.name} says so, and what it says frees it`,
      async () => {
        await using board = await openTestKernel(database)
        const { kernel } = board
        const context = { ...nobodyAsked, ...waiting.context }
        const task = await waiting.make(board)

        const { reasons } = await kernel.why(task.id, context)
        const reason = reasons.find(({ kind }) => kind === waiting.kind)
        if (reason === undefined) throw new Error(`expected ${waiting.kind}, got ${JSON.stringify(reasons)}`)
        expect(reason.text).not.toBe('')
        if (waiting.otherwise === undefined) expect(reason.lift).not.toBeNull()

        if (waiting.otherwise !== undefined) await waiting.otherwise(board, task, reason)
        else await obey(kernel, reason.lift ?? '', bob)

        const freed = await board.task(task.id)
        expect(freed.status).toBe(waiting.arrives ?? 'ready')
        if (freed.status !== 'ready') return
        expect((await kernel.why(task.id, context)).reasons).toEqual([])
        expect(await board.tryRun(freed, { path: '/src/app' })).not.toHaveProperty('refused')
      },
    )
  }

  behaviour(['why.reason'], 'a run that is being stopped says who asked', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given({ status: 'running' })
    expect((await board.kernel.why(id, nobodyAsked)).reasons).toEqual([])
    await board.kernel.stopTask(id, { reason: 'wrong branch' }, bob)
    expect((await board.kernel.why(id, nobodyAsked)).reasons).toMatchObject([
      {
        kind: 'stopping',
        owner: 'bob',
        since: board.clock.now(),
        text: expect.stringContaining('wrong branch'),
      },
    ])
  })

  behaviour(['why.reason'], 'a ready card that no gateway would start says so', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    expect((await board.kernel.why(id, { caps: null, dispatcher: 'absent' })).reasons).toMatchObject([
      { kind: 'no_dispatcher', lift: 'yard gateway start' },
    ])
  })

  behaviour('why.reason', 'a blocked card of a paused board names both', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given({ status: 'blocked' })
    await board.kernel.pause({ scope: 'board', target: '*' }, 'release day', alice)
    const { reasons } = await board.kernel.why(id, nobodyAsked)
    expect(reasons.map(({ kind }) => kind)).toEqual(['human', 'pause'])
  })

  behaviour('why.reason', 'a parent that was archived after it was done is nothing to wait for', async () => {
    await using board = await openTestKernel(database)
    const parent = await board.given({ status: 'done' })
    await board.kernel.archiveTask(parent.id, alice)
    const child = await board.given({ parents: [parent.id] })
    expect(child.status).toBe('ready')
    expect((await board.kernel.why(child.id, nobodyAsked)).reasons).toEqual([])
  })
})
