/** Attempts are counted when a run opens, and nothing but a person's grant lets a card run beyond its ceiling. */
import { describe, expect } from 'vitest'
import type { RunOutcome } from '../../src/domain/run.ts'
import { MAX_REFUNDS_FOR_REFUSALS, MAX_REFUNDS_PER_CARD } from '../../src/domain/attempts.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'

/** How a run can end, as its card's automatic life sees it. */
interface Way {
  readonly name: string
  readonly end: (board: TestKernel, run: OpenedRun, round: number) => Promise<unknown>
  /** What somebody who never gives up does between two runs. */
  readonly between?: (board: TestKernel, id: string) => Promise<unknown>
  readonly outcome: RunOutcome
  /** Runs until the card is given up. */
  readonly runs: (board: TestKernel) => number
}

const ceiling = ({ policy }: TestKernel) => policy.maxAttempts
const ceilingAndRefunds = (board: TestKernel) => ceiling(board) + MAX_REFUNDS_PER_CARD

const byRunner =
  (outcome: Parameters<OpenedRun['end']>[0], rest?: Parameters<OpenedRun['end']>[1]): Way['end'] =>
  async (_, run) => {
    await run.start()
    await run.end(outcome, rest)
  }

const WAYS: readonly Way[] = [
  {
    name: 'exits 1',
    end: byRunner('crashed', { evidence: { exitCode: 1 } }),
    outcome: 'crashed',
    runs: ceiling,
  },
  {
    name: 'exits 127',
    end: byRunner('crashed', { evidence: { exitCode: 127 } }),
    outcome: 'crashed',
    runs: ceiling,
  },
  {
    name: 'is killed',
    end: byRunner('crashed', { evidence: { signal: 'SIGKILL' } }),
    outcome: 'crashed',
    runs: ceiling,
  },
  {
    name: 'exits 0 without a word',
    end: byRunner('no_verdict', { evidence: { exitCode: 0 } }),
    outcome: 'no_verdict',
    runs: ceiling,
  },
  {
    name: 'runs too long',
    end: byRunner('timed_out', { evidence: { limit: 'runtime', killed: true } }),
    outcome: 'timed_out',
    runs: ceiling,
  },
  {
    name: 'falls silent',
    end: byRunner('stalled', { evidence: { limit: 'silence' } }),
    outcome: 'stalled',
    runs: ceiling,
  },
  {
    name: 'never reports for duty',
    end: (_, run) => run.end('reclaimed', { error: 'its runner never reported for duty' }),
    outcome: 'reclaimed',
    runs: ceilingAndRefunds,
  },
  {
    name: 'loses its host',
    end: byRunner('reclaimed', { error: 'the machine was restarted' }),
    outcome: 'reclaimed',
    runs: ceilingAndRefunds,
  },
  {
    name: 'is refused by its provider',
    end: byRunner('rate_limited', { error: '429' }),
    outcome: 'rate_limited',
    runs: (board) => ceiling(board) + MAX_REFUNDS_FOR_REFUSALS,
  },
  {
    name: 'has a key that is not valid',
    end: byRunner('misconfigured', { error: '401' }),
    outcome: 'misconfigured',
    runs: (board) => ceiling(board) + MAX_REFUNDS_FOR_REFUSALS,
  },
  {
    name: 'ends each time in another way',
    end: (_, run, round) => run.end((['crashed', 'timed_out', 'no_verdict'] as const)[round % 3]!),
    outcome: 'no_verdict',
    runs: ceiling,
  },
  {
    name: 'is stopped and started again by a cron job',
    end: async (board, run) => {
      await run.start()
      await board.kernel.stopTask(run.taskId, { reason: 'cron' }, bob)
      await run.end('stopped')
    },
    between: (board, id) => board.kernel.unblockTask(id, bob),
    outcome: 'stopped',
    runs: ceilingAndRefunds,
  },
  {
    name: 'blocks with the same question while a cron job unblocks',
    end: async (board, run) => {
      await board.kernel.blockTask(run.taskId, 'which colour?', run.worker)
      await run.end('completed')
    },
    between: (board, id) => board.kernel.unblockTask(id, bob),
    outcome: 'blocked',
    runs: ceiling,
  },
  {
    name: 'hands over for a review that sends it back',
    end: async (board, run) => {
      await board.kernel.requestTaskReview(run.taskId, { summary: 'look' }, run.worker)
      await run.end('completed')
    },
    between: (board, id) => board.kernel.sendBackTask(id, 'again', bob),
    outcome: 'review',
    runs: ceiling,
  },
  {
    name: 'is completed and reopened by a cron job',
    end: async (board, run) => {
      await board.kernel.completeTask(run.taskId, { summary: 'done' }, run.worker)
      await run.end('completed')
    },
    between: (board, id) => board.kernel.moveTask(id, 'ready', {}, bob),
    outcome: 'completed',
    runs: ceiling,
  },
  {
    name: 'is archived and restored by a cron job',
    end: async (board, run) => {
      await board.kernel.archiveTask(run.taskId, bob)
      await run.end('stopped')
    },
    between: (board, id) => board.kernel.restoreTask(id, bob),
    outcome: 'reclaimed',
    runs: ceilingAndRefunds,
  },
  {
    name: 'is handed from one profile to another by a cron job',
    end: async (board, run) => {
      const { assignee } = await board.task(run.taskId)
      await board.kernel.assignTask(run.taskId, assignee === 'coder' ? 'writer' : 'coder', bob, {
        stop: true,
      })
      await run.end('stopped')
    },
    outcome: 'reclaimed',
    runs: ceilingAndRefunds,
  },
  {
    name: 'waits for a card that is linked and unlinked',
    end: async (board, run) => {
      const parent = await board.given()
      await board.kernel.linkTasks(parent.id, run.taskId, bob)
      await run.end('crashed')
      await board.kernel.unlinkTasks(parent.id, run.taskId, bob)
    },
    outcome: 'crashed',
    runs: ceiling,
  },
]

/** Goes on as long as the board lets it; gives the number of runs that opened. */
async function runForEver(board: TestKernel, id: string, way: Pick<Way, 'end' | 'between'>): Promise<number> {
  for (let runs = 0; ; runs++) {
    if (runs > 200) throw new Error('it never stops')
    board.clock.advance(3_600)
    await board.tick()
    const opened = await board.tryRun({ id })
    if ('refused' in opened) return runs
    const task = await board.task(id)
    await way.end(board, board.hold(opened.runId, opened.secret, id, task.assignee ?? ''), runs)
    await way.between?.(board, id).catch(() => undefined)
  }
}

describe.each(databases)('the ledger, on $name', (database) => {
  for (const way of WAYS) {
    behaviour(
      ['F03', 'F02'],
      `a worker that for ever ${way.name} stops at the ceiling, with its true ending`,
      async () => {
        await using board = await openTestKernel(database)
        board.setPolicy({ equalFailureLimit: 1_000 })
        const { id } = await board.given()
        expect(await runForEver(board, id, way)).toBe(way.runs(board))

        const { runs, attempts, holds, task } = await board.kernel.showTask(id)
        expect(runs).toHaveLength(way.runs(board))
        expect(runs.at(-1)?.outcome).toBe(way.outcome)
        expect(runs.every((run) => run.endedAt !== null)).toBe(true)
        expect(task).toMatchObject({ status: 'blocked', currentRunId: null })
        expect(holds.map(({ kind }) => kind)).toContain('breaker')
        expect(attempts.charged - attempts.refunded).toBe(board.policy.maxAttempts)
        expect(attempts.charged).toBe(runs.length)
        expect(attempts.refunded).toBeLessThanOrEqual(MAX_REFUNDS_FOR_REFUSALS)
        expect((await board.events(id)).some(({ kind }) => kind === 'gave_up')).toBe(true)
      },
    )
  }

  behaviour(
    ['F03', 'dispatch.failure-limit'],
    'a worker that never starts is given up after five in a row, and not charged',
    async () => {
      await using board = await openTestKernel(database)
      const { id } = await board.given()
      const end: Way['end'] = (_, run) => run.end('spawn_failed', { error: 'no such program: foo' })
      expect(await runForEver(board, id, { end })).toBe(board.policy.failureLimit)
      const { task, attempts, holds } = await board.kernel.showTask(id)
      expect(task).toMatchObject({
        status: 'blocked',
        spawnFailures: 5,
        lastSpawnError: 'no such program: foo',
      })
      expect(attempts).toMatchObject({ charged: 5, refunded: 5 })
      expect(holds).toMatchObject([
        { kind: 'breaker', reason: expect.stringContaining('no such program: foo') },
      ])
      await board.kernel.retryTask(id, 0, alice)
      expect(await board.task(id)).toMatchObject({ status: 'ready', spawnFailures: 0, lastSpawnError: null })
    },
  )

  behaviour('dispatch.failure-limit', 'a start that succeeds begins the count again', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ maxAttempts: 10 })
    const { id } = await board.given()
    const end: Way['end'] = async (_, run, round) => {
      if (round !== 3) return run.end('spawn_failed', { error: 'no such program' })
      await run.start()
      return run.end('crashed')
    }
    expect(await runForEver(board, id, { end })).toBe(4 + board.policy.failureLimit)
  })

  behaviour(['F03', 'F34'], 'a need that comes and goes buys no starts without end', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    const between: Way['between'] = async ({ kernel, policy }) => {
      for (let n = 0; n < policy.failureLimit; n++)
        await kernel.failPreflight(id, 'no program', policy, 'gateway')
      await kernel.passPreflight(id, 'gateway')
    }
    const end: Way['end'] = (_, run) => run.end('spawn_failed')
    expect(await runForEver(board, id, { end, between })).toBeLessThanOrEqual(board.policy.failureLimit)
    expect((await board.kernel.showTask(id)).holds).toMatchObject([{ kind: 'breaker' }])
  })

  behaviour('F34', 'what is missing at the start spends no attempt', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    for (let n = 1; n <= board.policy.failureLimit; n++) {
      const answer = await board.kernel.failPreflight(
        id,
        'there is no profile coder',
        board.policy,
        'gateway',
      )
      expect(answer).toEqual({ failures: n, blocked: n === board.policy.failureLimit })
    }
    const { task, attempts, runs } = await board.kernel.showTask(id)
    expect(task).toMatchObject({ status: 'blocked', lastSpawnError: 'there is no profile coder' })
    expect(attempts).toEqual({ charged: 0, refunded: 0, granted: 0 })
    expect(runs).toEqual([])
    await board.kernel.passPreflight(id, 'gateway')
    expect(await board.tryRun({ id })).not.toHaveProperty('refused')
  })

  behaviour(
    'F02',
    'a thousand ticks with comments, links, edits, restarts and finished parents open no breaker',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel, clock } = board
      const { id } = await board.given()
      await runForEver(board, id, { end: (_, run) => run.end('crashed') })
      for (let n = 0; n < 1_000; n++) {
        clock.advance(3_600)
        await board.tick()
        if (n % 100 === 0) {
          await kernel.commentTask(id, `day ${n}`, null, bob)
          await kernel.editTask(id, { priority: n }, bob)
          await kernel.assignTask(id, n % 200 === 0 ? 'writer' : 'coder', bob)
          const parent = await board.given()
          await kernel.linkTasks(parent.id, id, bob)
          await kernel.completeTask(parent.id, {}, bob)
          board.setPolicy({ retryBackoffSeconds: n + 1 })
          await expect(kernel.unblockTask(id, bob)).rejects.toMatchObject({ code: 'breaker_open' })
          const restarted = await board.another()
          await restarted.liftDueHolds(clock.now(), 'gateway')
          expect(await board.tryRun({ id })).toHaveProperty('refused')
        }
      }
      const { runs, task } = await kernel.showTask(id)
      expect(task.status).toBe('blocked')
      expect(runs).toHaveLength(board.policy.maxAttempts)
    },
    60_000,
  )

  behaviour('F02', 'a person’s grant is a row with a name, and buys exactly what it says', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    const way = { end: (_: TestKernel, run: OpenedRun) => run.end('crashed') }
    await runForEver(board, id, way)
    await board.kernel.retryTask(id, 2, alice)
    expect(await runForEver(board, id, way)).toBe(2)
    expect((await board.kernel.showTask(id)).attempts).toEqual({ charged: 5, refunded: 0, granted: 2 })
    const grant = (await board.events(id)).find(({ kind }) => kind === 'granted')
    expect(grant).toMatchObject({ actor: 'alice', door: 'cli', payload: { attempts: 2 } })
    for (const attempts of [-1, 0.5, 1_001, Number.NaN])
      await expect(board.kernel.retryTask(id, attempts, alice)).rejects.toMatchObject({
        code: 'bad_attempts',
      })
  })

  behaviour(
    'F02',
    'letting a breaker go without granting anything gives the card up again, without a run',
    async () => {
      await using board = await openTestKernel(database)
      const { id } = await board.given()
      const way = { end: (_: TestKernel, run: OpenedRun) => run.end('crashed') }
      await runForEver(board, id, way)
      expect((await board.kernel.retryTask(id, 0, alice)).status).toBe('ready')
      expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'breaker' }, gaveUp: true })
      expect(await board.task(id)).toMatchObject({ status: 'blocked' })
      expect((await board.events(id)).at(-1)).toMatchObject({
        kind: 'gave_up',
        actor: 'rule:ceiling',
        door: 'gateway',
      })
    },
  )

  behaviour('F02', 'a breaker of the profile does not give up its cards', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ equalFailureLimit: 1 })
    await (await board.run(await board.given())).end('crashed')
    const { id } = await board.given()
    expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'breaker' } })
    expect((await board.task(id)).status).toBe('ready')
  })

  behaviour('F02', 'each wait between attempts is twice as long, up to a longest', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ maxAttempts: 6, retryBackoffSeconds: 5, retryBackoffMaxSeconds: 30 })
    const { id } = await board.given()
    const waits: number[] = []
    for (let n = 0; n < 5; n++) {
      await (await board.run({ id })).end('crashed')
      const [hold] = (await board.kernel.showTask(id)).holds
      waits.push((hold?.until ?? 0) - board.clock.now())
      expect(await board.tryRun({ id })).toMatchObject({ refused: { kind: 'cooldown' } })
      board.clock.advance(waits[n] ?? 0)
      await board.tick()
    }
    expect(waits).toEqual([5, 10, 20, 30, 30])
  })

  behaviour('F03', 'a claim by hand is not charged, whatever becomes of it', async () => {
    await using board = await openTestKernel(database)
    const { id } = await board.given()
    for (let n = 0; n < 10; n++) {
      expect(await board.kernel.claimTask(id, { ttlSeconds: 10 }, alice)).toHaveProperty('claimed')
      board.clock.advance(11)
      await board.tick()
    }
    const { attempts, task } = await board.kernel.showTask(id)
    expect(attempts.charged).toBe(0)
    expect(task.status).toBe('ready')
  })

  behaviour(
    'F33',
    'cards of one profile that fail alike pause the profile, not each card in turn',
    async () => {
      await using board = await openTestKernel(database)
      const { kernel } = board
      const cards = []
      for (let n = 0; n < 20; n++) cards.push(await board.given())
      let runs = 0
      for (const card of cards) {
        const opened = await board.tryRun(card)
        if ('refused' in opened) continue
        runs++
        const error = `401: key of ${card.id} is not valid (request ${runs * 7})`
        await board
          .hold(opened.runId, opened.secret, card.id, 'coder')
          .end('crashed', { error, evidence: { exitCode: 1, lastLines: `…\n${error}` } })
      }
      expect(runs).toBe(board.policy.equalFailureLimit)
      const holds = (await kernel.listHolds()).filter(({ scope }) => scope === 'profile')
      expect(holds).toMatchObject([
        { target: 'coder', kind: 'breaker', reason: expect.stringContaining('401') },
      ])
      const paused = (await kernel.readEvents({ kinds: ['paused'] })).filter(({ taskId }) => taskId === null)
      expect(paused).toMatchObject([{ actor: 'rule:equal-failures' }])
      expect(await board.tryRun(await board.given({ assignee: 'writer' }))).not.toHaveProperty('refused')

      board.clock.advance(3_600)
      await board.tick()
      await kernel.resume({ scope: 'profile', target: 'coder' }, alice)
      board.clock.advance(1)
      for (const card of cards.slice(-3)) expect(await board.tryRun(card)).not.toHaveProperty('refused')
    },
  )

  behaviour('F33', 'different failures, and one card that fails again and again, pause nobody', async () => {
    await using board = await openTestKernel(database)
    board.setPolicy({ equalFailureLimit: 3, maxAttempts: 10 })
    const { id } = await board.given()
    await runForEver(board, id, { end: (_, run) => run.end('crashed', { error: 'the same again' }) })
    for (let n = 0; n < 6; n++)
      await (await board.run(await board.given())).end('crashed', { error: n % 2 === 0 ? 'red' : 'blue' })
    expect((await board.kernel.listHolds()).filter(({ scope }) => scope === 'profile')).toEqual([])
  })
})
