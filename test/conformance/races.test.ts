/** What happens at once: two verbs on cards that depend on each other, and many on the same one. */
import { describe, expect } from 'vitest'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, ending, openTestKernel, type TestKernel } from '../helpers/kernel.ts'
import { overlap } from '../helpers/overlap.ts'

const RUNNER = { actor: 'runner', door: 'runner', runId: null } as const

const processes = (board: TestKernel, count: number): Promise<Kernel[]> =>
  Promise.all(Array.from({ length: count }, () => board.another()))

/** No card waits for nothing, and none is ready too early. */
async function expectConsistent(board: TestKernel): Promise<void> {
  for (const task of await board.kernel.listTasks({ archived: true })) {
    const { parents, holds } = await board.kernel.showTask(task.id)
    const open = parents.filter((parent) => parent.status !== 'done' && parent.completedAt === null)
    const hasTime = holds.some((hold) => hold.kind === 'time')
    if (task.status === 'ready') expect(open).toEqual([])
    if (task.status === 'todo') expect(open.length > 0 || hasTime).toBe(true)
  }
}

describe.each(databases)('at once, on $name', (database) => {
  const pairs: Record<
    string,
    (
      board: TestKernel,
    ) => Promise<[(kernel: Kernel) => Promise<unknown>, (kernel: Kernel) => Promise<unknown>]>
  > = {
    'both parents finish': async (board) => {
      const [a, b] = [await board.given(), await board.given()]
      await board.given({ parents: [a.id, b.id] })
      return [
        (kernel) => kernel.completeTask(a.id, {}, alice),
        (kernel) => kernel.completeTask(b.id, {}, bob),
      ]
    },
    'the parent finishes and the child is unblocked': async (board) => {
      const parent = await board.given()
      const child = await board.given({ parents: [parent.id], hold: 'wait' })
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.unblockTask(child.id, bob),
      ]
    },
    'the parent finishes and the child is specified': async (board) => {
      const parent = await board.given()
      const child = await board.given({ parents: [parent.id], triage: true })
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.moveTask(child.id, 'ready', {}, bob),
      ]
    },
    'the parent finishes and the child is restored': async (board) => {
      const parent = await board.given()
      const child = await board.given({ parents: [parent.id] })
      await board.kernel.archiveTask(child.id, alice)
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.restoreTask(child.id, bob),
      ]
    },
    'the parent finishes and the child’s run ends': async (board) => {
      const child = await board.given()
      const run = await board.run(child)
      const parent = await board.given()
      await board.kernel.linkTasks(parent.id, child.id, alice)
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.closeRun(run.id, ending('crashed'), RUNNER),
      ]
    },
    'the parent finishes and the child’s start time comes': async (board) => {
      const parent = await board.given()
      await board.given({ parents: [parent.id], notBefore: board.clock.now() + 60 })
      board.clock.advance(60)
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.liftDueHolds(board.clock.now(), 'gateway'),
      ]
    },
    'the parent finishes and a child is created': async (board) => {
      const parent = await board.given()
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.createTask({ title: 'child', parents: [parent.id] }, bob),
      ]
    },
    'the parent finishes and a child is linked': async (board) => {
      const [parent, child] = [await board.given(), await board.given()]
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.linkTasks(parent.id, child.id, bob),
      ]
    },
    'the parent finishes and the link is removed': async (board) => {
      const parent = await board.given()
      const child = await board.given({ parents: [parent.id] })
      return [
        (kernel) => kernel.completeTask(parent.id, {}, alice),
        (kernel) => kernel.unlinkTasks(parent.id, child.id, bob),
      ]
    },
    'the parent is reopened and the child is unblocked': async (board) => {
      const parent = await board.given({ status: 'done' })
      const child = await board.given({ parents: [parent.id], hold: 'wait' })
      return [
        (kernel) => kernel.moveTask(parent.id, 'ready', {}, alice),
        (kernel) => kernel.unblockTask(child.id, bob),
      ]
    },
    'the parent is reopened and a child is created': async (board) => {
      const parent = await board.given({ status: 'done' })
      return [
        (kernel) => kernel.moveTask(parent.id, 'ready', {}, alice),
        (kernel) => kernel.createTask({ title: 'child', parents: [parent.id] }, bob),
      ]
    },
  }
  for (const [what, make] of Object.entries(pairs)) {
    for (const order of ['first', 'second'] as const) {
      behaviour(
        ['link.promotion', 'F30'],
        `${what}: no card is left waiting for nothing (${order} order)`,
        async () => {
          await using board = await openTestKernel(database)
          const [one, two] = await make(board)
          const outcome = await (order === 'first' ? overlap(board, one, two) : overlap(board, two, one))
          expect(outcome).toMatchObject({ first: { status: 'fulfilled' }, second: { status: 'fulfilled' } })
          await expectConsistent(board)
        },
      )
    }
  }

  behaviour(
    ['link.refusals', 'F30'],
    'of two links that together would close a circle, one is refused',
    async () => {
      await using board = await openTestKernel(database)
      const [a, b] = [await board.given(), await board.given()]
      const { first, second } = await overlap(
        board,
        (kernel) => kernel.linkTasks(a.id, b.id, alice),
        (kernel) => kernel.linkTasks(b.id, a.id, bob),
      )
      expect(first).toMatchObject({ status: 'fulfilled', value: true })
      expect(second).toMatchObject({ status: 'rejected', reason: { code: 'cycle' } })
    },
  )

  behaviour(['link.refusals', 'F30'], 'a ring of links made at once has a gap', async () => {
    await using board = await openTestKernel(database)
    const kernels = await processes(board, 3)
    const cards = await Promise.all(Array.from({ length: 6 }, () => board.given()))
    const results = await Promise.allSettled(
      cards.map((card, n) => kernels[n % 3]!.linkTasks(card.id, cards[(n + 1) % cards.length]!.id, alice)),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toMatchObject([{ reason: { code: 'cycle' } }])
  })

  behaviour(
    ['claim.single-winner', 'claim.losing'],
    'of forty who claim a card through four processes, one wins and the others are told',
    async () => {
      await using board = await openTestKernel(database)
      const kernels = await processes(board, 4)
      const { id } = await board.given()
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => kernels[n % 4]!.claimTask(id, {}, n % 2 === 0 ? alice : bob)),
      )
      const winners = answers.filter((answer) => 'claimed' in answer)
      expect(winners).toHaveLength(1)
      expect(answers.filter((answer) => 'refused' in answer)).toHaveLength(39)
      expect((await board.kernel.listRuns(id)).map((run) => run.id)).toEqual([winners[0]?.runId])
    },
  )

  behaviour(
    ['create.idempotency', 'F22'],
    'two hundred creators with one key make one card',
    async () => {
      await using board = await openTestKernel(database)
      const kernels = await processes(board, 4)
      const made = await Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          kernels[n % 4]!.createTask({ title: `try ${n}`, idempotencyKey: 'nightly-build' }, alice),
        ),
      )
      expect(made.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(made.map(({ task }) => task.id)).size).toBe(1)
      expect(await board.kernel.listTasks({})).toHaveLength(1)
    },
    60_000,
  )

  behaviour(['F12'], 'dispatchers of several processes together stay below the caps', async () => {
    await using board = await openTestKernel(database)
    const kernels = await processes(board, 4)
    const cards = []
    for (let n = 0; n < 24; n++) cards.push(await board.given({ assignee: n % 2 === 0 ? 'coder' : 'writer' }))
    await Promise.all(
      cards.map((card, n) => openWith(kernels[n % 4]!, board, card, { board: 5, profile: 3 })),
    )
    const live = await board.kernel.readForDispatch()
    expect(live.live).toHaveLength(5)
    expect(Math.max(...live.running.values())).toBeLessThanOrEqual(3)
  })

  behaviour(['F02'], 'the day’s ceiling of a profile holds across processes', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ maxAttemptsPerProfileAndDay: 4 })
    const kernels = await processes(board, 4)
    const cards = []
    for (let n = 0; n < 12; n++) cards.push(await board.given())
    await Promise.all(cards.map((card, n) => openWith(kernels[n % 4]!, board, card)))
    expect((await board.kernel.readForDispatch()).live).toHaveLength(4)
  })

  behaviour(
    'F21',
    'of two cards that want one folder at once, one gets it and the other is told who has it',
    async () => {
      await using board = await openTestKernel(database)
      const kernels = await processes(board, 2)
      const cards = [await board.given(), await board.given()]
      const answers = await Promise.all(
        cards.map((card, n) => openWith(kernels[n]!, board, card, undefined, '/src/app')),
      )
      const refused = answers.filter((answer) => 'refused' in answer)
      expect(refused).toMatchObject([
        { refused: { kind: 'capacity', text: expect.stringContaining('/src/app') } },
      ])
    },
  )

  behaviour(
    'run.once',
    'a run that two processes end at once ends once, with one piece of evidence',
    async () => {
      await using board = await openTestKernel(database)
      const run = await board.run(await board.given())
      const outcome = await overlap(
        board,
        (kernel) => kernel.closeRun(run.id, ending('crashed', { evidence: { exitCode: 7 } }), RUNNER),
        (kernel) => kernel.closeRun(run.id, ending('timed_out', { evidence: { exitCode: 9 } }), RUNNER),
      )
      expect(outcome).toMatchObject({ first: { value: { id: run.taskId } }, second: { value: null } })
      expect(await board.kernel.getRun(run.id)).toMatchObject({
        outcome: 'crashed',
        evidence: { exitCode: 7 },
      })
      const kinds = (await board.events(run.taskId)).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'crashed' || kind === 'timed_out')).toEqual(['crashed'])
    },
  )

  behaviour(
    'run.once',
    'a worker that completes just as its run is ended is heard, one way or the other',
    async () => {
      await using board = await openTestKernel(database)
      for (const order of ['worker', 'runner'] as const) {
        const run = await board.run(await board.given())
        const complete = (kernel: Kernel) =>
          kernel.completeTask(run.taskId, { summary: 'all done' }, run.worker)
        const close = (kernel: Kernel) => kernel.closeRun(run.id, ending('timed_out'), RUNNER)
        await (order === 'worker' ? overlap(board, complete, close) : overlap(board, close, complete))
        const { task, runs, lateReports } = await board.kernel.showTask(run.taskId)
        if (order === 'worker') {
          expect(task.status).toBe('done')
          expect(runs).toMatchObject([{ outcome: 'completed', summary: 'all done' }])
        } else {
          expect(task.status).toBe('ready')
          expect(lateReports).toMatchObject([{ verb: 'complete', payload: { summary: 'all done' } }])
        }
      }
    },
  )

  behaviour(
    'F45',
    'a pause and a start at once: nothing starts that the pause did not see starting',
    async () => {
      await using board = await openTestKernel(database)
      const identity = { bootId: 'boot-1', pid: 7, startTime: '1' }
      for (const order of ['pause', 'start'] as const) {
        const run = await board.run(await board.given())
        const capability = { runId: run.id, secret: run.secret }
        const pause = async (kernel: Kernel) => {
          await kernel.pause({ scope: 'board', target: '*' }, 'stop everything', alice)
          return kernel.startingRuns()
        }
        const start = (kernel: Kernel) => kernel.startRun(capability, identity)
        const { first, second } = await (order === 'pause'
          ? overlap(board, pause, start)
          : overlap(board, start, pause))
        const [paused, started] = order === 'pause' ? [first, second] : [second, first]
        expect(paused.status).toBe('fulfilled')
        if (order === 'pause') expect(started).toMatchObject({ value: 'paused' })
        else {
          expect(started).toMatchObject({ value: 'go' })
          expect(paused).toMatchObject({ value: expect.arrayContaining([run.id]) })
        }
        await board.kernel.resume({ scope: 'board', target: '*' }, alice)
      }
    },
  )

  behaviour('F45', 'a pause and a claim at once: no run opens after the pause is acknowledged', async () => {
    await using board = await openTestKernel(database)
    const card = await board.given()
    const { second } = await overlap(
      board,
      (kernel) => kernel.pause({ scope: 'board', target: '*' }, 'stop everything', alice),
      (kernel) => openWith(kernel, board, card),
    )
    expect(second).toMatchObject({ value: { refused: { kind: 'pause' } } })
  })
})

async function openWith(
  kernel: Kernel,
  board: TestKernel,
  { id, assignee }: { id: string; assignee: string | null },
  caps = { board: 100, profile: 100 },
  path = `/srv/work/${id}`,
) {
  return kernel.openRun(
    {
      taskId: id,
      profile: assignee ?? '',
      bootId: 'boot-1',
      claimLock: 'testhost:1',
      maxRuntimeSeconds: null,
      logFolder: '/logs',
      workspace: { path, kind: 'dir', repository: null, branch: null },
      policy: board.policy,
      caps,
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
}
