import { describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases, TEST_NOW } from '../helpers/boards.ts'
import { alice, openTestKernel } from '../helpers/kernel.ts'
import { ERAS, serveRun } from './given.ts'

const WORKER_TOOLS = [
  'kanban_show',
  'kanban_complete',
  'kanban_block',
  'kanban_heartbeat',
  'kanban_comment',
  'kanban_create',
  'kanban_link',
  'kanban_list',
  'kanban_request_review',
  'kanban_attach',
  'kanban_attachments',
]
const SQLITE = databases[0]!
const id = expect.stringMatching(/^t_[0-9a-f]{8}$/) as string

describe.each(ERAS)('a client of the %s era', (era) => {
  behaviour('tools.eras', 'gets the tools of its run, and works its card with them', async () => {
    await using run = await serveRun(SQLITE, { era })
    expect(run.client.getProtocolEra()).toBe(era)
    expect(await run.tools()).toEqual(WORKER_TOOLS)
    expect(run.client.getInstructions()).toContain(run.card.id)
    await run.ok('kanban_show')
    await run.ok('kanban_complete', { summary: 'done' })
    expect((await run.board.task(run.card.id)).status).toBe('done')
  })
})

describe.each(databases)('the tools on $name', (database) => {
  behaviour(['tools.seven', 'tools.answers'], 'answer in shapes that stay', async () => {
    await using run = await serveRun(database, { card: { title: 'paint it', body: 'blue', tenant: 'acme' } })
    const { card } = run
    expect(await run.ok('kanban_heartbeat', { note: 'mixing colours' })).toEqual({
      isError: false,
      ok: true,
      task_id: card.id,
      run_id: run.run.id,
      last_heartbeat_at: TEST_NOW,
    })
    expect(await run.ok('kanban_comment', { task_id: card.id, body: ' dry by noon ' })).toEqual({
      isError: false,
      ok: true,
      task_id: card.id,
      comment_id: expect.any(Number) as number,
      author: 'coder',
    })
    const created = await run.ok('kanban_create', {
      title: 'hang it',
      assignee: 'writer',
      body: 'over the sofa',
      parents: card.id,
      skills: 'hammer',
      priority: 3,
      idempotency_key: 'hang',
      max_runtime_seconds: 60,
      workspace_kind: 'scratch',
      triage: null,
    })
    expect(created).toEqual({
      note: expect.stringContaining('the card waits') as string,
      isError: false,
      ok: true,
      task_id: id,
      created: true,
      status: 'todo',
      assignee: 'writer',
      tenant: 'acme',
      parents: [card.id],
    })
    const child = created['task_id'] as string
    expect(await run.board.task(child)).toMatchObject({
      createdBy: 'coder',
      skills: ['hammer'],
      priority: 3,
      maxRuntimeSeconds: 60,
    })
    expect(
      await run.ok('kanban_create', { title: 'again', assignee: 'writer', idempotency_key: 'hang' }),
    ).toMatchObject({ task_id: child, created: false })
    const second = await run.ok('kanban_create', { title: 'dust', assignee: 'writer', skills: ['a', 'b'] })
    expect(await run.ok('kanban_link', { parent_id: child, child_id: second['task_id'] })).toEqual({
      isError: false,
      ok: true,
      parent_id: child,
      child_id: second['task_id'],
      linked: true,
      child_status: 'todo',
    })
    expect(await run.ok('kanban_list')).toEqual({
      isError: false,
      ok: true,
      cards: [
        { id: card.id, title: 'paint it', status: 'running', assignee: 'coder', priority: 0, tenant: 'acme' },
        { id: child, title: 'hang it', status: 'todo', assignee: 'writer', priority: 3, tenant: 'acme' },
        {
          id: second['task_id'],
          title: 'dust',
          status: 'todo',
          assignee: 'writer',
          priority: 0,
          tenant: 'acme',
        },
      ],
      more: false,
    })
    expect(await run.ok('kanban_show')).toEqual({
      isError: false,
      ok: true,
      task: {
        id: card.id,
        title: 'paint it',
        status: 'running',
        assignee: 'coder',
        priority: 0,
        tenant: 'acme',
        created_by: 'alice',
        workspace_kind: 'scratch',
        workspace_path: null,
        skills: null,
        max_runtime_seconds: null,
      },
      run_id: run.run.id,
      is_own: true,
      parents: { count: 0, cards: [] },
      children: { count: 1, cards: [{ id: child, title: 'hang it', status: 'todo' }] },
      attachments: [],
      context: expect.stringMatching(/paint it[\s\S]*blue[\s\S]*dry by noon/) as string,
    })
    expect(
      await run.ok('kanban_complete', { summary: 'painted', result: 'blue', metadata: { coats: 2 } }),
    ).toEqual({
      isError: false,
      ok: true,
      task_id: card.id,
      run_id: run.run.id,
      status: 'done',
      attached: [],
      next: 'The card is done. Stop working now.',
    })
    expect(await run.board.kernel.getRun(run.run.id)).toMatchObject({
      outcome: 'completed',
      summary: 'painted',
      metadata: { coats: 2 },
    })
    expect((await run.board.task(card.id)).result).toBe('blue')
  })

  behaviour(
    ['F66', 'tools.answers'],
    'refuse a card for skills that nobody has, and say so where nobody knows',
    async () => {
      const asked: unknown[] = []
      await using run = await serveRun(SQLITE, {
        missingSkills: (wanted) => {
          asked.push(wanted)
          const missing = wanted.skills.filter((name) => name !== 'juggling')
          return Promise.resolve(
            missing.map((name) => ({ name, near: name === 'jugling' ? 'juggling' : null })),
          )
        },
      })
      const card = { title: 'x', assignee: 'coder', workspace_kind: 'dir', workspace_path: '/srv/x' }
      expect(await run.refused('kanban_create', { ...card, skills: 'jugling' })).toMatchObject({
        code: 'unknown_skill',
        next: 'Use juggling, or leave it out.',
        retryable: true,
      })
      expect(await run.refused('kanban_create', { ...card, skills: ['juggling', 'none'] })).toMatchObject({
        code: 'unknown_skill',
        next: expect.stringContaining('Leave it out') as string,
      })
      expect(await run.ok('kanban_create', { ...card, skills: 'juggling' })).not.toHaveProperty('note')
      expect(asked.at(-1)).toEqual({ skills: ['juggling'], assignee: 'coder', workspacePath: '/srv/x' })

      await using unknowing = await serveRun(SQLITE)
      expect(await unknowing.ok('kanban_create', { ...card, skills: 'none' })).toMatchObject({
        note: expect.stringContaining('the card waits') as string,
      })
      expect(await unknowing.ok('kanban_create', card)).not.toHaveProperty('note')
    },
  )

  behaviour('F55', 'sign every event with the profile, the run and the door', async () => {
    await using run = await serveRun(database)
    await run.ok('kanban_comment', { task_id: run.card.id, body: 'hello', author: 'the boss' })
    await run.ok('kanban_block', { reason: 'which colour?' })
    const events = (await run.board.events(run.card.id)).filter(({ door }) => door === 'mcp')
    expect(events.map(({ kind, actor, runId }) => ({ kind, actor, runId }))).toEqual([
      { kind: 'commented', actor: 'coder', runId: run.run.id },
      { kind: 'blocked', actor: 'coder', runId: run.run.id },
    ])
    expect((await run.board.kernel.showTask(run.card.id)).comments[0]?.author).toBe('coder')
  })

  behaviour('tools.seven', 'tell the runner of every sign of life, and of the verdict at once', async () => {
    await using run = await serveRun(database)
    await run.ok('kanban_heartbeat')
    await run.refused('kanban_complete', {})
    expect(run.told).toEqual(['activity', 'activity'])
    expect(await run.ok('kanban_block', { reason: 'which colour?' })).toMatchObject({
      task_id: run.card.id,
      run_id: run.run.id,
      status: 'blocked',
    })
    expect(run.told).toEqual(['activity', 'activity', 'activity', 'block'])
    await run.refused('kanban_complete', { summary: 'after all' })
    expect(run.told).toEqual(['activity', 'activity', 'activity', 'block', 'activity'])
  })

  behaviour('tools.more', 'hand a card over for review, which its author cannot then approve', async () => {
    await using run = await serveRun(database)
    expect(await run.ok('kanban_request_review', { summary: 'please look' })).toMatchObject({
      status: 'review',
    })
    expect(run.told).toContain('review')
    const answer = await run.refused('kanban_complete', { summary: 'looks good to me' })
    expect(answer).toMatchObject({ code: 'run_ended', retryable: false })
    expect((await run.board.task(run.card.id)).status).toBe('review')
  })
})

describe('refusals', () => {
  behaviour(['F66', 'tools.answers'], 'name the fault and the form, and the next try counts', async () => {
    await using run = await serveRun(SQLITE)
    expect(await run.refused('kanban_complete', { metadata: 'tests passed' })).toEqual({
      isError: true,
      ok: false,
      code: 'bad_input',
      what: 'Cannot carry out kanban_complete',
      fact: expect.stringContaining('metadata: an object, not a text or a list') as string,
      next: 'Correct it and call again. The form is kanban_complete {summary?, result?, metadata?}.',
      retryable: true,
    })
    expect(await run.refused('kanban_complete', { summary: ' ', result: '' })).toEqual({
      isError: true,
      ok: false,
      code: 'empty_handoff',
      what: `Cannot complete ${run.card.id}`,
      fact: 'neither summary nor result says anything.',
      next: 'Give a summary: what you did, how you checked it, what the next one must know.',
      retryable: true,
    })
    expect(
      await run.refused('kanban_complete', { summary: 'x', metadata: { artifacts: ['no.txt'] } }),
    ).toEqual({
      isError: true,
      ok: false,
      code: 'artifact_not_kept',
      what: `Cannot keep the files of ${run.card.id}`,
      fact: expect.stringContaining('no.txt') as string,
      next: expect.stringContaining('Correct metadata.artifacts') as string,
      retryable: true,
    })
    expect(await run.refused('kanban_create', { title: 'x', assignee: 'y', foo: 1 })).toMatchObject({
      code: 'bad_input',
      fact: expect.stringContaining('kanban_create takes no "foo"') as string,
    })
    expect(await run.refused('kanban_create', { title: 'x', assignee: 'y', skills: ['a,b'] })).toMatchObject({
      code: 'bad_skill',
      retryable: true,
    })
    expect(await run.refused('kanban_finish')).toMatchObject({ code: 'unknown_tool', retryable: true })
    expect(await run.refused('kanban_unblock', { task_id: run.card.id })).toMatchObject({
      code: 'unknown_tool',
    })
    expect((await run.board.task(run.card.id)).status).toBe('running')
    await run.ok('kanban_complete', { summary: 'now it is right' })
  })

  test('never name a command of the terminal as the next step', async () => {
    await using run = await serveRun(SQLITE)
    const refusals = [
      await run.refused('kanban_create', { title: ' ', assignee: 'y' }),
      await run.refused('kanban_create', { title: 'x', assignee: 'y', workspace_kind: 'dir' }),
      await run.refused('kanban_create', { title: 'x', assignee: 'two words' }),
      await run.refused('kanban_comment', { task_id: run.card.id, body: ' ' }),
      await run.refused('kanban_block', { reason: '' }),
      await run.refused('kanban_link', { parent_id: run.card.id, child_id: run.card.id }),
      await run.refused('kanban_show', { task_id: 't_00000000' }),
    ]
    for (const refusal of refusals) {
      expect(refusal['next'], JSON.stringify(refusal)).not.toMatch(/\byard\b/)
      for (const part of ['code', 'what', 'fact', 'next'])
        expect(refusal[part], JSON.stringify(refusal)).toMatch(/\S/)
    }
  })

  test('take null for what is left out, and the own card where it is understood', async () => {
    await using run = await serveRun(SQLITE)
    await run.ok('kanban_heartbeat', { note: null, task_id: run.card.id })
    expect(await run.refused('kanban_heartbeat', { task_id: 't_00000000' })).toMatchObject({
      code: 'bad_input',
    })
    await run.ok('kanban_complete', { summary: 'x', result: null, metadata: null, task_id: run.card.id })
  })
})

describe.each(databases)('what comes too late on $name', (database) => {
  behaviour(
    ['F13', 'fence.late', 'fence.accept'],
    'is kept, refused, and one action of a person accepts it',
    async () => {
      await using run = await serveRun(database)
      await run.board.kernel.stopTask(run.card.id, { reason: 'enough', after: { kind: 'ready' } }, alice)
      await run.run.end('stopped')
      const late = await run.refused('kanban_complete', {
        summary: 'all done',
        metadata: { tests: 'passed' },
      })
      expect(late).toEqual({
        isError: true,
        ok: false,
        code: 'run_ended',
        what: `Cannot complete ${run.card.id}`,
        fact: expect.stringMatching(
          /run \d+ has ended.*What you reported is kept as late report \d+/,
        ) as string,
        next: 'Stop working now.',
        retryable: false,
      })
      expect(run.told).not.toContain('complete')
      const { lateReports } = await run.board.kernel.showTask(run.card.id)
      expect(lateReports).toMatchObject([{ verb: 'complete', payload: { summary: 'all done' } }])
      const { task } = await run.board.kernel.acceptLate(run.card.id, lateReports[0]!.id, alice)
      expect(task.status).toBe('done')
    },
  )

  behaviour('fence.late', 'is kept whatever it was: cards, comments, questions', async () => {
    await using run = await serveRun(database)
    await run.run.end('crashed')
    for (const [name, input] of [
      ['kanban_comment', { task_id: run.card.id, body: 'it leaks' }],
      ['kanban_create', { title: 'mend it', assignee: 'plumber' }],
      ['kanban_block', { reason: 'which pipe?' }],
      ['kanban_heartbeat', { note: 'still here' }],
    ] as const)
      expect(await run.refused(name, input), name).toMatchObject({ code: 'run_ended' })
    const { lateReports } = await run.board.kernel.showTask(run.card.id)
    expect(lateReports.map(({ verb }) => verb)).toEqual(['comment', 'create', 'block', 'heartbeat'])
    for (const report of lateReports.slice(0, 3))
      await run.board.kernel.acceptLate(run.card.id, report.id, alice)
    const { task, comments } = await run.board.kernel.showTask(run.card.id)
    expect(task.status).toBe('blocked')
    expect(comments.map(({ body, author }) => ({ body, author }))).toEqual([
      { body: 'it leaks', author: 'coder' },
    ])
    expect((await run.board.kernel.listTasks({ assignee: 'plumber' })).length).toBe(1)
  })
})

describe.each(databases)('what an ended run still wanted on $name', (database) => {
  behaviour(['fence.late', 'fence.accept'], 'is a review, once a person accepts it', async () => {
    await using run = await serveRun(database)
    await run.run.end('crashed')
    const late = await run.refused('kanban_request_review', {
      summary: 'please look',
      metadata: { lines: 7 },
    })
    expect(late).toMatchObject({ code: 'run_ended', retryable: false })
    expect(run.told).not.toContain('review')
    const [report] = (await run.board.kernel.showTask(run.card.id)).lateReports
    expect(report).toMatchObject({ verb: 'review', payload: { summary: 'please look' } })
    const { task } = await run.board.kernel.acceptLate(run.card.id, report!.id, alice)
    expect(task.status).toBe('review')
    await expect(run.board.kernel.acceptLate(run.card.id, report!.id, alice)).rejects.toMatchObject({
      code: 'report_accepted',
    })
  })

  behaviour(['fence.late', 'fence.accept'], 'is an order of cards, and a card let go', async () => {
    await using board = await openTestKernel(database)
    const asked = await board.given({ title: 'asked', assignee: 'coder' })
    const worker = await board.run(asked)
    await worker.start()
    await board.kernel.blockTask(asked.id, 'which colour?', worker.worker)
    await worker.end('crashed')
    await using run = await serveRun(database, { board, orchestrator: true, card: { assignee: 'boss' } })
    const first = (await run.ok('kanban_create', { title: 'first', assignee: 'coder' }))['task_id'] as string
    const second = (await run.ok('kanban_create', { title: 'second', assignee: 'coder' }))[
      'task_id'
    ] as string
    await run.run.end('crashed')
    await run.refused('kanban_link', { parent_id: first, child_id: second })
    await run.refused('kanban_unblock', { task_id: asked.id })
    expect((await board.task(second)).status).toBe('ready')
    expect((await board.task(asked.id)).status).toBe('blocked')
    for (const { id } of (await board.kernel.showTask(run.card.id)).lateReports)
      await board.kernel.acceptLate(run.card.id, id, alice)
    expect((await board.task(second)).status).toBe('todo')
    expect((await board.task(asked.id)).status).toBe('ready')
    expect((await board.events(second)).find(({ kind }) => kind === 'linked')).toMatchObject({
      actor: 'alice',
    })
  })
})

describe('what a worker is shown', () => {
  behaviour(['F56', 'context.bounded'], 'is bounded, whatever the board holds', async () => {
    await using board = await openTestKernel(SQLITE)
    const { kernel } = board
    const card = await board.given({ body: 'b'.repeat(200_000) })
    for (let at = 0; at < 60; at++) {
      await kernel.commentTask(card.id, `remark ${at} ${'c'.repeat(20_000)}`, null, alice)
      await kernel.createTask({ title: `child ${at} ${'t'.repeat(400)}`, parents: [card.id] }, alice)
      await kernel.attachFiles(
        card.id,
        [{ name: `${at}.txt`, size: 1, digest: String(at).padStart(64, '0'), mime: null }],
        alice,
      )
    }
    await using run = await serveRun(SQLITE, { board, card: { parents: [] } })
    const shown = await run.ok('kanban_show')
    expect(JSON.stringify(shown).length).toBeLessThan(20_000)
    await using orchestrator = await serveRun(SQLITE, { board, orchestrator: true })
    const all = await orchestrator.ok('kanban_show', { task_id: card.id })
    expect(all).toMatchObject({ children: { count: 60 } })
    expect((all['attachments'] as unknown[]).length).toBe(50)
    expect(JSON.stringify(all).length).toBeLessThan(150_000)
  })
})
