/** What is done with single cards over HTTP, on both databases: each verb, its refusal, and who is named for it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { OperationId } from '../../src/contract/operations/table.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'
import { openTestServer } from './rig.ts'

describe.each(databases)('moves over HTTP, on $name', (database) => {
  behaviour(
    ['claim.single-winner', 'claim.losing', 'http.moves'],
    'a claim has one winner, and whoever loses is told why',
    async () => {
      await using server = await openTestServer({ database })
      const { id } = await server.test.given()
      const writer = await server.token('write')
      const answers = await Promise.all([1, 2, 3, 4].map(() => server.call('claimTask', { id }, writer)))
      const won = answers.filter(({ claimed }) => claimed)
      expect(won).toHaveLength(1)
      const workspace = join(server.paths.workspaces, id)
      expect(won[0]).toMatchObject({
        task: { id, status: 'running', claim_expires: server.test.clock.now() + 900 },
        run_id: expect.any(Number),
        workspace,
        refused: null,
      })
      expect(existsSync(workspace)).toBe(true)
      for (const lost of answers.filter(({ claimed }) => !claimed))
        expect(lost).toMatchObject({
          run_id: null,
          workspace: null,
          refused: { kind: 'status', text: expect.stringContaining('running') },
        })
      const claims = (await server.test.events(id)).filter(({ kind }) => kind === 'claimed')
      expect(claims).toMatchObject([{ actor: 'tom', door: 'http' }])
    },
  )

  behaviour(
    ['claim.ttl', 'claim.heartbeat'],
    'a claim lasts as long as was asked, and a heartbeat extends it, never shortens it',
    async () => {
      await using server = await openTestServer({ database })
      const { id } = await server.test.given()
      const { clock } = server.test
      const { task } = await server.call('claimTask', { id, ttl_seconds: 60 })
      expect(task.claim_expires).toBe(clock.now() + 60)
      clock.advance(30)
      const beat = await server.call('heartbeatTask', { id, note: 'half way' })
      expect(beat.task).toMatchObject({
        claim_expires: clock.now() + 900,
        last_heartbeat_at: clock.now(),
      })
      const [heartbeat] = (await server.test.events(id)).filter(({ kind }) => kind === 'heartbeat')
      expect(heartbeat?.payload).toEqual({ note: 'half way' })
      const long = await server.test.given()
      await server.call('claimTask', { id: long.id, ttl_seconds: 10_000 })
      const kept = await server.call('heartbeatTask', { id: long.id })
      expect(kept.task.claim_expires).toBe(clock.now() + 10_000)
      const idle = await server.test.given()
      expect(await server.refusal('heartbeatTask', { id: idle.id })).toMatchObject({
        status: 409,
        code: 'not_running',
      })
    },
  )

  test('a card that can have no workspace is not claimed', async () => {
    await using server = await openTestServer({ database })
    const { id } = await server.test.given({
      workspaceKind: 'dir',
      workspacePath: join(server.paths.home, 'nowhere'),
    })
    expect(await server.refusal('claimTask', { id })).toMatchObject({ status: 409, code: 'no_workspace' })
    expect(await server.test.task(id)).toMatchObject({ status: 'ready' })
  })

  test('complete, block, unblock, review and send back lead where they lead on the command line', async () => {
    await using server = await openTestServer({ database })
    const { call, refusal } = server
    const done = await server.test.given()
    expect(
      await call('completeTask', { id: done.id, result: 'r', summary: 'all good', metadata: { tests: 3 } }),
    ).toMatchObject({ task: { status: 'done', result: 'r' } })
    const { runs } = await call('listTaskRuns', { id: done.id })
    expect(runs).toMatchObject([{ outcome: 'completed', summary: 'all good', metadata: { tests: 3 } }])
    expect(await refusal('completeTask', { id: done.id })).toMatchObject({ status: 409 })

    const asked = await server.test.given()
    expect(await call('blockTask', { id: asked.id, reason: 'which colour?' })).toMatchObject({
      task: { status: 'blocked' },
    })
    expect(await call('explainTask', { id: asked.id })).toMatchObject({
      status: 'blocked',
      reasons: [{ kind: 'human', text: expect.stringContaining('which colour?'), owner: 'olga' }],
    })
    expect(await call('unblockTask', { id: asked.id })).toMatchObject({ task: { status: 'ready' } })
    expect(await refusal('unblockTask', { id: asked.id })).toMatchObject({ status: 409 })

    const reviewed = await server.test.given()
    expect(await call('reviewTask', { id: reviewed.id, summary: 'please look' })).toMatchObject({
      task: { status: 'review' },
    })
    const sent = await call(
      'sendBackTask',
      { id: reviewed.id, remarks: 'Name the file.' },
      await tokenOf(server),
    )
    expect(sent).toMatchObject({ task: { status: 'ready' } })
    const { comments } = await call('getTask', { id: reviewed.id })
    expect(comments).toMatchObject([{ author: 'tom', body: 'Name the file.' }])
    expect(await refusal('sendBackTask', { id: reviewed.id, remarks: 'again' })).toMatchObject({
      status: 409,
    })
  })

  behaviour(
    ['archive.running', 'archive.restore'],
    'archiving stops what runs first, and a card comes back to where it was',
    async () => {
      await using server = await openTestServer({ database })
      const { call } = server
      const waiting = await server.test.given({ status: 'blocked' })
      expect(await call('archiveTask', { id: waiting.id })).toMatchObject({ task: { status: 'archived' } })
      expect(await call('restoreTask', { id: waiting.id })).toMatchObject({ task: { status: 'blocked' } })
      const card = await server.test.given()
      const run = await server.test.run(card)
      await run.start()
      expect(await call('archiveTask', { id: card.id })).toMatchObject({
        task: { status: 'running' },
        stopping: true,
      })
      await run.end('reclaimed')
      expect(await server.test.task(card.id)).toMatchObject({ status: 'archived' })
    },
  )

  behaviour(
    'stop.target',
    'a card is stopped once, by name, and arrives where it was asked to go',
    async () => {
      await using server = await openTestServer({ database })
      const { call, refusal } = server
      for (const [destination, status] of [
        [undefined, 'blocked'],
        ['ready', 'ready'],
        ['archive', 'archived'],
      ] as const) {
        const card = await server.test.given()
        const run = await server.test.run(card)
        await run.start()
        const wish = { id: card.id, reason: 'wrong branch', destination: destination ?? null }
        expect(await call('stopTask', wish)).toMatchObject({ task: { status: 'running' }, stopping: true })
        expect(await call('stopTask', wish)).toMatchObject({ stopping: true })
        expect(await call('explainTask', { id: card.id })).toMatchObject({
          reasons: [{ kind: 'stopping', owner: 'olga', text: expect.stringContaining('wrong branch') }],
        })
        await run.end('stopped')
        expect(await server.test.task(card.id)).toMatchObject({ status })
        const stops = (await server.test.events(card.id)).filter(({ kind }) => kind === 'stop_requested')
        expect(stops).toMatchObject([{ actor: 'olga', door: 'http' }])
      }
      const idle = await server.test.given()
      expect(await refusal('stopTask', { id: idle.id })).toMatchObject({ status: 409, code: 'not_running' })
    },
  )

  test('a retry takes more than write, and grants an attempt only where none is left', async () => {
    await using server = await openTestServer({ database })
    server.test.setPolicy({ maxAttempts: 1 })
    const { call, refusal } = server
    const card = await server.test.given()
    const run = await server.test.run(card)
    await run.start()
    await run.end('crashed')
    expect(await refusal('retryTask', { id: card.id }, await server.token('write'))).toMatchObject({
      status: 403,
      code: 'scope_too_narrow',
    })
    expect(await call('retryTask', { id: card.id })).toMatchObject({ task: { status: 'ready' } })
    expect((await call('getTask', { id: card.id })).attempts).toMatchObject({ charged: 1, granted: 1 })
    await call('retryTask', { id: card.id }).catch(() => undefined)
    expect((await call('getTask', { id: card.id })).attempts).toMatchObject({ granted: 1 })
    await call('retryTask', { id: card.id, attempts: 2 })
    expect((await call('getTask', { id: card.id })).attempts).toMatchObject({ granted: 3 })
    expect((await server.test.events(card.id)).filter(({ kind }) => kind === 'granted')).toMatchObject([
      { actor: 'olga', payload: { attempts: 1 } },
      { actor: 'olga', payload: { attempts: 2 } },
    ])
  })

  behaviour(
    'hold.kinds',
    'a pause of a card, a profile, a provider or the board holds until it is lifted',
    async () => {
      await using server = await openTestServer({ database })
      const { call, refusal } = server
      const { id } = await server.test.given()
      expect(await call('pauseTask', { id, reason: 'release' })).toMatchObject({
        task: { id },
        starting_runs: [],
      })
      expect(await call('explainTask', { id })).toMatchObject({ reasons: [{ kind: 'pause' }] })
      expect(await server.test.tryRun({ id })).toHaveProperty('refused')
      expect(await call('resumeTask', { id })).toMatchObject({ lifted: [{ kind: 'pause', target: id }] })
      expect(await refusal('resumeTask', { id })).toMatchObject({ status: 409, code: 'not_paused' })

      for (const [scope, target] of [
        ['board', '*'],
        ['profile', 'coder'],
        ['provider', 'anthropic'],
      ] as const) {
        const what = scope === 'board' ? { scope } : { scope, target }
        expect(await call('pause', { ...what, reason: 'lunch' })).toEqual({
          scope,
          target,
          reason: 'lunch',
          starting_runs: [],
        })
        expect((await call('listHolds', {})).holds).toMatchObject([
          { scope, target, kind: 'pause', reason: 'lunch', actor: 'olga' },
        ])
        if (scope !== 'provider') expect(await server.test.tryRun({ id })).toHaveProperty('refused')
        expect(await call('resume', what)).toMatchObject({ scope, target, lifted: [{ kind: 'pause' }] })
      }
      expect((await call('listHolds', {})).holds).toEqual([])
      expect(await refusal('pause', { scope: 'profile' })).toMatchObject({ status: 400 })
      expect(await refusal('pause', { scope: 'task', target: id })).toMatchObject({ status: 400 })
      expect(await refusal('pause', { scope: 'board' }, await server.token('write'))).toMatchObject({
        status: 403,
      })
    },
  )

  test('a run that had passed the last check is named by whoever pauses', async () => {
    await using server = await openTestServer({ database })
    const card = await server.test.given()
    const run = await server.test.run(card)
    const { runId, secret } = run.worker.capability
    await server.kernel.startRun({ runId, secret }, { bootId: 'boot-1', pid: 1, startTime: '1' })
    const other = await server.test.given()
    expect(await server.call('pauseTask', { id: card.id })).toMatchObject({ starting_runs: [run.id] })
    expect(await server.call('pauseTask', { id: other.id })).toMatchObject({ starting_runs: [] })
    expect(await server.call('pause', { scope: 'board' })).toMatchObject({ starting_runs: [run.id] })
  })

  behaviour(
    ['fence.late', 'fence.accept'],
    'a late report is kept, and counts once a person has accepted it',
    async () => {
      await using server = await openTestServer({ database })
      const card = await server.test.given()
      const run = await server.test.run(card)
      await run.start()
      await run.end('crashed')
      const as = server.runToken(run)
      const late = await server.refusal('completeTask', { id: card.id, summary: 'it was done' }, as)
      expect(late).toMatchObject({ status: 409, code: 'run_ended' })
      const [report] = (await server.call('getTask', { id: card.id })).late_reports
      expect(report).toMatchObject({ verb: 'complete', run_id: run.id, accepted_at: null })
      const wish = { id: card.id, report_id: report!.id }
      expect(await server.refusal('acceptLateReport', wish, as)).toMatchObject({ status: 403 })
      expect(await server.call('acceptLateReport', wish)).toMatchObject({ task: { status: 'done' } })
      expect(await server.refusal('acceptLateReport', wish)).toMatchObject({
        status: 409,
        code: 'report_accepted',
      })
      expect(await server.refusal('acceptLateReport', { ...wish, report_id: 99 })).toMatchObject({
        status: 404,
        code: 'report_not_found',
      })
    },
  )

  behaviour(
    ['F15', 'F16', 'fence.scope'],
    'the worker of a run reports on its own card, and lifts nothing',
    async () => {
      await using server = await openTestServer({ database })
      const card = await server.test.given()
      const other = await server.test.given({ status: 'blocked' })
      const run = await server.test.run(card)
      await run.start()
      const as = server.runToken(run)
      await server.call('heartbeatTask', { id: card.id, note: 'at work' }, as)
      await server.kernel.pause({ scope: 'profile', target: 'coder' }, 'lunch', alice)
      const before = await rowsOf(server.test.board)
      const lifting: [OperationId, Record<string, unknown>][] = (
        [
          'claimTask',
          'unblockTask',
          'retryTask',
          'stopTask',
          'pauseTask',
          'resumeTask',
          'archiveTask',
          'restoreTask',
        ] as const
      ).flatMap((id) => [
        [id, { id: card.id }],
        [id, { id: other.id }],
      ])
      lifting.push(
        ['sendBackTask', { id: other.id, remarks: 'x' }],
        ['resume', { scope: 'profile', target: 'coder' }],
        ['heartbeatTask', { id: other.id }],
        ['completeTask', { id: other.id, summary: 'x' }],
        ['blockTask', { id: other.id }],
        ['reviewTask', { id: other.id }],
      )
      for (const [id, input] of lifting)
        expect([id, await server.refusal(id, input, as)]).toEqual([
          id,
          expect.objectContaining({ status: 403, code: 'worker_denied' }),
        ])
      expect(await rowsOf(server.test.board)).toEqual(before)
      await server.call('blockTask', { id: card.id, reason: 'which colour?' }, as)
      const events = await server.test.events(card.id)
      for (const kind of ['heartbeat', 'blocked'])
        expect(events.find((event) => event.kind === kind)).toMatchObject({
          actor: 'coder',
          door: 'http',
          runId: run.id,
        })
      // What it asked for is for a person to lift.
      expect(await server.refusal('unblockTask', { id: card.id }, as)).toMatchObject({ status: 403 })
      await run.end('completed')
      expect(await server.call('unblockTask', { id: card.id })).toMatchObject({ task: { status: 'ready' } })
    },
  )

  test('a card tells its links, its attempts, why it waits and what its worker is told', async () => {
    await using server = await openTestServer({ database })
    const { call, refusal } = server
    const parent = await server.test.given({ title: 'first' })
    const card = await server.test.given({ title: 'second', body: 'Paint it.', parents: [parent.id] })
    const child = await server.test.given({ title: 'third', parents: [card.id] })
    expect(await call('listTaskLinks', { id: card.id })).toEqual({
      parents: [{ id: parent.id, title: 'first', status: 'ready', completed_at: null }],
      children: [{ id: child.id, title: 'third', status: 'todo', completed_at: null }],
    })
    expect(await call('explainTask', { id: card.id })).toMatchObject({
      task_id: card.id,
      status: 'todo',
      reasons: [{ kind: 'dependency', blocked_by: [parent.id], lift: null }],
    })
    expect(await call('listTaskRuns', { id: card.id })).toEqual({ runs: [] })
    await call('completeTask', { id: parent.id, summary: 'It is blue.' })
    const context = await call('getTaskContext', { id: card.id })
    expect(context).toMatchObject({
      task: { id: card.id, body: 'Paint it.' },
      parents: [{ id: parent.id, summary: 'It is blue.' }],
      attempts: [],
    })
    const text = String(await call('getTaskContextText', { id: card.id }))
    expect(text).toContain(`# ${card.id}\n`)
    expect(text).toContain('It is blue.')
    const answer = await server.ask(`/api/kanban/tasks/${card.id}/context/text`)
    expect(answer.headers['content-type']).toBe('text/markdown; charset=utf-8')
    for (const id of [
      'explainTask',
      'listTaskLinks',
      'listTaskRuns',
      'getTaskContext',
      'getTaskContextText',
      'claimTask',
      'archiveTask',
      'pauseTask',
    ] as const)
      expect([id, await refusal(id, { id: 't_nope' })]).toEqual([
        id,
        expect.objectContaining({ status: 404, code: 'task_not_found' }),
      ])
  })

  test('chats follow cards, and leave them', async () => {
    await using server = await openTestServer({ database })
    const { call, refusal } = server
    const { id } = await server.test.given()
    const chat = { task_id: id, platform: 'telegram', chat_id: '12' }
    expect(await call('addSubscription', chat)).toEqual({ ok: true, created: true })
    expect(await call('addSubscription', chat)).toEqual({ ok: true, created: false })
    await call('addSubscription', { ...chat, thread_id: '7', user_id: 'u' })
    const { subscriptions } = await call('listSubscriptions', { task: id })
    expect(subscriptions).toMatchObject([
      { ...chat, thread_id: '', user_id: null },
      { ...chat, thread_id: '7', user_id: 'u' },
    ])
    expect((await call('listSubscriptions', { task: 't_0' })).subscriptions).toEqual([])
    expect(await call('removeSubscription', chat)).toEqual({ ok: true })
    expect(await call('removeSubscription', chat)).toEqual({ ok: false })
    expect((await call('listSubscriptions', {})).subscriptions).toHaveLength(1)
    expect(await refusal('addSubscription', { ...chat, task_id: 't_nope' })).toMatchObject({ status: 400 })
    expect(await refusal('addSubscription', { ...chat, platform: ' ' })).toMatchObject({ status: 400 })
  })

  test('everybody who can be given cards is listed, and everybody who has some', async () => {
    await using server = await openTestServer({ database })
    await server.test.given({ assignee: 'somebody' })
    const { assignees } = await server.call('listAssignees', {})
    expect(assignees).toContainEqual({ name: 'somebody', on_disk: false, counts: { ready: 1 } })
    expect(assignees).toContainEqual({ name: 'shell', on_disk: true, counts: {} })
  })
})

const tokenOf = (server: Awaited<ReturnType<typeof openTestServer>>) => server.token('write')
