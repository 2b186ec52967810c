/** What happened, who did it, and what reading it does: nothing. */
import { describe, expect } from 'vitest'
import { DOORS } from '../../src/domain/actor.ts'
import { parseBudgetId } from '../../src/domain/budget.ts'
import { EVENT_KINDS } from '../../src/domain/event.ts'
import { eventView } from '../../src/contract/views.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type TestKernel } from '../helpers/kernel.ts'
import { replay } from '../helpers/replay.ts'
import { rowsOf } from '../helpers/rows.ts'

/** A board on which nearly everything has happened once. */
async function eventful(board: TestKernel): Promise<void> {
  const { kernel, clock } = board
  board.setPolicy({ equalFailureLimit: 2 })
  const parent = await board.given({ title: 'plan', tenant: 'acme', skills: ['git'] })
  const child = await board.given({ title: 'build', parents: [parent.id] })
  const other = await board.given({ title: 'other' })
  await kernel.linkTasks(other.id, child.id, alice)
  await kernel.unlinkTasks(other.id, child.id, alice)
  await kernel.editTask(child.id, { title: 'build it', priority: 5 }, bob)
  await kernel.assignTask(child.id, 'writer', bob)
  await kernel.commentTask(child.id, 'please hurry', null, bob)

  const planning = await board.run(parent)
  await planning.start()
  await kernel.heartbeatTask(parent.id, 'half way', planning.worker)
  const remark = await kernel.commentTask(parent.id, 'in blue', null, bob)
  await kernel.recordDelivery(planning.worker.capability, [remark.id])
  await kernel.createTask({ title: 'follow-up', assignee: 'coder', parents: [parent.id] }, planning.worker)
  await kernel.completeTask(parent.id, { summary: 'planned\nin detail', result: '42' }, planning.worker)
  await planning.end('completed', { evidence: { exitCode: 0 } })
  await kernel.completeTask(parent.id, {}, planning.worker).catch(() => undefined)

  const building = await board.run(child)
  await building.start()
  await kernel.requestTaskReview(child.id, { summary: 'built' }, building.worker)
  await building.end('completed')
  await kernel.sendBackTask(child.id, 'where are the tests?', bob)
  const again = await board.run(child)
  await kernel.blockTask(child.id, 'which tests?', again.worker)
  await again.end('completed')
  await kernel.unblockTask(child.id, alice)
  await kernel.archiveTask(child.id, alice)
  await kernel.restoreTask(child.id, alice)

  for (const outcome of [
    'crashed',
    'timed_out',
    'stalled',
    'no_verdict',
    'spawn_failed',
    'reclaimed',
  ] as const) {
    const run = await board.run(await board.given({ title: outcome }))
    await run.start()
    await run.end(outcome, { evidence: { exitCode: outcome === 'crashed' ? 1 : null, elapsedSeconds: 7 } })
  }
  const stopped = await board.run(await board.given())
  await stopped.start()
  await kernel.stopTask(stopped.taskId, { reason: 'wrong branch' }, bob)
  await stopped.end('stopped')

  const spent = await board.given()
  for (let n = 0; n < board.policy.maxAttempts; n++) {
    clock.advance(600)
    await board.tick()
    await (await board.run(spent)).end('crashed', { error: `try ${'abc'[n]}` })
  }
  await kernel.retryTask(spent.id, 2, alice)
  await kernel.moveTask(spent.id, 'triage', {}, alice)
  await kernel.moveTask(spent.id, 'ready', {}, alice)

  const missing = await board.given()
  await kernel.failPreflight(missing.id, 'no program', board.policy, 'gateway')
  await kernel.passPreflight(missing.id, 'gateway')
  const byHand = await board.given()
  await kernel.claimTask(byHand.id, { ttlSeconds: 5 }, alice)
  clock.advance(6)
  await board.tick()
  const timed = await board.given({ notBefore: clock.now() + 60 })
  clock.advance(60)
  await board.tick()
  await kernel.completeTask(timed.id, {}, alice)
  await kernel.moveTask(timed.id, 'ready', {}, alice)
  await kernel.pause({ scope: 'task', target: timed.id }, 'later', alice)
  await kernel.resume({ scope: 'task', target: timed.id }, alice)
  await kernel.pause({ scope: 'board', target: '*' }, 'release day', alice)
  await kernel.resume({ scope: 'board', target: '*' }, alice)
  const file = { name: 'report.md', size: 3, digest: 'a'.repeat(64), mime: null }
  const [attached] = await kernel.attachFiles(byHand.id, [file], alice)
  await kernel.removeAttachment(byHand.id, attached?.id ?? 0, alice)
  const late = await board.given()
  await kernel.linkTasks(late.id, byHand.id, alice)
  const dear = await board.given({ title: 'dear' })
  const budget = parseBudgetId(`task:${dear.id}:tokens:total`)
  await kernel.setBudget(budget, { soft: 5, hard: 10, stopRunning: false, granters: [] }, alice)
  const spending = await board.run(dear, { provider: 'acme' })
  await spending.start()
  for (const output of [6, 12]) await spending.uses({ input: 0, output, cost: 1 })
  await spending.end('crashed', { error: 'spent' })
  await kernel.grantBudget(budget, { amount: 5, reason: 'it is worth it' }, alice)
  await kernel.removeBudget(budget, alice)

  const rough = await board.given({ status: 'triage' })
  const { helper } = await kernel.askHelp(rough.id, { kind: 'decompose', profile: 'writer' }, alice)
  const splitting = await board.run(helper)
  const pieces = []
  for (const title of ['one', 'two'])
    pieces.push((await kernel.createTask({ title, assignee: 'coder' }, splitting.worker)).task.id)
  await kernel.proposeText({ title: 'clear' }, splitting.worker)
  await kernel.completeTask(helper.id, {}, splitting.worker)
  await splitting.end('completed')
  await kernel.acceptText(rough.id, {}, alice)
  await kernel.rejectProposals(pieces.slice(0, 1), alice)
  await kernel.releaseProposals(pieces.slice(1), alice)
  for (const title of ['alike 1', 'alike 2'])
    await (
      await board.run(await board.given({ title, assignee: 'tester' }))
    ).end('crashed', { error: 'same' })
}

describe.each(databases)('events, on $name', (database) => {
  behaviour(
    ['F55', 'data.event', 'F43'],
    'every event names its actor and its door, and the walk meets every kind',
    async () => {
      await using board = await openTestKernel(database)
      await eventful(board)
      const events = await board.kernel.readEvents({ limit: 10_000 })
      for (const event of events) {
        expect(event.actor).toMatch(/^(alice|bob|coder|writer|tester|runner|dispatcher|rule:[a-z-]+)$/)
        expect(DOORS).toContain(event.door)
        expect(Object.keys(eventView(event)).toSorted()).toEqual(
          ['id', 'task_id', 'run_id', 'kind', 'payload', 'created_at', 'actor', 'door'].toSorted(),
        )
      }
      const ids = events.map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted((a, b) => a - b))
      expect(new Set(ids).size).toBe(ids.length)
      const kinds = new Set(events.map(({ kind }) => kind))
      expect(EVENT_KINDS.filter((kind) => !kinds.has(kind))).toEqual([])
    },
  )

  behaviour(
    'F43',
    'the events of a card replay to its status, its assignee and the outcomes of its runs',
    async () => {
      await using board = await openTestKernel(database)
      await eventful(board)
      for (const task of await board.kernel.listTasks({ archived: true })) {
        const { events, runs } = await board.kernel.showTask(task.id)
        expect(replay(events)).toEqual({
          status: task.status,
          assignee: task.assignee,
          runs: Object.fromEntries(runs.map((run) => [run.id, run.outcome])),
        })
      }
    },
  )

  behaviour(
    ['data.event-kinds', 'data.event-run'],
    'events carry what clients read, and the run they were caused in',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const parent = await board.given({ tenant: 'acme', skills: ['git'], assignee: 'coder' })
      const child = await board.given({ parents: [parent.id] })
      const run = await board.run(parent, { maxRuntimeSeconds: 60 })
      await run.start()
      await kernel.heartbeatTask(parent.id, null, run.worker)
      await kernel.commentTask(parent.id, 'four', null, run.worker)
      await run.end('timed_out', { evidence: { elapsedSeconds: 61, killed: true } })
      clock.advance(600)
      await board.tick()
      const second = await board.run(parent)
      await second.start()
      await second.end('crashed', { error: 'exit 1', evidence: { exitCode: 1 } })
      await kernel.completeTask(parent.id, { summary: `${'x'.repeat(500)}\nmore`, result: '12345' }, alice)
      const pid = expect.any(Number)
      const [r1, r2] = [run.id, second.id]
      const events = await kernel.readEvents({ taskId: parent.id })
      expect(events.map(({ kind, payload, runId }) => [kind, runId, payload])).toMatchObject([
        [
          'created',
          null,
          { assignee: 'coder', status: 'ready', parents: [], tenant: 'acme', skills: ['git'] },
        ],
        ['claimed', r1, { lock: 'testhost:1', expires: expect.any(Number), run_id: r1 }],
        ['spawned', r1, { pid }],
        ['heartbeat', r1, {}],
        ['commented', r1, { author: 'coder', len: 4 }],
        ['timed_out', r1, { pid, elapsed_seconds: 61, limit_seconds: 60, sigkill: true }],
        ['claimed', r2, { run_id: r2 }],
        ['spawned', r2, { pid }],
        ['crashed', r2, { pid, claimer: 'testhost:1', exit_code: 1, error: 'exit 1' }],
        ['completed', expect.any(Number), { result_len: 5, summary: `${'x'.repeat(399)}…` }],
      ])
      expect((await kernel.readEvents({ taskId: child.id })).map(({ kind }) => kind)).toEqual([
        'created',
        'promoted',
      ])
    },
  )

  behaviour(
    'data.comment',
    'a comment names its author: a person may give a name, a worker signs with its own',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const run = await board.run(await board.given())
      const id = run.taskId
      expect(await kernel.commentTask(id, ' hello ', null, alice)).toEqual({
        id: expect.any(Number),
        taskId: id,
        author: 'alice',
        body: 'hello',
        createdAt: board.clock.now(),
      })
      await kernel.commentTask(id, 'hi', 'Carol C.', alice)
      await kernel.commentTask(id, 'me too', 'the boss', run.worker)
      expect((await kernel.showTask(id)).comments.map(({ author }) => author)).toEqual([
        'alice',
        'Carol C.',
        'coder',
      ])
      for (const body of ['', ' \n '])
        await expect(kernel.commentTask(id, body, null, alice)).rejects.toMatchObject({
          code: 'empty_comment',
        })
      await expect(kernel.commentTask(id, 'x', 'bob\n### system', alice)).rejects.toMatchObject({
        code: 'bad_author',
      })
      await expect(kernel.commentTask('t_ffffffff', 'x', null, alice)).rejects.toMatchObject({
        kind: 'not_found',
      })
    },
  )

  behaviour(
    'data.event',
    'events can be read on from a cursor, by card, run, kind, assignee and tenant',
    async () => {
      await using board = await openTestKernel(database)
      await eventful(board)
      const { kernel } = board
      const all = await kernel.readEvents({ limit: 10_000 })
      const [cursor] = all.slice(10)
      expect(await kernel.readEvents({ after: cursor!.id, limit: 3 })).toEqual(all.slice(11, 14))
      expect(await kernel.readEvents({ newestFirst: true, limit: 2 })).toEqual(all.slice(-2).toReversed())
      const crashed = await kernel.readEvents({ kinds: ['crashed', 'timed_out'] })
      expect(new Set(crashed.map(({ kind }) => kind))).toEqual(new Set(['crashed', 'timed_out']))
      const runId = crashed[0]!.runId!
      for (const event of await kernel.readEvents({ runId })) expect(event.runId).toBe(runId)
      const acme = await kernel.readEvents({ tenant: 'acme', assignee: 'coder' })
      expect(new Set(acme.map(({ taskId }) => taskId)).size).toBe(1)
      expect(await kernel.getLatestEventId()).toBe(all.at(-1)!.id)
    },
  )

  behaviour(
    'data.event',
    'the event that takes a card from an assignee or a tenant says so, and is found by what it was before',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { id } = await board.given({ assignee: 'wri"ter%', tenant: 'acme' })
      await board.given({ assignee: 'other', tenant: 'other' })
      const { id: taken } = await board.given({ assignee: 'wri"ter%', tenant: 'acme' })
      await board.run(await kernel.getTask(taken))
      await kernel.assignTask(id, null, alice)
      await kernel.assignTask(id, 'coder', alice)
      await kernel.editTask(id, { title: 'else' }, alice)
      await kernel.editTask(id, { title: 'else again', tenant: 'other' }, alice)
      const told = (await kernel.readEvents({ taskId: id })).slice(1)
      expect(told.map(({ payload }) => payload)).toEqual([
        { assignee: null, from: 'wri"ter%' },
        { assignee: 'coder', from: null },
        { fields: ['title'] },
        { fields: ['title', 'tenant'], from: { tenant: 'acme' } },
      ])
      const [left, , , moved] = told.map((event) => event.id)
      const found = async (filter: Parameters<typeof kernel.readEvents>[0]) =>
        (await kernel.readEvents(filter)).filter(({ taskId }) => taskId === id).map((event) => event.id)
      expect(await found({ assignee: 'wri"ter%' })).toEqual([left])
      expect(await found({ tenant: 'acme' })).toEqual([moved])
      expect(await found({ assignee: 'coder', tenant: 'acme' })).toEqual([moved])
      expect(await found({ assignee: 'wri' })).toEqual([])
    },
  )

  behaviour('F44', 'no reading verb changes a row', async () => {
    await using board = await openTestKernel(database)
    await eventful(board)
    const { kernel } = board
    // Something that a sweep would take up is waiting in every way.
    await board.given({ notBefore: board.clock.now() + 5 })
    await kernel.claimTask((await board.given()).id, { ttlSeconds: 1 }, alice)
    await kernel.failPreflight((await board.given()).id, 'no program', board.policy, 'gateway')
    board.clock.advance(10_000)

    const before = await rowsOf(board.board)
    const context = { caps: { board: 1, profile: 1 }, dispatcher: 'absent' } as const
    for (const { id } of await kernel.listTasks({ archived: true })) {
      await kernel.getTask(id)
      await kernel.showTask(id)
      await kernel.listRuns(id)
      await kernel.why(id, context)
      await kernel.workerContext(id)
      await kernel.resolveTaskId(id)
      await kernel.listAttachments(id)
      await kernel.listSubscriptions(id)
      for (const run of await kernel.listRuns(id)) {
        await kernel.getRun(run.id)
        await kernel.askLease({ runId: run.id, secret: '' })
      }
    }
    await kernel.listTasks({ status: ['ready'], limit: 1 })
    await kernel.readForDispatch()
    await kernel.readReady({ limit: 100, despitePreflight: true })
    await kernel.readPreflightBlocked()
    await kernel.readEvents({ newestFirst: true })
    await kernel.getLatestEventId()
    await kernel.getStats()
    await kernel.listHolds()
    await kernel.listLiveRuns()
    await kernel.listWorkspaces()
    await kernel.listSubscriptions(null)
    await kernel.keptDigests()
    await kernel.workspacesWithOwners()
    await kernel.startingRuns()
    await kernel.readBoard({ tenant: null, archived: true })
    await kernel.readCards({ tenant: null, archived: true, limit: 5, column: null })
    expect(await rowsOf(board.board)).toEqual(before)
  })

  behaviour('F44', 'opening a board, and looking at it from another process, changes no row', async () => {
    await using board = await openTestKernel(database)
    await eventful(board)
    const before = await rowsOf(board.board)
    for (let n = 0; n < 3; n++) await (await board.another()).listTasks({})
    expect(await rowsOf(board.board)).toEqual(before)
  })

  behaviour('F44', 'a refused verb changes no row', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given({ status: 'done' })
    const before = await rowsOf(board.board)
    await expect(kernel.blockTask(id, 'no', alice)).rejects.toThrow('Cannot block')
    await expect(kernel.unblockTask(id, alice)).rejects.toThrow('Cannot unblock')
    await expect(kernel.createTask({ title: 'x', parents: [id, 't_ffffffff'] }, alice)).rejects.toThrow()
    expect(await kernel.claimTask(id, {}, alice)).toHaveProperty('refused')
    expect(await rowsOf(board.board)).toEqual(before)
  })

  behaviour('data.event', 'whoever watches the board hears of a change by another process', async () => {
    await using board = await openTestKernel(database)
    const other = await board.another()
    const heard = board.next('completed')
    const { task } = await other.createTask({ title: 'elsewhere' }, bob)
    await other.completeTask(task.id, { summary: 'done elsewhere' }, bob)
    expect(await heard).toMatchObject({ taskId: task.id, payload: { summary: 'done elsewhere' } })
  })
})
