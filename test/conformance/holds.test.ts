/** What a person held stays held, and each kind of hold yields to its own rule only. */
import { describe, expect } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type TestKernel } from '../helpers/kernel.ts'

const HOUR = 3_600

/** What happens to a board in a week in which nobody looks at the card. */
async function aWeekGoesBy(board: TestKernel): Promise<void> {
  const { kernel, clock } = board
  for (let hour = 0; hour < 7 * 24; hour += 12) {
    clock.advance(12 * HOUR)
    await board.tick()
    await kernel.listTasks({})
    for (const id of await kernel.readPreflightBlocked()) await kernel.passPreflight(id, 'gateway')
  }
  // A restart: another process opens the same board.
  const again = await board.another()
  await again.liftDueHolds(clock.now(), 'gateway')
  await again.reclaimExpired(clock.now(), 'gateway')
}

describe.each(databases)('holds, on $name', (database) => {
  behaviour(
    ['F05', 'create.held'],
    'a card that was born held starts only after a person unblocked it',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const parent = await board.given()
      const [held] = await kernel.createTasks(
        [
          {
            title: 'downgrade the host',
            assignee: 'coder',
            parents: [parent.id],
            hold: 'not before the freeze',
          },
        ],
        alice,
      )
      const id = held?.task.id ?? ''
      await aWeekGoesBy(board)
      await kernel.completeTask(parent.id, {}, bob)
      await aWeekGoesBy(board)
      await kernel.failPreflight(id, 'no program', board.policy, 'gateway')
      await kernel.passPreflight(id, 'gateway')
      expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'status' } })
      expect(await board.task(id)).toMatchObject({ status: 'blocked', currentRunId: null })

      const worker = (await board.run(await board.given())).worker
      for (const lift of [
        () => kernel.unblockTask(id, worker),
        () => kernel.retryTask(id, 5, worker),
        () => kernel.moveTask(id, 'ready', {}, worker),
        () => kernel.completeTask(id, {}, worker),
        () => kernel.resume({ scope: 'task', target: id }, worker),
      ])
        await expect(lift()).rejects.toMatchObject({ kind: 'denied' })
      expect((await board.task(id)).status).toBe('blocked')

      await kernel.unblockTask(id, bob)
      const freed = (await board.events(id)).at(-1)
      expect(freed).toMatchObject({ kind: 'unblocked', actor: 'bob', door: 'http' })
      expect(await board.tryRun({ id })).not.toHaveProperty('refused')
    },
  )

  behaviour('F05', 'an idea that is held is blocked once it is specified', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given({ triage: true, hold: 'legal must look' })
    await board.kernel.moveTask(id, 'ready', {}, alice)
    expect((await board.task(id)).status).toBe('blocked')
    await board.kernel.unblockTask(id, alice)
    expect((await board.task(id)).status).toBe('ready')
  })

  behaviour('F05', 'a check that passes again does not free what a person blocked meanwhile', async () => {
    await using board = await openTestKernel(database)
    const { kernel } = board
    const { id } = await board.given()
    await kernel.failPreflight(id, 'there is no program foo', board.policy, 'gateway')
    await kernel.blockTask(id, 'ask legal first', alice)
    expect(await kernel.passPreflight(id, 'gateway')).toBe(true)
    expect((await board.task(id)).status).toBe('blocked')
    expect((await kernel.showTask(id)).holds.map(({ kind }) => kind)).toEqual(['human'])
  })

  behaviour(
    'hold.kinds',
    'a need that is missing does not keep a card in todo once its parent is done',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { id } = await board.given()
      await kernel.failPreflight(id, 'there is no program foo', board.policy, 'gateway')
      const parent = await board.given()
      await kernel.linkTasks(parent.id, id, alice)
      expect((await board.task(id)).status).toBe('todo')
      await kernel.completeTask(parent.id, {}, alice)
      expect((await board.task(id)).status).toBe('ready')
    },
  )

  behaviour(
    'hold.kinds',
    'many cards that miss something do not keep the clock from freeing others',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const broken = await kernel.createTasks(
        Array.from({ length: 510 }, (_, n) => ({ title: `broken ${n}`, assignee: 'coder' })),
        alice,
      )
      for (const { task } of broken)
        await kernel.failPreflight(task.id, 'no program', board.policy, 'gateway')
      const due = await board.given({ notBefore: clock.now() + HOUR })
      clock.advance(HOUR)
      expect(await kernel.liftDueHolds(clock.now(), 'gateway')).toEqual([due.id])
      expect((await board.task(due.id)).status).toBe('ready')
      expect((await kernel.readForDispatch()).due).toBe(0)
    },
    60_000,
  )

  behaviour(
    ['hold.kinds', 'create.not-before'],
    'a start time is over when it is due, and not before',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const { id, status } = await board.given({ notBefore: clock.now() + HOUR })
      expect(status).toBe('todo')
      expect((await kernel.readForDispatch()).nextEnd).toBe(clock.now() + HOUR)
      clock.advance(HOUR - 1)
      await board.tick()
      expect((await board.task(id)).status).toBe('todo')
      clock.advance(1)
      await board.tick()
      expect((await board.task(id)).status).toBe('ready')
      await board.tick()
      expect((await board.events(id)).filter(({ kind }) => kind === 'promoted')).toHaveLength(1)
    },
  )

  behaviour(
    'create.not-before',
    'a start time that is past keeps nothing back, and one that is no time is refused',
    async () => {
      await using board = await openTestKernel(database)
      expect((await board.given({ notBefore: board.clock.now() })).status).toBe('ready')
      for (const notBefore of [1.5, Number.NaN, -1, 1e15])
        await expect(board.given({ notBefore })).rejects.toMatchObject({ kind: 'invalid', code: 'bad_time' })
    },
  )

  behaviour('hold.kinds', 'a wait for a time and for a parent ends with the later of the two', async () => {
    await using board = await openTestKernel(database)
    const { kernel, clock } = board
    const parent = await board.given()
    const { id } = await board.given({ parents: [parent.id], notBefore: clock.now() + HOUR })
    await kernel.completeTask(parent.id, {}, alice)
    expect((await board.task(id)).status).toBe('todo')
    clock.advance(HOUR)
    await board.tick()
    expect((await board.task(id)).status).toBe('ready')
  })

  behaviour('hold.kinds', 'unblocking does not close a breaker', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ maxAttempts: 1 })
    const run = await board.run(await board.given())
    await run.end('crashed')
    await expect(board.kernel.unblockTask(run.taskId, alice)).rejects.toMatchObject({
      code: 'breaker_open',
      message: expect.stringContaining(`yard retry ${run.taskId} --attempts 1`),
    })
    expect((await board.task(run.taskId)).status).toBe('blocked')
  })

  behaviour(
    'hold.kinds',
    'completing a card leaves a pause on it, for only the operator lifts one',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const { id } = await board.given()
      await kernel.pause({ scope: 'task', target: id }, 'not now', alice)
      await kernel.completeTask(id, {}, bob)
      await kernel.moveTask(id, 'ready', {}, bob)
      expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'pause' } })
      await kernel.resume({ scope: 'task', target: id }, alice)
      expect(await board.tryRun({ id })).not.toHaveProperty('refused')
    },
  )

  behaviour(
    'archive.restore',
    'a card comes out of the archive to where it was, whoever held it still holding',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      for (const status of ['triage', 'todo', 'ready', 'blocked', 'review', 'done'] as const) {
        const { id } = await board.given({ status })
        await kernel.archiveTask(id, alice)
        expect((await kernel.restoreTask(id, alice)).status).toBe(status)
      }
      const { id } = await board.given({ status: 'blocked' })
      await kernel.archiveTask(id, alice)
      await kernel.restoreTask(id, alice)
      expect((await kernel.showTask(id)).holds).toMatchObject([{ kind: 'human', actor: 'alice' }])
    },
  )

  behaviour(
    'archive.restore',
    'what the board has forgotten to have been comes back where nothing runs it',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const idea = await board.given({ status: 'triage' })
      const held = await board.given({ status: 'blocked' })
      for (const { id } of [idea, held]) await kernel.archiveTask(id, alice)
      clock.advance(40 * 24 * HOUR)
      await kernel.forgetEvents(clock.now() - 30 * 24 * HOUR)
      expect((await kernel.restoreTask(idea.id, alice)).status).toBe('triage')
      expect((await kernel.restoreTask(held.id, alice)).status).toBe('blocked')
      expect((await kernel.unblockTask(held.id, alice)).status).toBe('ready')
    },
  )

  behaviour(
    'archive.restore',
    'a card whose idempotency key has an heir stays archived, and says who has it',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const old = await board.given({ idempotencyKey: 'nightly' })
      await kernel.archiveTask(old.id, alice)
      const heir = await board.given({ idempotencyKey: 'nightly' })
      expect(heir.id).not.toBe(old.id)
      await expect(kernel.restoreTask(old.id, alice)).rejects.toMatchObject({
        code: 'key_taken',
        message: expect.stringContaining(heir.id),
      })
      await kernel.archiveTask(heir.id, alice)
      expect((await kernel.restoreTask(old.id, alice)).status).toBe('ready')
    },
  )
})
