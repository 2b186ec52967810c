/** What an orchestrator's tools do in a run that works a rough card out. */
import { describe, expect } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, openTestKernel } from '../helpers/kernel.ts'
import { connect, overHttp, serveRun } from './given.ts'
import { serveRunTools } from '../../src/runner/serve-tools.ts'

const PROFILES = [
  { name: 'coder', description: 'Writes code. Tests it.', runsScript: false },
  { name: 'writer', description: null, runsScript: false },
  { name: 'shell', description: 'Runs it.', runsScript: true },
]

describe.each(databases)('the tools of a run that decomposes, on $name', (database) => {
  behaviour(
    ['triage.proposals', 'triage.bounds', 'triage.text', 'tools.more', 'F66'],
    'make proposals of what is created, and name the roster to whoever assigns to nobody',
    async () => {
      await using board = await openTestKernel(database)
      const rough = await board.given({ status: 'triage', title: 'rough', assignee: null })
      const { helper } = await board.kernel.askHelp(rough.id, { kind: 'decompose', profile: 'lead' }, alice)
      const run = await board.run(helper)
      await run.start()
      const tools = await serveRunTools({
        kernel: board.kernel,
        capability: { runId: run.id, secret: run.secret },
        taskId: helper.id,
        profile: 'lead',
        workspace: '/nowhere',
        orchestrator: true,
        attachments: { folder: '/nowhere' },
        mask: (text) => text,
        profiles: () => Promise.resolve(PROFILES),
      })
      await using client = await connect(overHttp(tools))
      try {
        expect(await client.tools()).toContain('kanban_propose')
        expect(await client.refused('kanban_create', { title: 'x', assignee: 'codr' })).toMatchObject({
          code: 'unknown_profile',
          next: 'Use one of coder (Writes code; Tests it), writer, shell (Runs it).',
          retryable: true,
        })
        const one = await client.ok('kanban_create', { title: 'one', assignee: 'coder' })
        expect(one).toMatchObject({ status: 'blocked', proposal: expect.stringContaining('person releases') })
        const two = await client.ok('kanban_create', { title: 'two', assignee: 'writer' })
        expect(
          await client.ok('kanban_link', { parent_id: one['task_id'], child_id: two['task_id'] }),
        ).toMatchObject({ linked: true, child_status: 'blocked' })
        expect(
          await client.refused('kanban_create', { title: 'x', assignee: 'coder', triage: true }),
        ).toMatchObject({ code: 'proposal_in_triage', retryable: true })
        expect(
          await client.refused('kanban_create', { title: 'x', assignee: 'coder', parents: rough.id }),
        ).toMatchObject({ code: 'waits_for_whole', retryable: true })
        for (const task of [one['task_id'], rough.id])
          await client.refused('kanban_unblock', { task_id: task })
        expect(await client.refused('kanban_propose', { assignee: 'nobody' })).toMatchObject({
          code: 'unknown_profile',
        })
        expect(
          await client.refused('kanban_propose', { acceptance: 'it works', assignee: 'shell' }),
        ).toMatchObject({
          code: 'criteria_in_script',
          next: expect.stringContaining('Leave acceptance out') as string,
          retryable: true,
        })
        await client.ok('kanban_propose', { body: 'make check', assignee: 'shell' })
        expect(
          await client.ok('kanban_propose', { title: 'clear', acceptance: 'it works', assignee: 'writer' }),
        ).toMatchObject({ task_id: rough.id, title: 'clear', body: '## Done when\n\n- it works' })
        expect(await board.task(rough.id)).toMatchObject({ title: 'rough', status: 'triage' })
      } finally {
        await tools.close()
      }
    },
  )

  behaviour('triage.text', 'offer no texts to the run of an ordinary card', async () => {
    await using board = await openTestKernel(database)
    await using worker = await serveRun(database, { board })
    expect(await worker.tools()).not.toContain('kanban_propose')
    await using boss = await serveRun(database, { board, orchestrator: true })
    expect(await boss.refused('kanban_propose', { title: 'x' })).toMatchObject({
      code: 'not_a_helper',
      retryable: false,
    })
  })
})
