/** Comments on their way to a worker. */
import { describe, expect } from 'vitest'
import { taskDetailView } from '../../src/contract/views.ts'
import { ownIdentity } from '../../src/lib/process-identity.ts'
import type { Task } from '../../src/domain/task.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, openTestKernel, type TestKernel } from '../helpers/kernel.ts'

describe.each(databases)('comments on their way to a worker, on $name', (database) => {
  /** A run whose worker begins with what is on the card. */
  async function working(board: TestKernel, heard: number, card?: Task) {
    const run = await board.run(card ?? (await board.given()))
    const { capability } = run.worker
    expect(await board.kernel.startRun(capability, ownIdentity(), heard)).toBe('go')
    return { ...run, capability }
  }

  behaviour('mail.once', 'each reaches it once, its own never, and the card tells which have', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const card = await board.given()
    const before = await kernel.commentTask(card.id, 'before', null, alice)
    const run = await working(board, before.id, card)
    expect((await kernel.askLease(run.capability)).hasMail).toBe(false)

    const own = await kernel.commentTask(card.id, 'my own remark', null, run.worker)
    expect([await kernel.readMail(run.capability), (await kernel.askLease(run.capability)).hasMail]).toEqual([
      [],
      false,
    ])
    const hurry = await kernel.commentTask(card.id, 'please hurry', null, alice)
    expect((await kernel.renewLease(run.capability)).hasMail).toBe(true)
    expect(await kernel.readMail(run.capability)).toMatchObject([{ id: hurry.id, body: 'please hurry' }])
    await kernel.recordDelivery(run.capability, [hurry.id])
    expect(await kernel.readMail(run.capability)).toEqual([])
    const late = await kernel.commentTask(card.id, 'and this', null, alice)

    const details = await kernel.showTask(card.id)
    expect(
      taskDetailView(details).comments.map(({ id, delivered_run_id }) => [id, delivered_run_id]),
    ).toEqual([
      [before.id, run.id],
      [own.id, null],
      [hurry.id, run.id],
      [late.id, null],
    ])
    expect(details.events.filter(({ kind }) => kind === 'delivered')).toMatchObject([
      { runId: run.id, actor: 'runner', payload: { comment_id: hurry.id } },
    ])
    await kernel.blockTask(card.id, 'which blue?', run.worker)
    expect((await kernel.unheardBy(run.id))?.map(({ id }) => id)).toEqual([late.id])
    expect(await kernel.unheardBy(999)).toBeNull()
  })

  behaviour(
    'mail.fenced',
    'only the run itself takes them in, and a card without a worker keeps them',
    async () => {
      await using board = await openTestKernel(database)
      const run = await working(board, 0)
      const { id } = await board.kernel.commentTask(run.taskId, 'for the worker', null, alice)
      await expect(
        board.kernel.recordDelivery({ runId: run.id, secret: 'guessed' }, [id]),
      ).rejects.toMatchObject({ code: 'bad_capability' })
      expect(await board.kernel.readMail(run.capability)).toHaveLength(1)
      const idle = await board.given()
      await board.kernel.commentTask(idle.id, 'nobody is here', null, alice)
      expect(taskDetailView(await board.kernel.showTask(idle.id)).comments).toMatchObject([
        { delivered_run_id: null },
      ])
    },
  )
})
