/** Rough cards over HTTP. */
import { describe, expect } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { openTestServer } from './rig.ts'

describe.each(databases)('rough cards over HTTP, on $name', (database) => {
  behaviour(
    ['triage.helper', 'triage.proposals', 'triage.collector'],
    'one is decomposed, and what is proposed is listed, released and rejected',
    async () => {
      await using server = await openTestServer({ database })
      const { test } = server
      const rough = await test.given({ status: 'triage', assignee: null })
      const { task: helper, created } = await server.call('decomposeTask', { id: rough.id })
      expect({ created, helper }).toMatchObject({
        created: true,
        helper: { assignee: 'lead', status: 'ready' },
      })
      expect((await server.call('decomposeTask', { id: rough.id })).created).toBe(false)
      expect(await server.refusal('specifyTask', { id: rough.id })).toMatchObject({
        status: 409,
        code: 'help_under_way',
      })
      expect(await server.refusal('decomposeTask', { id: helper.id })).toMatchObject({
        code: 'not_in_triage',
      })

      const run = await test.run(helper)
      // The worker's own door makes proposals, too.
      const { task: one } = await server.call(
        'createTask',
        { title: 'one', assignee: 'coder' },
        server.runToken(run),
      )
      const { task: two } = await server.call(
        'createTask',
        { title: 'two', assignee: 'coder' },
        server.runToken(run),
      )
      expect(one.status).toBe('blocked')
      for (const id of ['releaseProposals', 'rejectProposals'] as const)
        expect(await server.refusal(id, { ids: [one.id] }, server.runToken(run))).toMatchObject({
          status: 403,
        })
      expect(
        await server.refusal('releaseProposals', { ids: [one.id] }, await server.token('read')),
      ).toMatchObject({ status: 403 })
      await test.kernel.completeTask(helper.id, {}, run.worker)
      await run.end('completed')
      const { proposals } = await server.call('listProposals', {})
      expect(proposals).toMatchObject([
        {
          kind: 'decompose',
          task_id: rough.id,
          helper_id: helper.id,
          stale: false,
          text: null,
          cards: [
            { id: one.id, state: 'waiting' },
            { id: two.id, state: 'waiting' },
          ],
        },
      ])
      expect((await server.call('rejectProposals', { ids: [two.id] })).tasks).toMatchObject([
        { status: 'archived' },
      ])
      expect(await server.call('releaseProposals', { ids: [rough.id] })).toMatchObject({
        tasks: [{ id: one.id, status: 'ready' }],
        subjects: [{ id: rough.id, status: 'todo', assignee: 'lead' }],
      })
      expect(await server.refusal('releaseProposals', { ids: [one.id] })).toMatchObject({
        code: 'already_decided',
      })
      expect(await server.refusal('releaseProposals', { ids: ['t_nobody'] })).toMatchObject({ status: 400 })
      expect((await server.call('listProposals', {})).proposals).toEqual([])
      expect((await server.call('listProposals', { task: rough.id })).proposals).toHaveLength(1)
    },
  )

  behaviour('triage.text', 'a text is proposed and accepted', async () => {
    await using server = await openTestServer({ database })
    const { test } = server
    const rough = await test.given({ status: 'triage' })
    const { task: helper } = await server.call('specifyTask', { id: rough.id, profile: 'writer' })
    expect(helper.assignee).toBe('writer')
    const run = await test.run(helper)
    await test.kernel.proposeText({ title: 'clear' }, run.worker)
    await test.kernel.completeTask(helper.id, {}, run.worker)
    await run.end('completed')
    expect((await server.call('listProposals', {})).proposals).toMatchObject([
      { text: { title: 'clear', decision: null } },
    ])
    expect(await server.refusal('acceptText', { id: 't_nobody' })).toMatchObject({ status: 404 })
    expect(await server.call('acceptText', { id: rough.id, ready: true })).toMatchObject({
      task: { title: 'clear', status: 'ready' },
    })
    expect(await server.refusal('acceptText', { id: rough.id })).toMatchObject({ code: 'nothing_proposed' })
  })
})
