/** Leaving `running` by anyone but the worker: asked first, arrived only when the processes are gone. */
import { describe, expect } from 'vitest'
import type { AfterStop } from '../../src/domain/run.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'

interface Target {
  readonly after: AfterStop
  /** How a person asks for it. */
  readonly ask: (kernel: Kernel, id: string) => Promise<{ readonly stopping: boolean }>
  /** Where the card arrives when its run is ended. */
  readonly arrives: object
  readonly outcome: string
  /** Where it arrives when the worker had finished first, by its own word or by exit 0. */
  readonly whenDone?: object
  /** Where it arrives when the worker asked for a person first. */
  readonly whenBlocked?: object
}

const TARGETS: readonly Target[] = [
  {
    after: { kind: 'hold' },
    ask: (kernel, id) => kernel.stopTask(id, { reason: 'wrong branch' }, bob),
    arrives: { status: 'blocked' },
    outcome: 'stopped',
  },
  {
    after: { kind: 'block', reason: 'needs legal' },
    ask: (kernel, id) => kernel.blockTask(id, 'needs legal', bob),
    arrives: { status: 'blocked' },
    outcome: 'stopped',
  },
  {
    after: { kind: 'ready' },
    ask: (kernel, id) => kernel.stopTask(id, { reason: 'again', after: { kind: 'ready' } }, bob),
    arrives: { status: 'ready' },
    outcome: 'reclaimed',
  },
  {
    after: { kind: 'archive' },
    ask: (kernel, id) => kernel.archiveTask(id, bob),
    arrives: { status: 'archived', completedAt: null },
    outcome: 'reclaimed',
    whenDone: { status: 'archived', completedAt: expect.any(Number) },
    whenBlocked: { status: 'archived' },
  },
  {
    after: { kind: 'assign', assignee: 'writer' },
    ask: (kernel, id) => kernel.assignTask(id, 'writer', bob, { stop: true }),
    arrives: { status: 'ready', assignee: 'writer' },
    outcome: 'reclaimed',
    whenBlocked: { status: 'blocked', assignee: 'writer' },
  },
  {
    after: { kind: 'complete', result: 'by hand', summary: null, metadata: { lines: 3 } },
    ask: (kernel, id) => kernel.completeTask(id, { result: 'by hand', metadata: { lines: 3 } }, bob),
    arrives: { status: 'done', result: 'by hand' },
    outcome: 'completed',
    whenDone: { status: 'done' },
    whenBlocked: { status: 'done', result: 'by hand' },
  },
]

async function running(board: TestKernel): Promise<OpenedRun> {
  const run = await board.run(await board.given())
  await run.start()
  return run
}

describe.each(databases)('stopping, on $name', (database) => {
  for (const { after, ask, arrives, outcome, whenDone, whenBlocked } of TARGETS) {
    behaviour(
      'stop.target',
      `“${after.kind}” waits for the processes, and is signed by who asked`,
      async () => {
        await using board = await openTestKernel(database)
        const run = await running(board)
        expect(await ask(board.kernel, run.taskId)).toMatchObject({ stopping: true })
        expect(await board.task(run.taskId)).toMatchObject({ status: 'running', currentRunId: run.id })
        expect(await board.tryRun({ id: run.taskId })).toHaveProperty('refused')

        await run.end('stopped', { error: null, evidence: { signal: 'SIGTERM', elapsedSeconds: 12 } })

        const { task, runs, events } = await board.kernel.showTask(run.taskId)
        expect(task).toMatchObject({ ...arrives, currentRunId: null, claimLock: null, workerPid: null })
        expect(runs).toMatchObject([{ outcome, evidence: { signal: 'SIGTERM', elapsedSeconds: 12 } }])
        const asked = events.findIndex(({ kind }) => kind === 'stop_requested')
        const since = events.slice(asked)
        expect(since.length).toBeGreaterThan(1)
        for (const event of since) expect(event).toMatchObject({ actor: 'bob', door: 'http' })
      },
    )

    behaviour(
      ['stop.target', 'F13'],
      `“${after.kind}” meets a worker that has finished meanwhile`,
      async () => {
        await using board = await openTestKernel(database)
        for (const how of ['says so', 'exits 0'] as const) {
          const run = await running(board)
          await ask(board.kernel, run.taskId)
          if (how === 'says so') {
            await board.kernel.completeTask(run.taskId, { result: 'by the worker' }, run.worker)
            expect((await board.task(run.taskId)).status).toBe('done')
            await run.end('stopped')
          } else await run.end('completed', { result: 'by the worker', summary: 'it said this' })
          const { task, runs } = await board.kernel.showTask(run.taskId)
          expect(task).toMatchObject(whenDone ?? { status: 'done', result: 'by the worker' })
          expect(runs).toMatchObject([{ outcome: 'completed' }])
          expect(task.completedAt).not.toBeNull()
        }
      },
    )

    behaviour(
      ['stop.target', 'F13'],
      `“${after.kind}” meets a worker that has asked for a person meanwhile`,
      async () => {
        await using board = await openTestKernel(database)
        const run = await running(board)
        await ask(board.kernel, run.taskId)
        await board.kernel.blockTask(run.taskId, 'which colour?', run.worker)
        await run.end('stopped')
        const { task, runs } = await board.kernel.showTask(run.taskId)
        expect(task).toMatchObject(whenBlocked ?? { status: 'blocked' })
        expect(runs[0]).toMatchObject({ outcome: 'blocked', summary: 'which colour?' })
      },
    )

    behaviour(
      'stop.target',
      `“${after.kind}” takes effect at once when no process is behind the claim`,
      async () => {
        await using board = await openTestKernel(database)
        const { id } = await board.given()
        await board.kernel.claimTask(id, {}, alice)
        expect(await ask(board.kernel, id)).toMatchObject({ stopping: false })
        expect(await board.task(id)).toMatchObject({ ...arrives, currentRunId: null })
        expect(await board.kernel.listRuns(id)).toHaveLength(1)
      },
    )
  }

  behaviour(
    'stop.first',
    'the first request stands: the same again is fine, another one is told so',
    async () => {
      await using board = await openTestKernel(database)
      const run = await running(board)
      await board.kernel.stopTask(run.taskId, { reason: 'wrong branch' }, alice)
      await board.kernel.stopTask(run.taskId, { reason: 'me too' }, bob)
      for (const other of TARGETS.filter(({ after }) => after.kind !== 'hold'))
        await expect(other.ask(board.kernel, run.taskId)).rejects.toMatchObject({
          kind: 'conflict',
          code: 'being_stopped',
          message: expect.stringMatching(/alice.*wrong branch.*blocked.*yard why/s),
        })
      await run.end('stopped')
      expect(await board.task(run.taskId)).toMatchObject({ status: 'blocked' })
      const requests = (await board.events(run.taskId)).filter(({ kind }) => kind === 'stop_requested')
      expect(requests).toMatchObject([{ actor: 'alice' }])
    },
  )

  behaviour(
    ['stop.first', 'F13'],
    'a result that comes while a card is being archived is refused, never dropped in silence',
    async () => {
      await using board = await openTestKernel(database)
      const run = await running(board)
      await board.kernel.archiveTask(run.taskId, alice)
      await expect(board.kernel.completeTask(run.taskId, { result: 'mine' }, bob)).rejects.toMatchObject({
        code: 'being_stopped',
      })
    },
  )

  behaviour('stop.target', 'nothing to stop is said so', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    await expect(board.kernel.stopTask(id, { reason: 'x' }, alice)).rejects.toMatchObject({
      code: 'not_running',
      message: expect.stringContaining(`yard pause ${id}`),
    })
  })

  behaviour('F45', 'a stopped card stays down', async () => {
    await using board = await openTestKernel(database)
    const run = await running(board)
    await board.kernel.stopTask(run.taskId, { reason: 'wrong branch' }, alice)
    await run.end('stopped')
    for (let day = 0; day < 3; day++) {
      board.clock.advance(86_400)
      await board.tick()
      expect(await board.tryRun({ id: run.taskId })).toHaveProperty('refused')
    }
    const { holds, attempts } = await board.kernel.showTask(run.taskId)
    expect(holds).toMatchObject([
      { kind: 'human', actor: 'alice', reason: 'wrong branch (stopped by alice)' },
    ])
    expect(attempts).toMatchObject({ charged: 1, refunded: 1 })
  })

  behaviour(
    ['archive.running', 'F24'],
    'a running card is archived when its processes are gone, its run reclaimed',
    async () => {
      await using board = await openTestKernel(database)
      const run = await running(board)
      expect(await board.kernel.archiveTask(run.taskId, alice)).toMatchObject({ stopping: true })
      expect(await board.kernel.listLiveRuns()).toHaveLength(1)
      expect((await board.task(run.taskId)).status).toBe('running')
      await run.end('stopped')
      expect((await board.task(run.taskId)).status).toBe('archived')
      expect(await board.kernel.listRuns(run.taskId)).toMatchObject([{ outcome: 'reclaimed' }])
      expect((await board.events(run.taskId)).map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['reclaimed', 'archived']),
      )
      expect((await board.kernel.restoreTask(run.taskId, alice)).status).toBe('ready')
    },
  )

  behaviour(
    'archive.running',
    'a child goes on when its parent finished while it was being archived',
    async () => {
      await using board = await openTestKernel(database)
      const run = await running(board)
      const child = await board.given({ parents: [run.taskId] })
      await board.kernel.archiveTask(run.taskId, alice)
      await run.end('completed', { result: 'made it' })
      expect((await board.task(run.taskId)).status).toBe('archived')
      expect((await board.task(child.id)).status).toBe('ready')
    },
  )

  behaviour(
    'assign.running',
    'assigning is refused while the card runs, and names how to stop it',
    async () => {
      await using board = await openTestKernel(database)
      const run = await running(board)
      await expect(board.kernel.assignTask(run.taskId, 'writer', alice)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'task_running',
        message: expect.stringContaining(`yard stop ${run.taskId}`),
      })
      expect((await board.task(run.taskId)).assignee).toBe('coder')
    },
  )

  behaviour(['run.once', 'F36'], 'an ending is kept whatever its words are made of', async () => {
    await using board = await openTestKernel(database)
    const run = await running(board)
    const odd = `first\0line \uD800 ${'x'.repeat(300_000)}`
    await run.end('crashed', {
      error: odd,
      evidence: { lastLines: odd, elapsedSeconds: 1.7, signal: 'SIG\0' },
    })
    const [ended] = await board.kernel.listRuns(run.taskId)
    expect(ended).toMatchObject({ outcome: 'crashed', evidence: { elapsedSeconds: 2 } })
    expect(ended?.error).toMatch(/^first␀line \uFFFD x+\n\[… \d+ more characters cut\]$/)
  })
})
