/** Making cards, linking them, listing them. */
import { describe, expect } from 'vitest'
import { taskView } from '../../src/contract/views.ts'
import type { CardPlace } from '../../src/domain/card.ts'
import type { CardBoard } from '../../src/kernel/board.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel } from '../helpers/kernel.ts'

const UNKNOWN = 't_ffffffff'

describe.each(databases)('cards, on $name', (database) => {
  behaviour(
    ['data.task', 'data.reserved'],
    'a new card has every field clients know, with its default',
    async () => {
      await using board = await openTestKernel(database)
      const { task } = await board.kernel.createTask({ title: 'write the report' }, alice)
      expect(taskView(await board.task(task.id))).toEqual({
        id: task.id,
        title: 'write the report',
        body: null,
        assignee: null,
        status: 'ready',
        priority: 0,
        created_by: 'alice',
        created_at: board.clock.now(),
        started_at: null,
        completed_at: null,
        workspace_kind: 'scratch',
        workspace_path: null,
        claim_lock: null,
        claim_expires: null,
        tenant: null,
        result: null,
        idempotency_key: null,
        spawn_failures: 0,
        worker_pid: null,
        last_spawn_error: null,
        max_runtime_seconds: null,
        last_heartbeat_at: null,
        current_run_id: null,
        workflow_template_id: null,
        current_step_key: null,
        skills: null,
      })
    },
  )

  behaviour('data.task', 'what is given is what is stored', async () => {
    await using board = await openTestKernel(database)
    const given = {
      title: 'write the report',
      body: '# Report\n\nwith “quotes”, \\ and 日本語',
      assignee: 'writer',
      tenant: 'acme',
      priority: -7,
      workspaceKind: 'dir',
      workspacePath: '/src/app',
      idempotencyKey: 'report-2026',
      maxRuntimeSeconds: 1_800,
      skills: ['git', 'tests'],
      createdBy: 'cron',
    }
    const { task, created } = await board.kernel.createTask(given, alice)
    expect(created).toBe(true)
    expect(await board.task(task.id)).toMatchObject(given)
  })

  behaviour(
    'data.task-id',
    'ten thousand cards have ten thousand short ids',
    async () => {
      await using board = await openTestKernel(database)
      const ids = new Set<string>()
      for (let batch = 0; batch < 10; batch++) {
        const cards = Array.from({ length: 1_000 }, (_, n) => ({ title: `card ${batch}-${n}` }))
        for (const { task } of await board.kernel.createTasks(cards, alice)) ids.add(task.id)
      }
      expect(ids.size).toBe(10_000)
      for (const id of ids) expect(id).toMatch(/^t_[0-9a-f]{6,12}$/)
    },
    60_000,
  )

  behaviour('create.title', 'a title is required and trimmed', async () => {
    await using board = await openTestKernel(database)
    expect((await board.given({ title: '  two words\n' })).title).toBe('two words')
    for (const title of ['', '   ', '\n\t'])
      await expect(board.given({ title })).rejects.toMatchObject({ kind: 'invalid', code: 'empty_title' })
  })

  behaviour('create.status', 'a card starts ready, waits for unfinished parents, or is an idea', async () => {
    await using board = await openTestKernel(database)
    const [open, done] = [await board.given(), await board.given({ status: 'done' })]
    const filed = await board.given({ status: 'done' })
    await board.kernel.archiveTask(filed.id, alice)
    expect((await board.given()).status).toBe('ready')
    expect((await board.given({ parents: [done.id, filed.id] })).status).toBe('ready')
    expect((await board.given({ parents: [done.id, open.id] })).status).toBe('todo')
    expect((await board.given({ parents: [open.id], triage: true })).status).toBe('triage')
    const { id } = await board.given({ parents: [open.id, ` ${open.id} `, done.id] })
    expect((await board.kernel.showTask(id)).parents.map((parent) => parent.id).toSorted()).toEqual(
      [open.id, done.id].toSorted(),
    )
  })

  behaviour(
    'create.unknown-parent',
    'an unknown parent is refused by name, and nothing is created',
    async () => {
      await using board = await openTestKernel(database)
      const known = await board.given()
      for (const triage of [false, true])
        await expect(board.given({ parents: [known.id, UNKNOWN], triage })).rejects.toMatchObject({
          kind: 'not_found',
          message: expect.stringContaining(UNKNOWN),
        })
      expect(await board.kernel.listTasks({})).toHaveLength(1)
    },
  )

  behaviour('create.workspace', 'a workspace that cannot be is refused with the value', async () => {
    await using board = await openTestKernel(database)
    const refused: [object, string][] = [
      [{ workspaceKind: 'cloud' }, 'cloud'],
      [{ workspaceKind: 'dir', workspacePath: 'src/app' }, 'src/app'],
      [{ workspaceKind: 'worktree', workspacePath: '../app' }, '../app'],
      [{ workspaceKind: 'scratch', workspacePath: '/src/app' }, '/src/app'],
      [{ workspaceKind: 'dir' }, 'dir:'],
    ]
    for (const [wanted, value] of refused)
      await expect(board.given(wanted)).rejects.toMatchObject({
        kind: 'invalid',
        message: expect.stringContaining(value),
      })
    expect((await board.given({ workspaceKind: 'worktree' })).workspacePath).toBeNull()
    expect((await board.given({ workspaceKind: 'worktree', workspacePath: '/src/app' })).workspacePath).toBe(
      '/src/app',
    )
  })

  behaviour('create.skills', 'skills are trimmed, deduplicated and kept apart from having none', async () => {
    await using board = await openTestKernel(database)
    expect((await board.given({ skills: [' git ', 'tests', 'git', ''] })).skills).toEqual(['git', 'tests'])
    expect((await board.given({ skills: null })).skills).toBeNull()
    expect((await board.given({ skills: [] })).skills).toEqual([])
    await expect(board.given({ skills: ['git', 'a,b'] })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('"a,b"'),
    })
  })

  behaviour('create.title', 'other values that cannot be are refused with the value', async () => {
    await using board = await openTestKernel(database)
    const refused: [object, string][] = [
      [{ assignee: 'two words' }, 'two words'],
      [{ tenant: 'a\tb' }, 'a\\tb'],
      [{ priority: 1.5 }, '1.5'],
      [{ priority: 1e9 }, '1000000000'],
      [{ maxRuntimeSeconds: 0 }, '0'],
      [{ maxRuntimeSeconds: Number.NaN }, 'NaN'],
    ]
    for (const [wanted, value] of refused)
      await expect(board.given(wanted)).rejects.toMatchObject({
        kind: 'invalid',
        message: expect.stringContaining(value),
      })
  })

  behaviour(
    ['create.idempotency', 'F22'],
    'a key gives back the card that has it, until that is archived',
    async () => {
      await using board = await openTestKernel(database)
      const first = await board.kernel.createTask({ title: 'nightly', idempotencyKey: 'n-1' }, alice)
      const again = await board.kernel.createTask({ title: 'something else', idempotencyKey: ' n-1 ' }, bob)
      expect(again).toMatchObject({ created: false, task: { id: first.task.id, title: 'nightly' } })
      await board.kernel.completeTask(first.task.id, {}, alice)
      expect((await board.kernel.createTask({ title: 'x', idempotencyKey: 'n-1' }, alice)).task.status).toBe(
        'done',
      )
      await board.kernel.archiveTask(first.task.id, alice)
      const fresh = await board.kernel.createTask({ title: 'nightly', idempotencyKey: 'n-1' }, alice)
      expect(fresh.created).toBe(true)
      expect(fresh.task.id).not.toBe(first.task.id)
      expect(await board.events(first.task.id)).toHaveLength(3)
    },
  )

  behaviour(
    'create.status',
    'several cards are made together or not at all, and may name each other',
    async () => {
      await using board = await openTestKernel(database)
      const made = await board.kernel.createTasks(
        [{ title: 'plan' }, { title: 'build', parents: ['#0'] }, { title: 'ship', parents: ['#0', '#1'] }],
        alice,
      )
      expect(made.map(({ task }) => task.status)).toEqual(['ready', 'todo', 'todo'])
      expect((await board.kernel.showTask(made[2]!.task.id)).parents).toHaveLength(2)
      for (const parents of [['#1'], ['#7'], ['#x'], [UNKNOWN]])
        await expect(
          board.kernel.createTasks([{ title: 'a' }, { title: 'b', parents }], alice),
        ).rejects.toThrow(parents[0])
      expect(await board.kernel.listTasks({})).toHaveLength(3)
    },
  )

  behaviour(
    ['data.link', 'link.waits'],
    'a ready card waits for a new parent that is not done, and not for one that is',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const [open, done, child] = [
        await board.given(),
        await board.given({ status: 'done' }),
        await board.given(),
      ]
      expect(await kernel.linkTasks(done.id, child.id, alice)).toBe(true)
      expect((await board.task(child.id)).status).toBe('ready')
      expect(await kernel.linkTasks(open.id, child.id, alice)).toBe(true)
      expect((await board.task(child.id)).status).toBe('todo')
      expect(await kernel.linkTasks(open.id, child.id, alice)).toBe(false)
      const linked = (await board.events(child.id)).filter(({ kind }) => kind === 'linked')
      expect(linked.map(({ payload }) => payload)).toEqual([
        { parent_id: done.id, child_id: child.id },
        { parent_id: open.id, child_id: child.id },
      ])
      expect((await kernel.showTask(open.id)).children.map(({ id }) => id)).toEqual([child.id])
    },
  )

  behaviour(
    'link.refusals',
    'a link to itself, a circle of any length and an unknown end are refused',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const chain = []
      for (let n = 0; n < 5; n++) chain.push(await board.given())
      for (let n = 1; n < 5; n++) await kernel.linkTasks(chain[n - 1]!.id, chain[n]!.id, alice)
      const [first, last] = [chain[0]!.id, chain[4]!.id]
      await expect(kernel.linkTasks(first, first, alice)).rejects.toMatchObject({
        kind: 'invalid',
        code: 'self_link',
      })
      await expect(kernel.linkTasks(last, first, alice)).rejects.toMatchObject({
        kind: 'invalid',
        code: 'cycle',
      })
      await expect(kernel.linkTasks(UNKNOWN, first, alice)).rejects.toThrow(UNKNOWN)
      await expect(kernel.linkTasks(first, UNKNOWN, alice)).rejects.toThrow(UNKNOWN)
      await expect(kernel.unlinkTasks(first, UNKNOWN, alice)).rejects.toThrow(UNKNOWN)
      expect((await kernel.showTask(first)).parents).toEqual([])
    },
  )

  behaviour('link.unlink', 'removing the last link that counts promotes the child', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const [a, b] = [await board.given(), await board.given()]
    const child = await board.given({ parents: [a.id, b.id] })
    expect(await kernel.unlinkTasks(a.id, child.id, alice)).toBe(true)
    expect((await board.task(child.id)).status).toBe('todo')
    expect(await kernel.unlinkTasks(b.id, child.id, alice)).toBe(true)
    expect((await board.task(child.id)).status).toBe('ready')
    expect(await kernel.unlinkTasks(b.id, child.id, alice)).toBe(false)
  })

  behaviour(
    'link.promotion',
    'a finished parent lets exactly those children go that now qualify',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const [a, b] = [await board.given(), await board.given()]
      const only = await board.given({ parents: [a.id] })
      const both = await board.given({ parents: [a.id, b.id] })
      const idea = await board.given({ parents: [a.id], triage: true })
      const held = await board.given({ parents: [a.id], hold: 'wait' })
      const grandchild = await board.given({ parents: [only.id] })
      await kernel.completeTask(a.id, {}, alice)
      const status = async () =>
        Promise.all([only, both, idea, held, grandchild].map(async ({ id }) => (await board.task(id)).status))
      expect(await status()).toEqual(['ready', 'todo', 'triage', 'blocked', 'todo'])
      await kernel.archiveTask(b.id, alice)
      expect(await status()).toEqual(['ready', 'todo', 'triage', 'blocked', 'todo'])
      await kernel.archiveTask(a.id, alice)
      expect((await kernel.unblockTask(held.id, alice)).status).toBe('ready')
      const promoted = await kernel.readEvents({ kinds: ['promoted'] })
      expect(promoted).toMatchObject([{ taskId: only.id, actor: 'rule:dependency' }])
    },
  )

  behaviour(
    'link.promotion',
    'a parent that is taken up again holds back children that have not started',
    async () => {
      await using board = await openTestKernel(database)
      const parent = await board.given({ status: 'done' })
      const [waiting, started] = [
        await board.given({ parents: [parent.id] }),
        await board.given({ parents: [parent.id] }),
      ]
      await board.run(started)
      await board.kernel.moveTask(parent.id, 'ready', {}, alice)
      expect((await board.task(waiting.id)).status).toBe('todo')
      expect((await board.task(started.id)).status).toBe('running')
    },
  )

  behaviour('list.order', 'cards are listed by priority, then by age', async () => {
    await using board = await openTestKernel(database)
    const titles = async (filter = {}) => (await board.kernel.listTasks(filter)).map(({ title }) => title)
    for (const [title, priority] of [
      ['low', -1],
      ['first', 0],
      ['second', 0],
      ['high', 5],
    ] as const) {
      await board.given({ title, priority })
      board.clock.advance(1)
    }
    expect(await titles()).toEqual(['high', 'first', 'second', 'low'])
    expect(await titles({ limit: 2 })).toEqual(['high', 'first'])
    expect(await titles({ limit: 2, offset: 3 })).toEqual(['low'])
    expect(await titles({ offset: 3 })).toEqual(['low'])
    expect((await board.kernel.readReady({ limit: 9, despitePreflight: false })).map(({ id }) => id)).toEqual(
      (await board.kernel.listTasks({})).map(({ id }) => id),
    )
  })

  behaviour(
    'list.order',
    'cards of one second are listed, paged and started in the order they were made',
    async () => {
      await using board = await openTestKernel(database)
      const made: string[] = []
      for (let index = 0; index < 12; index += 1) made.push((await board.given({})).id)
      const together = await board.kernel.createTasks(
        Array.from({ length: 12 }, (_, index) => ({ title: `of a list ${index}` })),
        alice,
      )
      made.push(...together.map(({ task }) => task.id))
      expect(new Set((await board.kernel.listTasks({})).map(({ createdAt }) => createdAt)).size).toBe(1)
      expect((await board.kernel.listTasks({})).map(({ id }) => id)).toEqual(made)
      expect(
        (await board.kernel.readReady({ limit: 99, despitePreflight: false })).map(({ id }) => id),
      ).toEqual(made)
      const paged: string[] = []
      for (let after: CardPlace | null = null; ;) {
        const page: CardBoard = await board.kernel.readCards({
          tenant: null,
          archived: false,
          limit: 5,
          column: { status: 'ready', after },
        })
        paged.push(...(page.columns[0]?.cards.map(({ id }) => id) ?? []))
        after = page.columns[0]?.next ?? null
        if (after === null) break
      }
      expect(paged).toEqual(made)
    },
  )

  behaviour(
    ['list.archived', 'list.filters'],
    'a listing hides the archive and narrows by assignee, status and tenant',
    async () => {
      await using board = await openTestKernel(database)
      await board.given({ title: 'a', assignee: 'coder', tenant: 'acme' })
      await board.given({ title: 'b', assignee: 'writer', tenant: 'acme' })
      await board.given({ title: 'c', assignee: null, status: 'blocked' })
      await board.given({ title: 'd', status: 'archived' })
      const titles = async (filter: object) =>
        (await board.kernel.listTasks(filter)).map(({ title }) => title).toSorted()
      expect(await titles({})).toEqual(['a', 'b', 'c'])
      expect(await titles({ archived: true })).toEqual(['a', 'b', 'c', 'd'])
      expect(await titles({ status: ['archived'] })).toEqual(['d'])
      expect(await titles({ status: ['blocked', 'archived'] })).toEqual(['c', 'd'])
      expect(await titles({ assignee: 'coder' })).toEqual(['a'])
      expect(await titles({ assignee: null })).toEqual(['c'])
      expect(await titles({ tenant: 'acme', assignee: 'writer' })).toEqual(['b'])
      expect(await titles({ tenant: "'; drop table tasks; --" })).toEqual([])
    },
  )

  behaviour(
    'data.task-id',
    'a card is found by the beginning of its id, when only one begins so',
    async () => {
      await using board = await openTestKernel(database)
      const { id } = await board.given()
      expect(await board.kernel.resolveTaskId(id)).toBe(id)
      expect(await board.kernel.resolveTaskId(id.slice(2, 8).toUpperCase())).toBe(id)
      await expect(board.kernel.resolveTaskId('t_zz')).rejects.toMatchObject({ code: 'bad_task_id' })
      await expect(board.kernel.resolveTaskId(`${id}0`)).rejects.toMatchObject({ code: 'task_not_found' })
      // Of seventeen ids, two begin with the same digit.
      for (let n = 0; n < 16; n++) await board.given()
      const digits = (await board.kernel.listTasks({})).map((task) => task.id.slice(2, 3))
      const shared = digits.find((digit, index) => digits.indexOf(digit) !== index) ?? ''
      await expect(board.kernel.resolveTaskId(shared)).rejects.toMatchObject({
        code: 'ambiguous_task_id',
        message: expect.stringContaining(`t_${shared}`),
      })
    },
  )

  behaviour('data.subscription', 'a chat follows a card once, from now on', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given()
    const chat = { platform: 'telegram', chatId: '-100 7', threadId: '' }
    expect(await kernel.subscribe(id, chat, 'u1', alice)).toBe(true)
    expect(await kernel.subscribe(id, chat, 'u2', alice)).toBe(false)
    expect(await kernel.subscribe(id, { ...chat, threadId: '5' }, null, alice)).toBe(true)
    const latest = await kernel.getLatestEventId()
    expect(await kernel.listSubscriptions(id)).toEqual([
      { taskId: id, ...chat, userId: 'u1', createdAt: board.clock.now(), lastEventId: latest },
      { taskId: id, ...chat, threadId: '5', userId: null, createdAt: board.clock.now(), lastEventId: latest },
    ])
    expect(await kernel.listSubscriptions(null)).toHaveLength(2)
    expect(await kernel.unsubscribe(id, chat, alice)).toBe(true)
    expect(await kernel.unsubscribe(id, chat, alice)).toBe(false)
    await expect(kernel.subscribe(UNKNOWN, chat, null, alice)).rejects.toMatchObject({ kind: 'not_found' })
    await expect(kernel.subscribe(id, { ...chat, chatId: ' ' }, null, alice)).rejects.toMatchObject({
      code: 'bad_chat',
    })
  })
})
