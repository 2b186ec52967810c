/** Text in every place where somebody can leave some: stored to the letter in both databases, or refused with the reason. */
import { describe, expect } from 'vitest'
import { MAX } from '../../src/domain/text.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'

interface Place {
  readonly max: number
  /** Leaves the text on a new card; gives what can then be read there. */
  readonly leave: (kernel: Kernel, id: string, text: string) => Promise<string | null | undefined>
  /** Names and titles: one line, trimmed. */
  readonly isName?: true
}

const comment = async (kernel: Kernel, id: string) => (await kernel.showTask(id)).comments.at(-1)
const hold = async (kernel: Kernel, id: string) => (await kernel.showTask(id)).holds.at(-1)?.reason

const PLACES: Readonly<Record<string, Place>> = {
  title: {
    max: MAX.title,
    leave: async (kernel, _, text) =>
      (await kernel.getTask((await kernel.createTask({ title: text }, alice)).task.id)).title,
  },
  body: {
    max: MAX.body,
    leave: async (kernel, _, text) =>
      (await kernel.getTask((await kernel.createTask({ title: 'x', body: text }, alice)).task.id)).body,
  },
  'idempotency key': {
    max: MAX.key,
    leave: async (kernel, _, text) =>
      (await kernel.getTask((await kernel.createTask({ title: 'x', idempotencyKey: text }, alice)).task.id))
        .idempotencyKey,
  },
  'hold at birth': {
    max: MAX.reason,
    leave: async (kernel, _, text) =>
      hold(kernel, (await kernel.createTask({ title: 'x', hold: text }, alice)).task.id),
  },
  'edited body': {
    max: MAX.body,
    leave: async (kernel, id, text) => (await kernel.editTask(id, { body: text }, alice)).body,
  },
  comment: {
    max: MAX.comment,
    leave: async (kernel, id, text) => {
      await kernel.commentTask(id, text, null, alice)
      return (await comment(kernel, id))?.body
    },
  },
  result: {
    max: MAX.result,
    leave: async (kernel, id, text) => {
      await kernel.completeTask(id, { result: text, summary: 'x' }, alice)
      return (await kernel.getTask(id)).result
    },
  },
  summary: {
    max: MAX.summary,
    leave: async (kernel, id, text) => {
      await kernel.completeTask(id, { summary: text }, alice)
      return (await kernel.listRuns(id)).at(-1)?.summary
    },
  },
  metadata: {
    max: MAX.metadata - 20,
    leave: async (kernel, id, text) => {
      await kernel.completeTask(id, { metadata: { text } }, alice)
      return (await kernel.listRuns(id)).at(-1)?.metadata?.['text'] as string
    },
  },
  'reason of a block': {
    max: MAX.reason,
    leave: async (kernel, id, text) => {
      await kernel.blockTask(id, text, alice)
      return hold(kernel, id)
    },
  },
  'remarks of a reviewer': {
    max: MAX.comment,
    leave: async (kernel, id, text) => {
      await kernel.requestTaskReview(id, {}, alice)
      await kernel.sendBackTask(id, text, bob)
      return (await comment(kernel, id))?.body
    },
  },
  'note of a heartbeat': {
    max: MAX.note,
    leave: async (kernel, id, text) => {
      await kernel.claimTask(id, {}, alice)
      await kernel.heartbeatTask(id, text, alice)
      return (await kernel.readEvents({ taskId: id })).at(-1)?.payload['note'] as string
    },
  },
  'reason of a pause': {
    max: MAX.reason,
    leave: async (kernel, id, text) => {
      await kernel.pause({ scope: 'task', target: id }, text, alice)
      return hold(kernel, id)
    },
  },
  'reason of a stop': {
    max: MAX.reason,
    leave: async (kernel, id, text) => {
      await kernel.claimTask(id, {}, alice)
      await kernel.stopTask(id, { reason: text }, alice)
      return (await hold(kernel, id))?.replace(/ \(stopped by alice\)$/, '')
    },
  },
}

const ODD =
  'a “quoted” \\ line; --\ttab, 日本語, 🙂 👩‍👩‍👧, é vs é, \u202e bidi, \u0001, \x7f, $1 ? :name @p {{x}} %s'

describe.each(databases)('text, on $name', (database) => {
  behaviour('data.text', 'comes back to the letter from wherever it is left', async () => {
    await using board = await openTestKernel(database)
    for (const [place, { leave, max }] of Object.entries(PLACES)) {
      const text = ODD.slice(0, max)
      const { id } = await board.given()
      expect(`${place}: ${await leave(board.kernel, id, text)}`).toBe(`${place}: ${text}`)
    }
  })

  behaviour(
    'data.text',
    'is taken up to its longest, and refused beyond it with the length',
    async () => {
      await using board = await openTestKernel(database)
      for (const [place, { leave, max }] of Object.entries(PLACES)) {
        const { id } = await board.given()
        const longest = 'x'.repeat(max)
        expect(`${place} ${(await leave(board.kernel, id, longest))?.length}`).toBe(`${place} ${max}`)
        const other = await board.given()
        await expect(leave(board.kernel, other.id, 'x'.repeat(max + 21))).rejects.toMatchObject({
          kind: 'invalid',
          code: 'text_too_long',
          message: expect.stringContaining(String(max + 21).slice(0, 3)),
        })
      }
    },
    60_000,
  )

  behaviour('data.text', 'with a NUL is refused, and nothing is changed', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    for (const [place, { leave }] of Object.entries(PLACES)) {
      if (place === 'metadata') continue
      if (
        place === 'note of a heartbeat' ||
        place === 'reason of a stop' ||
        place === 'remarks of a reviewer'
      )
        continue
      const before = await rowsOf(board.board)
      await expect(leave(board.kernel, id, 'before\0after')).rejects.toMatchObject({
        kind: 'invalid',
        code: 'nul_in_text',
      })
      expect(await rowsOf(board.board)).toEqual(before)
    }
    const running = await board.given()
    await board.kernel.claimTask(running.id, {}, alice)
    for (const refused of [
      () => board.kernel.heartbeatTask(running.id, 'a\0b', alice),
      () => board.kernel.stopTask(running.id, { reason: 'a\0b' }, alice),
      () => board.kernel.createTask({ title: 'x', tenant: 'a\0b' }, alice),
      () => board.kernel.createTask({ title: 'x', skills: ['a\0b'] }, alice),
      () => board.kernel.createTask({ title: 'x', workspaceKind: 'dir', workspacePath: '/a\0b' }, alice),
      () => board.kernel.assignTask(running.id, 'a\0b', alice),
      () => board.kernel.pause({ scope: 'profile', target: 'a\0b' }, 'x', alice),
      () => board.kernel.subscribe(running.id, { platform: 'a\0b', chatId: '1', threadId: '' }, null, alice),
      () => board.kernel.subscribe(running.id, { platform: 'x', chatId: '1', threadId: '' }, 'a\0b', alice),
    ])
      await expect(refused()).rejects.toMatchObject({ kind: expect.stringMatching(/invalid|conflict/) })
    expect((await board.task(running.id)).status).toBe('running')
  })

  behaviour('data.text', 'in metadata keeps even what text cannot hold', async () => {
    await using board = await openTestKernel(database)
    const metadata = {
      nul: 'a\0b',
      half: '\ud83d',
      nested: [{ deep: { '🙂': [null, true, 1.5e300, -0.1] } }],
    }
    const { id } = await board.given()
    await board.kernel.completeTask(id, { metadata }, alice)
    expect((await board.kernel.listRuns(id)).at(-1)?.metadata).toEqual(metadata)
    for (const bad of [[1], 'text', 7]) {
      const other = await board.given()
      const refused = board.kernel.completeTask(other.id, { metadata: bad as never }, alice)
      await expect(refused).rejects.toMatchObject({ kind: 'invalid', code: 'bad_metadata' })
    }
  })

  behaviour(
    'data.text',
    'that is not well-formed becomes so visibly, the same in both databases',
    async () => {
      await using board = await openTestKernel(database)
      for (const [place, { leave }] of Object.entries(PLACES)) {
        if (place === 'metadata') continue
        const { id } = await board.given()
        expect(`${place}: ${await leave(board.kernel, id, 'cut \ud83d here')}`).toBe(
          `${place}: cut \ufffd here`,
        )
      }
    },
  )

  behaviour('data.text', 'that is cut for an event is not cut through a character', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    await board.kernel.completeTask(id, { summary: `${'x'.repeat(398)}🙂🙂` }, alice)
    const { summary } = (await board.events(id)).at(-1)!.payload
    expect(summary).toBe(`${'x'.repeat(398)}…`)
  })
})
