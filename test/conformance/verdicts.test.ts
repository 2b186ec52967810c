/** Claims by hand, and what is said about the work: which moves there are, and what each leaves behind. */
import { describe, expect } from 'vitest'
import { TASK_STATUSES, type TaskStatus } from '../../src/domain/task.ts'
import { runView } from '../../src/contract/views.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'

type Verb = (kernel: Kernel, id: string) => Promise<unknown>

/** From where each verb may be used by a person, and where it leads. Running means a run with live processes. */
const MOVES: Record<string, { readonly verb: Verb; readonly from: Partial<Record<TaskStatus, TaskStatus>> }> =
  {
    complete: {
      verb: (kernel, id) => kernel.completeTask(id, {}, bob),
      from: { running: 'running', ready: 'done', blocked: 'done', review: 'done' },
    },
    block: {
      verb: (kernel, id) => kernel.blockTask(id, null, bob),
      from: { running: 'running', ready: 'blocked' },
    },
    unblock: { verb: (kernel, id) => kernel.unblockTask(id, bob), from: { blocked: 'ready' } },
    'request review': {
      verb: (kernel, id) => kernel.requestTaskReview(id, {}, bob),
      from: { ready: 'review' },
    },
    'send back': { verb: (kernel, id) => kernel.sendBackTask(id, 'no', bob), from: { review: 'ready' } },
    archive: {
      verb: (kernel, id) => kernel.archiveTask(id, bob),
      from: {
        triage: 'archived',
        todo: 'archived',
        ready: 'archived',
        running: 'running',
        blocked: 'archived',
        review: 'archived',
        done: 'archived',
      },
    },
    restore: { verb: (kernel, id) => kernel.restoreTask(id, bob), from: { archived: 'ready' } },
    stop: { verb: (kernel, id) => kernel.stopTask(id, { reason: 'x' }, bob), from: { running: 'running' } },
    'retry with a grant': {
      verb: (kernel, id) => kernel.retryTask(id, 1, bob),
      from: { todo: 'todo', ready: 'ready', blocked: 'ready', done: 'ready' },
    },
    assign: {
      verb: (kernel, id) => kernel.assignTask(id, 'writer', bob),
      from: {
        triage: 'triage',
        todo: 'todo',
        ready: 'ready',
        blocked: 'blocked',
        review: 'review',
        done: 'done',
        archived: 'archived',
      },
    },
    'move to triage': {
      verb: (kernel, id) => kernel.moveTask(id, 'triage', {}, bob),
      from: { triage: 'triage', todo: 'triage', ready: 'triage', blocked: 'triage' },
    },
    'move to ready': {
      verb: (kernel, id) => kernel.moveTask(id, 'ready', {}, bob),
      from: { triage: 'ready', ready: 'ready', blocked: 'ready', done: 'ready', archived: 'ready' },
    },
    'move to running': {
      verb: (kernel, id) => kernel.moveTask(id, 'running', {}, bob),
      from: { running: 'running' },
    },
    'move to done': {
      verb: (kernel, id) => kernel.moveTask(id, 'done', {}, bob),
      from: { running: 'running', ready: 'done', blocked: 'done', review: 'done', done: 'done' },
    },
  }

describe.each(databases)('verdicts, on $name', (database) => {
  for (const [name, { verb, from }] of Object.entries(MOVES)) {
    behaviour(
      ['move.table', 'F43', 'F24'],
      `${name}: from where it leads somewhere, and from where it is refused`,
      async () => {
        await using board = await openTestKernel(database)
        for (const status of TASK_STATUSES) {
          const { id } = await board.given({ status })
          const to = from[status]
          if (to !== undefined) {
            await verb(board.kernel, id)
            expect(`${status} → ${(await board.task(id)).status}`).toBe(`${status} → ${to}`)
            continue
          }
          const before = await rowsOf(board.board)
          await expect(verb(board.kernel, id)).rejects.toMatchObject({
            kind: expect.stringMatching(/^(conflict|invalid)$/),
            message: expect.stringMatching(new RegExp(`^Cannot .*${id}.*: .* yard [a-z-]+ ${id}`)),
          })
          expect(await rowsOf(board.board)).toEqual(before)
        }
      },
    )
  }

  behaviour(
    ['claim.ttl', 'data.run', 'data.run-open'],
    'a claim by hand opens a run of 900 seconds for its assignee',
    async () => {
      await using board = await openTestKernel(database)
      const now = board.clock.now()
      const { id } = await board.given({ maxRuntimeSeconds: 60 })
      const answer = await board.kernel.claimTask(id, {}, alice)
      if (!('claimed' in answer)) throw new Error('refused')
      expect(answer.claimed).toMatchObject({
        status: 'running',
        startedAt: now,
        claimLock: 'testhost:alice',
        claimExpires: now + 900,
        currentRunId: answer.runId,
      })
      expect(await board.task(id)).toEqual(answer.claimed)
      const run = runView(await board.kernel.getRun(answer.runId))
      expect(run).toMatchObject({
        id: answer.runId,
        task_id: id,
        profile: 'coder',
        step_key: null,
        status: 'running',
        claim_lock: 'testhost:alice',
        claim_expires: now + 900,
        worker_pid: null,
        max_runtime_seconds: 60,
        last_heartbeat_at: null,
        started_at: now,
        ended_at: null,
        outcome: null,
        summary: null,
        metadata: null,
        error: null,
      })
      expect((await board.events(id)).at(-1)).toMatchObject({
        kind: 'claimed',
        runId: answer.runId,
        payload: { lock: 'testhost:alice', expires: now + 900, run_id: answer.runId },
      })
      const own = await board.kernel.claimTask((await board.given()).id, { ttlSeconds: 5 }, alice)
      expect(own).toMatchObject({ claimed: { claimExpires: now + 5 } })
      for (const ttlSeconds of [0, -5, 1.5, Number.NaN])
        await expect(board.kernel.claimTask(id, { ttlSeconds }, alice)).rejects.toMatchObject({
          code: 'bad_ttl',
        })
    },
  )

  behaviour('claim.losing', 'a card that cannot be claimed says why, without an error', async () => {
    await using board = await openTestKernel(database)
    for (const status of ['triage', 'todo', 'running', 'blocked', 'review', 'done', 'archived'] as const) {
      const { id } = await board.given({ status })
      expect(await board.kernel.claimTask(id, {}, alice)).toMatchObject({
        refused: { kind: 'status', text: `it is ${status}, not ready` },
      })
    }
    await expect(board.kernel.claimTask('t_ffffffff', {}, alice)).rejects.toMatchObject({ kind: 'not_found' })
  })

  behaviour(
    ['claim.heartbeat', 'claim.expiry'],
    'a heartbeat extends a claim, and one that ran out is taken back',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const { id } = await board.given()
      await kernel.claimTask(id, {}, alice)
      clock.advance(800)
      expect(await kernel.heartbeatTask(id, 'half way', alice)).toMatchObject({
        claimExpires: clock.now() + 900,
        lastHeartbeatAt: clock.now(),
      })
      expect((await board.events(id)).at(-1)).toMatchObject({
        kind: 'heartbeat',
        payload: { note: 'half way' },
      })
      clock.advance(900)
      await board.tick()
      expect(await board.task(id)).toMatchObject({ status: 'running', lastHeartbeatAt: clock.now() - 900 })
      clock.advance(1)
      await board.tick()
      expect(await board.task(id)).toMatchObject({ status: 'ready', claimLock: null, claimExpires: null })
      expect(await kernel.listRuns(id)).toMatchObject([{ outcome: 'reclaimed', endedAt: clock.now() }])
      expect((await board.events(id)).at(-1)).toMatchObject({
        kind: 'reclaimed',
        actor: 'rule:claim-expiry',
        payload: { stale_lock: 'testhost:alice' },
      })
      await expect(kernel.heartbeatTask(id, null, alice)).rejects.toMatchObject({ code: 'not_running' })
    },
  )

  behaviour('claim.heartbeat', 'a heartbeat never shortens a long claim', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    await board.kernel.claimTask(id, { ttlSeconds: 7_200 }, alice)
    const { claimExpires } = await board.kernel.heartbeatTask(id, null, alice)
    expect(claimExpires).toBe(board.clock.now() + 7_200)
  })

  behaviour('F25', 'a heartbeat of the last run says nothing about the next', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    await run.start()
    await board.kernel.heartbeatTask(run.taskId, null, run.worker)
    await run.end('crashed')
    board.clock.advance(9 * 86_400)
    await board.tick()
    const next = await board.run({ id: run.taskId })
    expect(await board.task(run.taskId)).toMatchObject({ lastHeartbeatAt: null, workerPid: null })
    expect(await board.kernel.getRun(next.id)).toMatchObject({ lastHeartbeatAt: null })
    await board.tick()
    expect((await board.task(run.taskId)).currentRunId).toBe(next.id)
  })

  behaviour(
    'F25',
    'a worker that is silent for hours keeps its run as long as its runner renews the lease',
    async () => {
      await using board = await openTestKernel(database)
      const run = await board.run(await board.given())
      await run.start()
      for (let n = 0; n < 100; n++) {
        board.clock.advance(300)
        await board.tick()
        const answer = await board.kernel.renewLease(run.worker.capability)
        expect(answer).toMatchObject({ open: true, stop: null })
      }
      expect(await board.task(run.taskId)).toMatchObject({
        currentRunId: run.id,
        claimExpires: board.clock.now() + board.policy.leaseSeconds,
      })
      await board.kernel.heartbeatTask(run.taskId, null, bob)
      expect((await board.task(run.taskId)).claimExpires).toBe(board.clock.now() + board.policy.leaseSeconds)
    },
  )

  behaviour(
    ['complete.from', 'complete.summary'],
    'a completion keeps result and summary, one standing in for the other',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const cases = [
        { said: { result: '42' }, task: '42', summary: '42' },
        { said: { summary: 'answered' }, task: null, summary: 'answered' },
        { said: { result: '42', summary: 'answered' }, task: '42', summary: 'answered' },
        { said: { summary: ' \n', result: '42' }, task: '42', summary: '42' },
      ]
      for (const { said, task: result, summary } of cases) {
        const { id } = await board.given()
        await kernel.claimTask(id, {}, alice)
        const { task } = await kernel.completeTask(id, said, alice)
        expect(task).toMatchObject({
          status: 'done',
          result,
          completedAt: board.clock.now(),
          claimLock: null,
        })
        expect(await kernel.listRuns(id)).toMatchObject([
          { outcome: 'completed', status: 'completed', summary },
        ])
        expect((await board.events(id)).at(-1)).toMatchObject({
          kind: 'completed',
          payload: { result_len: result?.length ?? 0, summary },
        })
      }
    },
  )

  behaviour(
    ['data.zero-length-run'],
    'a handoff on a card nobody had claimed is a run of no length',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const withRun: Verb[] = [
        (_, id) => kernel.completeTask(id, { result: '42' }, alice),
        (_, id) => kernel.completeTask(id, { summary: 'done' }, alice),
        (_, id) => kernel.completeTask(id, { metadata: { a: 1 } }, alice),
        (_, id) => kernel.blockTask(id, 'which colour?', alice),
        (_, id) => kernel.requestTaskReview(id, {}, alice),
      ]
      for (const verb of withRun) {
        const { id } = await board.given()
        await verb(kernel, id)
        const runs = await kernel.listRuns(id)
        expect(runs).toMatchObject([{ profile: 'coder', startedAt: clock.now(), endedAt: clock.now() }])
        expect(runs[0]?.outcome).toBe(runs[0]?.status)
        expect((await board.events(id)).at(-1)?.runId).toBe(runs[0]?.id)
        expect((await board.task(id)).currentRunId).toBeNull()
      }
      const withoutRun: Verb[] = [
        (_, id) => kernel.completeTask(id, {}, alice),
        (_, id) => kernel.completeTask(id, { result: '', summary: ' ' }, alice),
        (_, id) => kernel.blockTask(id, null, alice),
        (_, id) => kernel.blockTask(id, '  ', alice),
      ]
      for (const verb of withoutRun) {
        const { id } = await board.given()
        await verb(kernel, id)
        expect(await kernel.listRuns(id)).toEqual([])
        expect((await board.events(id)).at(-1)?.runId).toBeNull()
      }
    },
  )

  behaviour('data.run-open', 'a card has at most one open run, and points at it', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    expect(await board.tryRun({ id: run.taskId })).toMatchObject({ refused: { kind: 'status' } })
    expect((await board.task(run.taskId)).currentRunId).toBe(run.id)
    await board.kernel.blockTask(run.taskId, 'which colour?', run.worker)
    expect((await board.task(run.taskId)).currentRunId).toBeNull()
    expect(await board.kernel.getRun(run.id)).toMatchObject({ outcome: 'blocked', summary: 'which colour?' })
  })

  behaviour(
    ['run.next', 'F01'],
    'the next run opens only when the processes of the last one are gone',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const run = await board.run(await board.given())
      await run.start()
      await kernel.blockTask(run.taskId, 'which colour?', run.worker)
      await kernel.unblockTask(run.taskId, alice)
      expect((await board.task(run.taskId)).status).toBe('ready')
      expect(await board.tryRun({ id: run.taskId })).toMatchObject({ refused: { kind: 'stopping' } })
      expect(await kernel.claimTask(run.taskId, {}, alice)).toMatchObject({ refused: { kind: 'stopping' } })
      await run.end('completed', { evidence: { exitCode: 0 } })
      expect(await kernel.getRun(run.id)).toMatchObject({ outcome: 'blocked', evidence: { exitCode: 0 } })
      expect(await board.tryRun({ id: run.taskId })).not.toHaveProperty('refused')
    },
  )

  behaviour('run.once', 'ending a run a second time changes nothing', async () => {
    await using board = await openTestKernel(database)
    const run = await board.run(await board.given())
    await run.end('crashed', { evidence: { exitCode: 3 } })
    const before = await rowsOf(board.board)
    expect(await run.end('completed', { result: 'after all' })).toBeNull()
    expect(await rowsOf(board.board)).toEqual(before)
    expect(
      await board.kernel.closeRun(
        4_711,
        { outcome: 'crashed', error: null, evidence: before as never },
        { actor: 'x', door: 'runner', runId: null },
      ),
    ).toBeNull()
  })

  behaviour(
    'run.once',
    'a runner reports for duty once, and a run that has ended starts no worker',
    async () => {
      await using board = await openTestKernel(database)
      const identity = { bootId: 'boot-1', pid: 7, startTime: '1' }
      const run = await board.run(await board.given())
      const { capability } = run.worker
      expect(await board.kernel.startRun(capability, identity)).toBe('go')
      expect(await board.kernel.startRun(capability, { ...identity, pid: 8 })).toBe('ended')
      expect(await board.kernel.recordSpawn(capability, { ...identity, pid: 9 })).toBe(true)
      expect((await board.task(run.taskId)).workerPid).toBe(9)
      expect((await board.events(run.taskId)).at(-1)).toMatchObject({
        kind: 'spawned',
        payload: { pid: 9 },
        runId: run.id,
      })
      await run.end('crashed')
      expect(await board.kernel.renewLease(capability)).toMatchObject({ open: false })
      expect(await board.kernel.recordSpawn(capability, identity)).toBe(false)

      const stopped = await board.run(await board.given())
      await board.kernel.stopTask(stopped.taskId, { reason: 'x' }, alice)
      expect(await board.kernel.startRun(stopped.worker.capability, identity)).toBe('stopped')
    },
  )

  behaviour('block.from', 'a block keeps its reason, and who asked', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    await board.kernel.blockTask(id, '  which colour?\n', alice)
    const { holds, events } = await board.kernel.showTask(id)
    expect(holds).toMatchObject([
      { kind: 'human', reason: 'which colour?', actor: 'alice', since: board.clock.now() },
    ])
    expect(events.at(-1)).toMatchObject({ kind: 'blocked', payload: { reason: 'which colour?' } })
  })

  behaviour('unblock.place', 'an unblocked card is ready, or waits while a parent is open', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given({ status: 'blocked' })
    const parent = await board.given()
    await kernel.linkTasks(parent.id, id, alice)
    expect((await kernel.unblockTask(id, alice)).status).toBe('todo')
    await kernel.completeTask(parent.id, {}, alice)
    expect((await board.task(id)).status).toBe('ready')
  })

  behaviour(
    'assign.running',
    'a card gets another assignee, or none, and the same one again is no change',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { id } = await board.given()
      expect((await kernel.assignTask(id, 'writer', alice)).task.assignee).toBe('writer')
      expect((await kernel.assignTask(id, 'none', alice)).task.assignee).toBeNull()
      const before = await rowsOf(board.board)
      await kernel.assignTask(id, null, alice)
      expect(await rowsOf(board.board)).toEqual(before)
      await expect(kernel.assignTask(id, 'two words', alice)).rejects.toMatchObject({ code: 'bad_name' })
    },
  )

  behaviour('move.table', 'an edit changes what it names, and one that changes nothing is none', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given()
    const edited = await kernel.editTask(
      id,
      { title: ' new ', priority: 3, maxRuntimeSeconds: 60, skills: ['git'] },
      bob,
    )
    expect(edited).toMatchObject({ title: 'new', priority: 3, maxRuntimeSeconds: 60, skills: ['git'] })
    expect((await board.events(id)).slice(1)).toMatchObject([
      { kind: 'edited', payload: { fields: ['title', 'max_runtime_seconds', 'skills'] }, actor: 'bob' },
      { kind: 'reprioritized', payload: { priority: 3 } },
    ])
    const before = await rowsOf(board.board)
    await kernel.editTask(id, { title: 'new', priority: 3 }, bob)
    await kernel.editTask(id, {}, bob)
    expect(await rowsOf(board.board)).toEqual(before)
    await expect(kernel.editTask(id, { title: ' ' }, bob)).rejects.toMatchObject({ code: 'empty_title' })
  })

  behaviour('F45', 'while it is paused, nothing is claimed and no worker starts', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const identity = { bootId: 'boot-1', pid: 7, startTime: '1' }
    for (const target of [
      { scope: 'board', target: '*' },
      { scope: 'profile', target: 'coder' },
    ] as const) {
      const claimed = await board.run(await board.given())
      const { id } = await board.given()
      await kernel.pause(target, 'stop everything', alice)
      expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'pause', owner: 'alice' } })
      expect(await kernel.claimTask(id, {}, bob)).toMatchObject({ refused: { kind: 'pause' } })
      expect(await kernel.startRun(claimed.worker.capability, identity)).toBe('paused')
      await claimed.end('reclaimed', { error: 'a pause came before the worker started' })
      expect((await board.task(claimed.taskId)).status).toBe('ready')
      await expect(kernel.resume({ scope: 'task', target: id }, bob)).rejects.toMatchObject({
        code: 'not_paused',
      })
      await kernel.resume(target, bob)
      expect(await board.tryRun({ id: claimed.taskId })).not.toHaveProperty('refused')
    }
    expect((await kernel.readEvents({ kinds: ['paused', 'resumed'] })).map(({ actor }) => actor)).toEqual([
      'alice',
      'bob',
      'alice',
      'bob',
    ])
  })
})
