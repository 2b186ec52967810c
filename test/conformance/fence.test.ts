/** A run's worker is heard while its run is open, on its own card, with its own secret. */
import { describe, expect } from 'vitest'
import type { Actor } from '../../src/domain/actor.ts'
import { invalid } from '../../src/domain/errors.ts'
import type { StoredFile } from '../../src/kernel/deps.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'

const file = (name: string): StoredFile => ({ name, size: 3, digest: 'abc', mime: null })

/** Everything a worker may say about its own card. */
const VERDICTS: Record<string, (kernel: Kernel, id: string, actor: Actor) => Promise<unknown>> = {
  complete: (kernel, id, actor) =>
    kernel.completeTask(id, { summary: 'all done', metadata: { tests: 12 } }, actor),
  block: (kernel, id, actor) => kernel.blockTask(id, 'which colour?', actor),
  review: (kernel, id, actor) => kernel.requestTaskReview(id, { summary: 'please look' }, actor),
  heartbeat: (kernel, id, actor) => kernel.heartbeatTask(id, 'still at it', actor),
}

/** What a worker may add to the board. */
const ADDITIONS: Record<string, (kernel: Kernel, id: string, actor: Actor) => Promise<unknown>> = {
  create: (kernel, _, actor) => kernel.createTask({ title: 'follow-up', assignee: 'writer' }, actor),
  comment: (kernel, id, actor) => kernel.commentTask(id, 'by the way', null, actor),
  link: (kernel, id, actor) => kernel.linkTasks(id, 't_0', actor),
}

/** How a run can end under its worker. */
const ENDINGS: Record<string, (board: TestKernel, run: OpenedRun) => Promise<unknown>> = {
  'timed out': (_, run) => run.end('timed_out'),
  'was reclaimed': (_, run) => run.end('reclaimed'),
  'was archived': async (board, run) => {
    await board.kernel.archiveTask(run.taskId, alice)
    await run.end('stopped')
  },
  'was followed by another run': async (board, run) => {
    await run.end('crashed')
    board.clock.advance(600)
    await board.tick()
    await board.run({ id: run.taskId })
  },
}

const late = async (promise: Promise<unknown>) => {
  await expect(promise).rejects.toMatchObject({ kind: 'conflict', code: 'run_ended' })
}

describe.each(databases)('the fence, on $name', (database) => {
  for (const [how, end] of Object.entries(ENDINGS)) {
    behaviour(
      ['fence.late', 'F13'],
      `what a worker says after its run ${how} is kept, and changes nothing`,
      async () => {
        await using board = await openTestKernel(database)
        const run = await board.run(await board.given())
        await run.start()
        await end(board, run)
        const before = await board.kernel.showTask(run.taskId)

        for (const say of [...Object.values(VERDICTS), ...Object.values(ADDITIONS)])
          await late(say(board.kernel, run.taskId, run.worker))

        const after = await board.kernel.showTask(run.taskId)
        expect(after.task).toEqual(before.task)
        expect(after.runs).toEqual(before.runs)
        expect(after.comments).toEqual([])
        expect(await board.kernel.listTasks({ archived: true })).toHaveLength(1)
        expect(after.lateReports.map(({ verb, runId }) => [verb, runId])).toEqual(
          [...Object.keys(VERDICTS), ...Object.keys(ADDITIONS)].map((verb) => [verb, run.id]),
        )
        expect(after.lateReports).toMatchObject([
          { payload: { summary: 'all done', metadata: { tests: 12 } } },
          { payload: { reason: 'which colour?' } },
          { payload: { summary: 'please look' } },
          { payload: { note: 'still at it' } },
          { payload: { cards: [{ title: 'follow-up' }] } },
          { payload: { body: 'by the way' } },
          { payload: { parent_id: run.taskId } },
        ])
        const reports = (await board.events(run.taskId)).filter(({ kind }) => kind === 'late_report')
        expect(reports).toHaveLength(after.lateReports.length)
        for (const event of reports)
          expect(event).toMatchObject({ runId: run.id, actor: 'coder', door: 'mcp' })
      },
    )
  }

  behaviour('fence.late', 'a late caller is told what became of its words, and to stop', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    await run.end('timed_out')
    const refused = board.kernel.completeTask(run.taskId, { summary: 'all done' }, run.worker)
    await expect(refused).rejects.toThrow(
      /run \d+ has ended.*late report \d+.*yard accept-late t_\w+ \d+.*Stop working/,
    )
    await expect(board.kernel.heartbeatTask(run.taskId, null, run.worker)).rejects.toThrow(
      /has ended\. Stop working/,
    )
    expect((await board.kernel.showTask(run.taskId)).lateReports).toHaveLength(1)
  })

  behaviour(
    ['fence.accept', 'F13'],
    'a person accepts a late completion in one step, and it becomes the result',
    async () => {
      await using board = await openTestKernel(database, {
        collectArtifacts: async () => [file('report.md')],
      })
      const run = await board.run(await board.given())
      await run.end('timed_out')
      const metadata = { artifacts: ['report.md'], tests: 12 }
      await late(board.kernel.completeTask(run.taskId, { result: '42', metadata }, run.worker))
      const [report] = (await board.kernel.showTask(run.taskId)).lateReports
      const { task } = await board.kernel.acceptLate(run.taskId, report!.id, bob)
      expect(task).toMatchObject({ status: 'done', result: '42' })
      const { runs, lateReports, attachments } = await board.kernel.showTask(run.taskId)
      expect(runs.at(-1)).toMatchObject({ outcome: 'completed', summary: '42', metadata })
      expect(lateReports).toMatchObject([{ acceptedAt: board.clock.now() }])
      expect(attachments).toMatchObject([{ name: 'report.md', runId: run.id, createdBy: 'coder' }])
      expect((await board.events(run.taskId)).at(-1)).toMatchObject({ kind: 'completed', actor: 'bob' })
      await expect(board.kernel.acceptLate(run.taskId, report!.id, bob)).rejects.toMatchObject({
        code: 'report_accepted',
      })
    },
  )

  behaviour('fence.accept', 'which report need not be said where one is open', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const run = await board.run(await board.given())
    await run.end('timed_out')
    await expect(kernel.acceptLate(run.taskId, null, bob)).rejects.toMatchObject({ code: 'report_not_found' })
    await late(ADDITIONS['comment']!(kernel, run.taskId, run.worker))
    await late(ADDITIONS['create']!(kernel, run.taskId, run.worker))
    const [first, second] = (await kernel.showTask(run.taskId)).lateReports
    await expect(kernel.acceptLate(run.taskId, null, bob)).rejects.toMatchObject({
      code: 'several_reports',
      message: expect.stringContaining(`accept-late ${run.taskId} ${second!.id}`) as string,
    })
    await kernel.acceptLate(run.taskId, first!.id, bob)
    const { report, created, task } = await kernel.acceptLate(run.taskId, null, bob)
    expect(report).toMatchObject({ id: second!.id, verb: 'create', runId: run.id })
    expect(created).toMatchObject([{ title: 'follow-up', status: 'ready' }])
    expect(task.status).toBe('ready')
    await expect(kernel.acceptLate(run.taskId, null, bob)).rejects.toMatchObject({ code: 'report_not_found' })
  })

  behaviour(['fence.accept'], 'late blocks, hand-overs, cards and comments can be accepted too', async () => {
    await using board = await openTestKernel(database)
    const accept = async (say: (run: OpenedRun) => Promise<unknown>) => {
      const run = await board.run(await board.given())
      await run.end('reclaimed')
      await late(say(run))
      const [report] = (await board.kernel.showTask(run.taskId)).lateReports
      await board.kernel.acceptLate(run.taskId, report!.id, bob)
      return board.kernel.showTask(run.taskId)
    }
    const blocked = await accept((run) => VERDICTS['block']!(board.kernel, run.taskId, run.worker))
    expect(blocked).toMatchObject({ task: { status: 'blocked' }, holds: [{ reason: 'which colour?' }] })
    const reviewed = await accept((run) => VERDICTS['review']!(board.kernel, run.taskId, run.worker))
    expect(reviewed.task.status).toBe('review')
    const commented = await accept((run) => ADDITIONS['comment']!(board.kernel, run.taskId, run.worker))
    expect(commented.comments).toMatchObject([{ author: 'coder', body: 'by the way' }])
    await accept((run) => ADDITIONS['create']!(board.kernel, run.taskId, run.worker))
    expect((await board.kernel.listTasks({ assignee: 'writer' })).map(({ title }) => title)).toEqual([
      'follow-up',
    ])
  })

  behaviour('fence.accept', 'a report that cannot be carried out stays open to be accepted', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    await run.end('timed_out')
    await late(VERDICTS['complete']!(board.kernel, run.taskId, run.worker))
    await board.kernel.archiveTask(run.taskId, alice)
    const [report] = (await board.kernel.showTask(run.taskId)).lateReports
    await expect(board.kernel.acceptLate(run.taskId, report!.id, bob)).rejects.toMatchObject({
      code: 'wrong_status',
    })
    await board.kernel.restoreTask(run.taskId, alice)
    await board.kernel.acceptLate(run.taskId, report!.id, bob)
    expect((await board.task(run.taskId)).status).toBe('done')
    await expect(board.kernel.acceptLate(run.taskId, 999, bob)).rejects.toMatchObject({
      code: 'report_not_found',
    })
  })

  behaviour(
    ['fence.late', 'complete.artifacts'],
    'a late report is kept even when its files are gone',
    async () => {
      const collectArtifacts = () => Promise.reject(invalid('missing_file', 'There is no report.md.'))
      await using board = await openTestKernel(database, { collectArtifacts })
      const metadata = { artifacts: ['report.md'] }
      const run = await board.run(await board.given())
      await expect(board.kernel.completeTask(run.taskId, { metadata }, run.worker)).rejects.toMatchObject({
        code: 'missing_file',
      })
      expect((await board.task(run.taskId)).status).toBe('running')
      await run.end('timed_out')
      await late(board.kernel.completeTask(run.taskId, { summary: 'all done', metadata }, run.worker))
      expect((await board.kernel.showTask(run.taskId)).lateReports).toMatchObject([
        { payload: { summary: 'all done', missing_files: 'There is no report.md.' } },
      ])
    },
  )

  behaviour(
    'complete.artifacts',
    'a completion attaches the files its metadata names, and refuses a list that is none',
    async () => {
      const asked: (readonly string[])[] = []
      await using board = await openTestKernel(database, {
        collectArtifacts: async (_, names) => {
          asked.push(names)
          return names.map(file)
        },
      })
      const run = await board.run(await board.given())
      const bad = board.kernel.completeTask(run.taskId, { metadata: { artifacts: 'report.md' } }, run.worker)
      await expect(bad).rejects.toMatchObject({
        code: 'bad_artifacts',
        message: expect.stringContaining('["report.md"]'),
      })
      await board.kernel.completeTask(run.taskId, { metadata: { artifacts: ['a.md', 'b.md'] } }, run.worker)
      expect(asked).toEqual([['a.md', 'b.md']])
      expect((await board.kernel.showTask(run.taskId)).attachments).toMatchObject([
        { name: 'a.md', runId: run.id },
        { name: 'b.md', runId: run.id },
      ])
      expect(await board.kernel.keptDigests()).toEqual(new Set(['abc']))
    },
  )

  behaviour(
    'fence.secret',
    'a secret that is not the run’s own is refused, and nothing is written',
    async () => {
      await using board = await openTestKernel(database)
      const [mine, yours] = [await board.run(await board.given()), await board.run(await board.given())]
      const worker = (runId: number, secret: string): Actor => ({
        ...mine.worker,
        capability: { runId, secret },
      })
      const before = await rowsOf(board.board)
      for (const actor of [worker(mine.id, yours.secret), worker(mine.id, ''), worker(9_999, mine.secret)])
        for (const say of [...Object.values(VERDICTS), ...Object.values(ADDITIONS)])
          await expect(say(board.kernel, mine.taskId, actor)).rejects.toMatchObject({
            kind: 'denied',
            code: 'bad_capability',
          })
      for (const ask of [
        () =>
          board.kernel.startRun(
            { runId: mine.id, secret: yours.secret },
            { bootId: 'b', pid: 1, startTime: '1' },
          ),
        () =>
          board.kernel.recordSpawn({ runId: mine.id, secret: 'x' }, { bootId: 'b', pid: 1, startTime: '1' }),
        () => board.kernel.renewLease({ runId: mine.id, secret: 'x' }),
      ])
        await expect(ask()).rejects.toMatchObject({ code: 'bad_capability' })
      expect(await rowsOf(board.board)).toEqual(before)
    },
  )

  behaviour(['fence.secret', 'fence.scope'], 'a worker reports on its own card only', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    const other = await board.run(await board.given())
    for (const say of Object.values(VERDICTS))
      await expect(say(board.kernel, other.taskId, run.worker)).rejects.toMatchObject({
        code: 'not_your_card',
        message: expect.stringContaining(run.taskId),
      })
    expect((await board.kernel.showTask(other.taskId)).lateReports).toEqual([])
  })

  behaviour(
    'fence.scope',
    'a worker moves no card, lifts no hold and stops nothing, its own card included',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { worker, taskId } = await board.run(await board.given())
      const other = await board.given()
      const denied: (() => Promise<unknown>)[] = [taskId, other.id].flatMap((id) => [
        () => kernel.claimTask(id, {}, worker),
        () => kernel.unblockTask(id, worker),
        () => kernel.retryTask(id, 1, worker),
        () => kernel.archiveTask(id, worker),
        () => kernel.restoreTask(id, worker),
        () => kernel.assignTask(id, 'writer', worker),
        () => kernel.editTask(id, { title: 'mine now' }, worker),
        () => kernel.moveTask(id, 'done', {}, worker),
        () => kernel.sendBackTask(id, 'no', worker),
        () => kernel.acceptLate(id, 1, worker),
        () => kernel.stopTask(id, { reason: 'x' }, worker),
        () => kernel.pause({ scope: 'task', target: id }, 'x', worker),
        () => kernel.resume({ scope: 'task', target: id }, worker),
        () => kernel.subscribe(id, { platform: 'telegram', chatId: '1', threadId: '' }, null, worker),
        () => kernel.unsubscribe(id, { platform: 'telegram', chatId: '1', threadId: '' }, worker),
      ])
      const before = await rowsOf(board.board)
      for (const attempt of denied)
        await expect(attempt()).rejects.toMatchObject({ kind: 'denied', code: 'worker_denied' })
      expect(await rowsOf(board.board)).toEqual(before)
    },
  )

  behaviour(
    'fence.scope',
    'a worker links only cards its own run created, and any parent to them',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { worker, taskId, id: runId } = await board.run(await board.given())
      const other = await board.given()
      const { task: child } = await kernel.createTask(
        { title: 'child', assignee: 'writer', parents: [taskId] },
        worker,
      )
      expect(child).toMatchObject({ createdBy: 'coder', status: 'todo' })
      expect((await board.events(child.id))[0]).toMatchObject({ kind: 'created', runId, actor: 'coder' })
      expect(await kernel.linkTasks(other.id, child.id, worker)).toBe(true)
      expect(await kernel.unlinkTasks(other.id, child.id, worker)).toBe(true)
      for (const change of [
        () => kernel.linkTasks(child.id, other.id, worker),
        () => kernel.unlinkTasks(taskId, other.id, worker),
      ])
        await expect(change()).rejects.toMatchObject({ kind: 'denied', code: 'not_your_card' })
    },
  )

  behaviour('review.other', 'who handed a card over neither approves it nor sends it back', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given({ status: 'review' })
    for (const attempt of [
      () => kernel.completeTask(id, {}, alice),
      () => kernel.sendBackTask(id, 'no', alice),
    ])
      await expect(attempt()).rejects.toMatchObject({ kind: 'denied', code: 'own_review' })
    await kernel.sendBackTask(id, 'the tests are missing', bob)
    expect(await kernel.showTask(id)).toMatchObject({
      task: { status: 'ready' },
      comments: [{ author: 'bob', body: 'the tests are missing' }],
    })

    const run = await board.run({ id })
    await kernel.requestTaskReview(id, { summary: 'with tests' }, run.worker)
    await run.end('completed')
    expect((await board.task(id)).status).toBe('review')
    await late(kernel.completeTask(id, { summary: 'looks good to me' }, run.worker))
    await kernel.completeTask(id, {}, alice)
    expect((await board.task(id)).status).toBe('done')
  })

  behaviour('F04', 'review rounds are counted like any other run', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given()
    for (let round = 0; round < board.policy.maxAttempts; round++) {
      const run = await board.run({ id })
      await kernel.requestTaskReview(id, { summary: `round ${round}` }, run.worker)
      await run.end('completed')
      await kernel.sendBackTask(id, 'again', bob)
    }
    expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'breaker' } })
  })

  behaviour('F15', 'what started while a run was open, where it works, is found to be of it', async () => {
    await using board = await openTestKernel(database)
    const { kernel, clock } = board
    const run = await board.run(await board.given())
    await run.start()
    const { path = '' } = (await kernel.listWorkspaces())[0] ?? {}
    const begun = clock.now()
    clock.advance(60)
    await run.end('stopped')
    clock.advance(60)
    const found = (startedAt: number, ...folders: string[]) => kernel.findRunAround({ startedAt, folders })
    const own = { runId: run.id, taskId: run.taskId }
    expect(await found(begun + 30, path)).toMatchObject(own)
    expect(await found(begun + 30.4, '/', `${path}/src/deep`)).toMatchObject(own)
    for (const [at, folder] of [
      [begun - 30, path],
      [begun + 90, path],
      [begun + 30, `${path}-other`],
      [begun + 30, '/'],
      [Number.NaN, path],
    ] as const)
      expect(await found(at, folder), `${at} ${folder}`).toBeNull()
  })
})
