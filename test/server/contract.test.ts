/** The routes as existing clients use them: the same paths, bodies and status codes, and nothing else known. */
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { WebSocket } from 'ws'
import type { Output } from '../../src/contract/operations/table.ts'
import { identify } from '../../src/lib/process-identity.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice } from '../helpers/kernel.ts'
import { openTestServer, type Answer, type TestServer } from './rig.ts'

const at = (server: TestServer) => ({
  get: (path: string) => server.ask(`/api/plugins/kanban${path}`),
  post: (path: string, body?: unknown) =>
    server.ask(`/api/plugins/kanban${path}`, { method: 'POST', ...(body === undefined ? {} : { body }) }),
  patch: (path: string, body: unknown) => server.ask(`/api/plugins/kanban${path}`, { method: 'PATCH', body }),
  remove: (path: string) => server.ask(`/api/plugins/kanban${path}`, { method: 'DELETE' }),
})

const refused = (answer: Answer) => ({
  status: answer.status,
  detail: (answer.body as { detail: string }).detail,
})

const TASK_FIELDS =
  'id title body assignee status priority created_by created_at started_at completed_at workspace_kind workspace_path claim_lock claim_expires tenant result idempotency_key spawn_failures worker_pid last_spawn_error max_runtime_seconds last_heartbeat_at current_run_id workflow_template_id current_step_key skills'.split(
    ' ',
  )

behaviour(
  'http.board',
  'GET /board is not sent again to whoever has it, however its tag is given',
  async () => {
    await using server = await openTestServer()
    const ask = (headers: Record<string, string>) => server.ask('/api/plugins/kanban/board', { headers })
    const etag = (await ask({})).headers.etag ?? ''
    expect(etag).toMatch(/^W\/"[\w-]+"$/)
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*'])
      expect(await ask({ 'if-none-match': known })).toMatchObject({
        status: 304,
        text: '',
        headers: { etag },
      })
    expect((await ask({ 'if-none-match': etag.slice(0, -2) })).status).toBe(200)
    await server.test.given()
    const changed = await ask({ 'if-none-match': etag })
    expect(changed.status).toBe(200)
    expect(changed.headers.etag).not.toBe(etag)
  },
)

describe.each(databases)('the routes existing clients know, on $name', (database) => {
  behaviour('http.board', 'GET /board: columns in order, with what stands around the cards', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const parent = await server.test.given({ tenant: 'acme', assignee: 'writer' })
    const child = await server.test.given({ parents: [parent.id] })
    await server.kernel.commentTask(child.id, 'hello', null, alice)
    await server.test.given({ status: 'archived' })
    server.test.clock.advance(90)
    const { status, body } = await client.get('/board')
    expect(status).toBe(200)
    const board = body as Output<'getBoard'>
    expect(board.columns.map(({ name }) => name)).toEqual([
      'triage',
      'todo',
      'ready',
      'running',
      'blocked',
      'review',
      'done',
    ])
    expect(board).toMatchObject({
      tenants: ['acme'],
      assignees: ['coder', 'writer'],
      now: server.test.clock.now(),
    })
    expect(board.latest_event_id).toBe(await server.kernel.getLatestEventId())
    const [card] = board.columns.find(({ name }) => name === 'ready')?.tasks ?? []
    expect(Object.keys(card ?? {}).toSorted()).toEqual(
      [...TASK_FIELDS, 'link_counts', 'comment_count', 'progress', 'age'].toSorted(),
    )
    expect(card).toMatchObject({
      id: parent.id,
      link_counts: { parents: 0, children: 1 },
      progress: { done: 0, total: 1 },
      age: { created: 90, started: null, time_to_complete: null },
    })
    const [waiting] = board.columns.find(({ name }) => name === 'todo')?.tasks ?? []
    expect(waiting).toMatchObject({
      id: child.id,
      comment_count: 1,
      progress: null,
      link_counts: { parents: 1, children: 0 },
    })

    const archived = (await client.get('/board?include_archived=true')).body as Output<'getBoard'>
    expect(archived.columns.map(({ name }) => name).at(-1)).toBe('archived')
    const tenant = (await client.get('/board?tenant=acme')).body as Output<'getBoard'>
    expect(tenant.columns.flatMap(({ tasks }) => tasks.map(({ id }) => id))).toEqual([parent.id])
  })

  behaviour('http.create', 'POST /tasks: a task, or 400 with the reason', async () => {
    await using server = await openTestServer({
      database,
      services: { dispatcherLack: async () => 'no gateway runs' },
    })
    const client = at(server)
    const made = await client.post('/tasks', {
      title: '  Ship it ',
      assignee: 'coder',
      priority: 3,
      skills: ['a', 'a'],
      idempotency_key: 'k',
    })
    expect(made.status).toBe(200)
    const { task, warning } = made.body as Output<'createTask'>
    expect(Object.keys(task)).toEqual(TASK_FIELDS)
    expect(task).toMatchObject({ title: 'Ship it', status: 'ready', priority: 3, skills: ['a'] })
    expect(warning).toBe('no gateway runs')
    const again = await client.post('/tasks', { title: 'Ship it', idempotency_key: 'k' })
    expect(again.body).toMatchObject({ task: { id: task.id }, created: false })
    const child = await client.post('/tasks', {
      title: 'After',
      parents: [task.id],
      body: null,
      assignee: null,
      skills: null,
    })
    expect(child.body).toMatchObject({ task: { status: 'todo', skills: null } })
    expect(child.body).not.toHaveProperty('warning')
    expect((await client.post('/tasks', { title: 'idea', triage: true })).body).toMatchObject({
      task: { status: 'triage' },
    })
    for (const [body, reason] of [
      [{}, 'title'],
      [{ title: '   ' }, 'title'],
      [{ title: 'x', parents: ['t_nope'] }, 't_nope'],
      [{ title: 'x', workspace_kind: 'moon' }, 'moon'],
      [{ title: 'x', workspace_kind: 'dir', workspace_path: 'here' }, 'here'],
      [{ title: 'x', skills: ['a,b'] }, 'a,b'],
      [{ title: 'x', priority: 'high' }, 'priority'],
      [{ title: 'x', assigne: 'coder' }, 'assignee'],
      [[], 'object'],
      ['{', 'JSON'],
    ] as const) {
      const answer = await server.ask('/api/plugins/kanban/tasks', {
        method: 'POST',
        body,
        ...(typeof body === 'string' ? { headers: { 'content-type': 'application/json' } } : {}),
      })
      expect(refused(answer)).toEqual({ status: 400, detail: expect.stringContaining(reason) })
    }
  })

  behaviour('http.task', 'GET /tasks/:id: everything about one, or 404', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const parent = await server.test.given()
    const child = await server.test.given({ parents: [parent.id] })
    await client.post(`/tasks/${child.id}/comments`, { body: 'hello', author: 'me' })
    const detail = (await client.get(`/tasks/${child.id}`)).body as Output<'getTask'>
    expect(detail).toMatchObject({
      task: { id: child.id },
      comments: [{ author: 'me', body: 'hello', task_id: child.id }],
      events: [{ kind: 'created' }, { kind: 'commented', payload: { author: 'me', len: 5 } }],
      links: { parents: [parent.id], children: [] },
      runs: [],
    })
    expect(refused(await client.get('/tasks/t_nope'))).toEqual({
      status: 404,
      detail: expect.stringContaining('task t_nope not found'),
    })
  })

  behaviour('http.patch', 'PATCH /tasks/:id: all of a change or nothing of it', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const { id } = await server.test.given()
    const changed = await client.patch(`/tasks/${id}`, {
      title: ' New ',
      body: 'text',
      priority: 9,
      assignee: 'writer',
      status: null,
    })
    expect(changed).toMatchObject({
      status: 200,
      body: { task: { title: 'New', body: 'text', priority: 9, assignee: 'writer', status: 'ready' } },
    })
    expect((await client.patch(`/tasks/${id}`, { assignee: '' })).body).toMatchObject({
      task: { assignee: null },
    })
    expect(
      (await client.patch(`/tasks/${id}`, { status: 'blocked', block_reason: 'which colour?' })).body,
    ).toMatchObject({ task: { status: 'blocked' } })
    expect((await client.patch(`/tasks/${id}`, { status: 'ready' })).body).toMatchObject({
      task: { status: 'ready' },
    })
    const done = await client.patch(`/tasks/${id}`, {
      status: 'done',
      summary: 'all good',
      metadata: { tests: 3 },
      result: 'r',
    })
    expect(done.body).toMatchObject({ task: { status: 'done', result: 'r' } })
    const { runs } = (await client.get(`/tasks/${id}`)).body as Output<'getTask'>
    expect(runs.at(-1)).toMatchObject({ outcome: 'completed', summary: 'all good', metadata: { tests: 3 } })
    for (const [body, status] of [
      [{ status: 'nonsense' }, 400],
      [{ status: 'running' }, 400],
      [{ title: '  ' }, 400],
      [{ status: 'blocked', title: 'lost' }, 409],
      [{ status: 'done', summary: 'again' }, 409],
      [{ status: 'ready', summary: 'x' }, 400],
      [{ block_reason: 'x' }, 400],
    ] as const)
      expect([body, refused(await client.patch(`/tasks/${id}`, body))]).toEqual([
        body,
        { status, detail: expect.any(String) },
      ])
    expect((await client.patch('/tasks/t_nope', { priority: 1 })).status).toBe(404)
    // Nothing of what was refused is left behind.
    expect(await server.test.task(id)).toMatchObject({ title: 'New', status: 'done' })
  })

  behaviour('http.bulk', 'POST /tasks/bulk: each for itself', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const [a, b] = [await server.test.given(), await server.test.given({ status: 'done' })]
    const moved = await client.post('/tasks/bulk', {
      ids: [a.id, b.id, 't_nope'],
      status: 'blocked',
      priority: 5,
    })
    expect(moved).toMatchObject({
      status: 200,
      body: {
        results: [
          { id: a.id, ok: true },
          { id: b.id, ok: false, error: expect.stringContaining('done') },
          { id: 't_nope', ok: false },
        ],
      },
    })
    expect((await client.post('/tasks/bulk', { ids: [a.id, b.id], archive: true })).body).toMatchObject({
      results: [{ ok: true }, { ok: true }],
    })
    const both = await client.post('/tasks/bulk', { ids: [a.id], status: 'done', archive: true })
    expect(refused(both)).toEqual({
      status: 400,
      detail: expect.stringMatching(/^Cannot move tasks to done and archive them in one request/),
    })
    expect(
      (await client.post('/tasks/bulk', { ids: [a.id], status: 'archived', archive: true })).status,
    ).toBe(200)
    expect((await client.post('/tasks/bulk', { ids: [] })).status).toBe(400)
    expect((await client.post('/tasks/bulk', {})).status).toBe(400)
  })

  behaviour('http.links', 'comments and links', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const [a, b] = [await server.test.given(), await server.test.given()]
    expect((await client.post(`/tasks/${a.id}/comments`, { body: 'hi' })).body).toMatchObject({ ok: true })
    expect((await client.post(`/tasks/${a.id}/comments`, { body: '  ' })).status).toBe(400)
    expect((await client.post('/tasks/t_nope/comments', { body: 'hi' })).status).toBe(404)
    expect((await client.post('/links', { parent_id: a.id, child_id: b.id })).body).toEqual({ ok: true })
    for (const [parent_id, child_id] of [
      [a.id, a.id],
      [b.id, a.id],
      [a.id, 't_nope'],
    ] as const)
      expect(refused(await client.post('/links', { parent_id, child_id }))).toEqual({
        status: 400,
        detail: expect.any(String),
      })
    expect((await client.remove(`/links?parent_id=${a.id}&child_id=${b.id}`)).body).toEqual({ ok: true })
    expect((await client.remove(`/links?parent_id=${a.id}&child_id=${b.id}`)).body).toEqual({ ok: false })
  })

  behaviour('http.runs', 'workers and runs', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const card = await server.test.given({ title: 'at work' })
    const run = await server.test.run(card)
    expect((await client.get('/workers/active')).body).toMatchObject({ workers: [], count: 0 })
    await run.start()
    const active = (await client.get('/workers/active')).body as Output<'listWorkers'>
    expect(active).toMatchObject({ count: 1, checked_at: server.test.clock.now() })
    expect(active.workers[0]).toEqual({
      run_id: run.id,
      task_id: card.id,
      task_title: 'at work',
      task_status: 'running',
      task_assignee: 'coder',
      profile: 'coder',
      worker_pid: expect.any(Number),
      started_at: expect.any(Number),
      claim_lock: 'testhost:1',
      claim_expires: expect.any(Number),
      last_heartbeat_at: null,
      max_runtime_seconds: null,
    })
    expect((await client.get(`/runs/${run.id}`)).body).toMatchObject({
      run: { id: run.id, task_id: card.id, status: 'running', outcome: null },
    })
    expect(refused(await client.get('/runs/999'))).toEqual({
      status: 404,
      detail: expect.stringContaining('run 999 not found'),
    })
    expect((await client.get('/runs/x')).status).toBe(400)
    const asked = await client.post(`/runs/${run.id}/terminate`, { reason: 'it loops' })
    expect(asked.body).toEqual({ ok: true, run_id: run.id, task_id: card.id, state: 'stopping' })
    expect((await client.post(`/runs/${run.id}/terminate`)).body).toMatchObject({
      ok: true,
      state: 'stopping',
    })
    const requests = (await server.test.events(card.id)).filter(({ kind }) => kind === 'stop_requested')
    expect(requests).toMatchObject([
      { actor: 'olga', door: 'http', payload: { by: 'olga', reason: 'it loops' } },
    ])
    await run.end('stopped')
    expect((await client.post(`/runs/${run.id}/terminate`)).body).toMatchObject({ ok: true, state: 'ended' })
    expect(await server.test.task(card.id)).toMatchObject({ status: 'blocked' })
    expect((await client.post('/runs/999/terminate')).status).toBe(404)
  })

  behaviour('http.numbers', 'counts names that every object knows like any other', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    const names = ['__proto__', 'constructor', 'toString']
    for (const assignee of [...names, ...names])
      expect((await client.post('/tasks', { title: 'one', assignee, tenant: assignee })).status).toBe(200)
    const stats = (await client.get('/stats')).body as { by_assignee: object }
    expect(new Map(Object.entries(stats.by_assignee))).toEqual(
      new Map(names.map((name) => [name, { ready: 2 }])),
    )
    expect((await client.get('/assignees')).body).toMatchObject({
      assignees: expect.arrayContaining(
        names.map((name) => ({ name, on_disk: false, counts: { ready: 2 } })),
      ),
    })
    for (const path of ['/board', '/usage', '/tasks?tenant=__proto__'])
      expect((await client.get(path)).status, path).toBe(200)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  behaviour('http.numbers', 'numbers and settings', async () => {
    await using server = await openTestServer({ database })
    const client = at(server)
    await server.test.given()
    server.test.clock.advance(30)
    expect((await client.get('/stats')).body).toEqual({
      by_status: { ready: 1 },
      by_assignee: { coder: { ready: 1 } },
      oldest_ready_age_seconds: 30,
    })
    expect((await client.get('/config')).body).toEqual({
      default_tenant: '',
      lane_by_profile: true,
      include_archived_by_default: false,
      render_markdown: true,
    })
  })
})

behaviour('http.dispatch', 'POST /dispatch passes the wish on and gives the report', async () => {
  const wishes: unknown[] = []
  const report = {
    spawned: [{ task_id: 't_1', assignee: 'coder', workspace: '/w' }],
    skipped_unassigned: [],
    reclaimed: [],
    promoted: [],
    crashed: [],
    timed_out: [],
    auto_blocked: [],
    preflight_failed: [],
    adopted: [],
    waiting: [],
  }
  await using server = await openTestServer({
    services: {
      dispatch: async (wish) => {
        wishes.push(wish)
        return report
      },
    },
  })
  expect((await at(server).post('/dispatch?dry_run=true&max=8')).body).toEqual(report)
  expect((await at(server).post('/dispatch')).status).toBe(200)
  expect(wishes).toEqual([
    { dryRun: true, max: 8 },
    { dryRun: false, max: null },
  ])
})

describe('GET /tasks/:id/log', () => {
  behaviour('http.task-log', 'gives the log of the last run, or its end', async () => {
    await using server = await openTestServer()
    const client = at(server)
    const card = await server.test.given()
    expect((await client.get(`/tasks/${card.id}/log`)).body).toEqual({
      task_id: card.id,
      path: null,
      exists: false,
      size_bytes: 0,
      content: '',
      truncated: false,
    })
    const path = await logOf(server, card.id)
    expect((await client.get(`/tasks/${card.id}/log`)).body).toMatchObject({
      path,
      exists: false,
      content: '',
    })
    writeFileSync(`${path}.1`, 'older\n')
    writeFileSync(path, 'first line\nsecond Zeile ü\n')
    expect((await client.get(`/tasks/${card.id}/log`)).body).toMatchObject({
      exists: true,
      size_bytes: 33,
      content: 'older\nfirst line\nsecond Zeile ü\n',
      truncated: false,
    })
    expect((await client.get(`/tasks/${card.id}/log?tail=3`)).body).toMatchObject({
      content: 'ü\n',
      truncated: true,
    })
    expect((await client.get(`/tasks/${card.id}/log?tail=2`)).body).toMatchObject({
      content: '\n',
      truncated: true,
    })
    for (const tail of ['0', '2000001', 'x'])
      expect((await client.get(`/tasks/${card.id}/log?tail=${tail}`)).status).toBe(400)
  })

  behaviour(
    ['F17', 'http.task-log'],
    'neither a link nor a path in its place leads out of the folder of logs',
    async () => {
      await using server = await openTestServer()
      const client = at(server)
      const secret = join(server.paths.home, 'secret')
      writeFileSync(secret, 'the secret')
      const linked = await server.test.given()
      symlinkSync(secret, await logOf(server, linked.id))
      expect((await client.get(`/tasks/${linked.id}/log`)).body).toMatchObject({ exists: false, content: '' })
      const elsewhere = await server.test.given()
      mkdirSync(join(server.paths.home, 'elsewhere'))
      await logOf(server, elsewhere.id, join(server.paths.home, 'elsewhere'))
      appendFileSync(join(server.paths.home, 'elsewhere', `${elsewhere.id}-2.log`), 'the secret')
      expect((await client.get(`/tasks/${elsewhere.id}/log`)).body).toMatchObject({
        exists: false,
        content: '',
      })
    },
  )
})

/** Opens a run on the card and gives the path of its log, as the board knows it. */
async function logOf(server: TestServer, id: string, folder = server.paths.runLogs): Promise<string> {
  const opened = await server.kernel.openRun(
    {
      taskId: id,
      profile: 'coder',
      bootId: 'boot-1',
      claimLock: 'testhost:1',
      maxRuntimeSeconds: null,
      logFolder: folder,
      workspace: { path: `/srv/work/${id}`, kind: 'scratch', repository: null, branch: null },
      policy: server.test.policy,
      caps: { board: 100, profile: 100 },
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  return opened.logPath
}

describe('GET /runs/:id/inspect', () => {
  behaviour(
    'http.inspect',
    'gives figures of the leader and of its whole tree while they live, and says why when they do not',
    async () => {
      const pids: number[] = []
      await using server = await openTestServer({ treeOf: () => pids })
      const client = at(server)
      const card = await server.test.given()
      const run = await server.test.run(card)
      const inspect = async () => (await client.get(`/runs/${run.id}/inspect`)).body
      expect(await inspect()).toEqual({ run_id: run.id, alive: false, reason: 'no worker_pid recorded' })

      const program = `require('node:child_process').spawn('sleep', ['60']).on('spawn', function () { console.log(this.pid) })`
      const leader = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
      try {
        const [child] = (await once(leader.stdout, 'data')) as [Buffer]
        const pid = leader.pid ?? 0
        pids.push(pid, Number(child.toString()))
        const capability = { runId: run.id, secret: run.secret }
        await server.kernel.startRun(capability, identify(process.pid)!)
        await server.kernel.recordSpawn(capability, identify(pid)!)
        expect(await inspect()).toMatchObject({
          run_id: run.id,
          alive: true,
          pid,
          cpu_percent: expect.any(Number),
          memory_rss_bytes: expect.any(Number),
          memory_vms_bytes: expect.any(Number),
          num_threads: expect.any(Number),
          num_fds: expect.any(Number),
          status: expect.any(String),
          create_time: expect.any(Number),
          cmdline: [process.execPath, '-e', program],
          tree: { processes: 2, pids, memory_rss_bytes: expect.any(Number) },
        })
      } finally {
        for (const pid of pids.toReversed()) process.kill(pid, 'SIGKILL')
      }
      await once(leader, 'close')
      expect(await inspect()).toMatchObject({ alive: false, reason: 'process not found', pid: pids[0] })
      await run.end('crashed')
      expect(await inspect()).toEqual({ run_id: run.id, alive: false, reason: 'run already ended' })
      expect((await client.get('/runs/999/inspect')).status).toBe(404)
    },
  )
})

behaviour('http.events', 'WS /events: frames with events and a cursor, and 1008 for strangers', async () => {
  await using server = await openTestServer()
  const card = await server.test.given()
  const socket = new WebSocket(
    `${server.url.replace('http', 'ws')}/api/plugins/kanban/events?since=0&token=${server.owner}`,
  )
  const events: { id: number; task_id: string; kind: string }[] = []
  await new Promise<void>((resolve) =>
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { events: typeof events; cursor: number }
      expect(frame.cursor).toEqual(expect.any(Number))
      events.push(...frame.events)
      if (events.length > 0) resolve()
    }),
  )
  expect(events).toMatchObject([{ id: 1, task_id: card.id, kind: 'created' }])
  socket.close()
  const stranger = new WebSocket(`${server.url.replace('http', 'ws')}/api/plugins/kanban/events?since=0`)
  const [code] = (await once(stranger, 'close')) as [number]
  expect(code).toBe(1008)
})
