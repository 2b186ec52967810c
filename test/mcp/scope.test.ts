import { describe, expect } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, openTestKernel } from '../helpers/kernel.ts'
import { serveRun } from './given.ts'

describe.each(databases)('how far tools reach on $name', (database) => {
  behaviour(
    ['tools.scope', 'F15'],
    'a worker touches its own card and the cards that runs of it created',
    async () => {
      await using board = await openTestKernel(database)
      const stranger = await board.given({ title: 'strange', assignee: 'coder' })
      const parent = await board.given({ title: 'before', status: 'done' })
      await using run = await serveRun(database, { board, card: { parents: [parent.id] } })
      const before = await board.events(stranger.id)
      for (const [name, input] of [
        ['kanban_show', { task_id: stranger.id }],
        ['kanban_show', { task_id: 't_00000000' }],
        ['kanban_attachments', { task_id: stranger.id }],
        ['kanban_comment', { task_id: stranger.id, body: 'psst' }],
        ['kanban_link', { parent_id: run.card.id, child_id: stranger.id }],
        ['kanban_create', { title: 'x', assignee: 'y', parents: [stranger.id] }],
      ] as const) {
        expect(await run.refused(name, input), name).toMatchObject({
          code: 'out_of_reach',
          fact: expect.stringContaining(run.card.id) as string,
          retryable: false,
        })
      }
      // What its own card waited for is there to be read, and no more than that.
      await board.kernel.editTask(parent.id, { result: 'the whole result' }, alice)
      expect(await run.ok('kanban_show', { task_id: parent.id })).toMatchObject({
        is_own: false,
        context: expect.stringContaining('the whole result') as string,
      })
      await run.ok('kanban_attachments', { task_id: parent.id })
      for (const [name, input] of [
        ['kanban_comment', { task_id: parent.id, body: 'psst' }],
        ['kanban_link', { parent_id: run.card.id, child_id: parent.id }],
      ] as const)
        expect(await run.refused(name, input), name).toMatchObject({ code: 'out_of_reach' })
      // Its own card does not wait for others because its worker says so.
      const child = await run.ok('kanban_create', {
        title: 'x',
        assignee: 'y',
        parents: [parent.id, run.card.id],
      })
      expect(
        await run.refused('kanban_link', { parent_id: child['task_id'], child_id: run.card.id }),
      ).toMatchObject({ ok: false })
      await run.ok('kanban_show', { task_id: child['task_id'] })
      await run.ok('kanban_comment', { task_id: child['task_id'], body: 'mind the gap' })
      expect(await board.events(stranger.id)).toEqual(before)
      const listed = (await run.ok('kanban_list'))['cards'] as { id: string }[]
      expect(listed.map(({ id }) => id)).toEqual([run.card.id, child['task_id']])
      // Words of everybody's cards, found in its own only.
      await board.kernel.commentTask(stranger.id, 'mind the gap', null, alice)
      expect(await run.ok('kanban_list', { query: '"the gap"' })).toMatchObject({
        cards: [{ id: child['task_id'], found: { in: 'comment', text: 'mind the gap' } }],
        more: false,
      })
    },
  )

  behaviour(
    ['tools.scope'],
    'what an earlier run of the card created is in reach, what a run of another card created is not',
    async () => {
      await using board = await openTestKernel(database)
      const card = await board.given({ assignee: 'coder' })
      const first = await board.run(card)
      await first.start()
      const { task } = await board.kernel.createTask({ title: 'made earlier' }, first.worker)
      await first.end('crashed')
      await using run = await serveRun(database, { board })
      expect(await run.refused('kanban_comment', { task_id: task.id, body: 'x' })).toMatchObject({
        code: 'out_of_reach',
      })
      board.clock.advance(60)
      await using again = await serveRun(database, { board, of: await board.task(card.id) })
      await again.ok('kanban_comment', { task_id: task.id, body: 'mind the gap' })
      const next = await again.ok('kanban_create', { title: 'next', assignee: 'coder' })
      await again.ok('kanban_link', { parent_id: next['task_id'], child_id: task.id })
      expect((await again.ok('kanban_list'))['cards']).toMatchObject([
        { id: card.id },
        { id: task.id },
        { id: next['task_id'] },
      ])
    },
  )

  behaviour(
    ['tools.more', 'F16'],
    'an orchestrator answers what a worker asked, and lifts nothing else',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const asked = await board.given({ title: 'asked', assignee: 'coder' })
      const worker = await board.run(asked)
      await worker.start()
      await kernel.blockTask(asked.id, 'which colour?', worker.worker)
      await worker.end('crashed')
      const held = await board.given({ title: 'held', status: 'blocked' })
      const born = (await kernel.createTask({ title: 'born held', hold: 'ask me first' }, alice)).task
      const stopped = await board.given({ title: 'stopped', assignee: 'coder' })
      const stoppedRun = await board.run(stopped)
      await stoppedRun.start()
      await kernel.blockTask(stopped.id, 'not this way', alice)
      await stoppedRun.end('stopped')
      expect((await board.task(stopped.id)).status).toBe('blocked')

      await using run = await serveRun(database, { board, orchestrator: true, card: { assignee: 'boss' } })
      expect(await run.tools()).toContain('kanban_unblock')
      for (const { id } of [held, born, stopped]) {
        expect(await run.refused('kanban_unblock', { task_id: id }), id).toMatchObject({
          code: 'held_by_other',
          retryable: false,
        })
        expect((await board.task(id)).status).toBe('blocked')
      }
      await run.ok('kanban_comment', { task_id: asked.id, body: 'blue' })
      expect(await run.ok('kanban_unblock', { task_id: asked.id })).toEqual({
        isError: false,
        ok: true,
        task_id: asked.id,
        status: 'ready',
      })
      expect((await board.events(asked.id)).at(-1)).toMatchObject({
        kind: 'unblocked',
        actor: 'boss',
        door: 'mcp',
        runId: run.run.id,
      })
      expect(await run.refused('kanban_unblock', { task_id: run.card.id })).toMatchObject({
        code: 'own_hold',
      })
      await run.ok('kanban_block', { reason: 'may I?' })
      expect(await run.refused('kanban_unblock', { task_id: run.card.id })).toMatchObject({
        code: 'run_ended',
      })
      expect((await board.task(run.card.id)).status).toBe('blocked')
    },
  )

  behaviour(
    ['tools.scope', 'tools.more'],
    'an orchestrator sees the board and gives cards only to profiles that exist',
    async () => {
      await using board = await openTestKernel(database)
      for (let at = 0; at < 5; at++)
        await board.given({ title: `card ${at}`, assignee: 'coder', priority: -at })
      const profiles = [
        { name: 'coder', description: 'writes code', runsScript: false },
        { name: 'writer', description: null, runsScript: false },
      ]
      await using run = await serveRun(database, {
        board,
        orchestrator: true,
        profiles: () => Promise.resolve(profiles),
        card: { assignee: 'boss' },
      })
      const page = await run.ok('kanban_list', { assignee: 'coder', limit: 2, offset: 1 })
      expect((page['cards'] as { title: string }[]).map(({ title }) => title)).toEqual(['card 1', 'card 2'])
      expect(page).toMatchObject({
        more: true,
        profiles: profiles.map(({ name, description }) => ({ name, description })),
      })
      const found = await run.ok('kanban_list', { query: 'card', assignee: 'coder', limit: 2, offset: 1 })
      expect((found['cards'] as { title: string }[]).map(({ title }) => title)).toEqual(['card 3', 'card 2'])
      expect(found).toMatchObject({ more: true })
      expect(await run.ok('kanban_list', { query: '"(' })).toMatchObject({ cards: [], more: false })
      expect(await run.refused('kanban_create', { title: 'x', assignee: 'codr' })).toMatchObject({
        code: 'unknown_profile',
        next: 'Use one of coder (writes code), writer.',
        retryable: true,
      })
      await run.ok('kanban_create', { title: 'x', assignee: 'coder' })
    },
  )
})
