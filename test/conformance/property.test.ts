/** Random lives of small boards, compared step by step with the reference model. YARD_FUZZ_RUNS scales how many. */
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { DEFAULT_BOARD_POLICY } from '../../src/kernel/deps.ts'
import { behaviour } from '../behaviours.ts'
import { databases, TEST_NOW, type TestDatabase } from '../helpers/boards.ts'
import { alice, bob, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'
import { replay } from '../helpers/replay.ts'
import { Model, type Birth, type Ending } from './model.ts'

const SCALE = Number(process.env['YARD_FUZZ_RUNS'] ?? 1)
const RUNS: Readonly<Record<TestDatabase['name'], number>> = { SQLite: 100, PostgreSQL: 10 }

/** What happens next; numbers stand for cards, and are taken modulo their count. */
type Command =
  | {
      readonly do: 'create'
      readonly parents: readonly number[]
      readonly kind: Birth
      readonly delay: number
    }
  | { readonly do: 'link' | 'unlink'; readonly card: number; readonly child: number }
  | { readonly do: 'close'; readonly card: number; readonly ending: Ending }
  | { readonly do: 'stop'; readonly card: number; readonly after: 'hold' | 'ready' | 'archive' }
  | { readonly do: 'retry'; readonly card: number; readonly grant: number }
  | { readonly do: 'worker'; readonly card: number; readonly says: 'complete' | 'block' | 'review' }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'pause' | 'resume' }
  | { readonly do: (typeof SIMPLE)[number]; readonly card: number }

const SIMPLE = [
  'claim',
  'dispatch',
  'complete',
  'block',
  'unblock',
  'requestReview',
  'sendBack',
  'archive',
  'restore',
  'moveToTriage',
  'moveToReady',
  'failPreflight',
  'passPreflight',
] as const

const ENDINGS = [
  'completed',
  'crashed',
  'timed_out',
  'stalled',
  'no_verdict',
  'spawn_failed',
  'reclaimed',
] as const

/** Few cards, so that much happens to each. */
const MOST_CARDS = 4
const anyCard = fc.nat(MOST_CARDS - 1)

const creating: fc.Arbitrary<Command> = fc.record({
  do: fc.constant('create' as const),
  parents: fc.array(anyCard, { maxLength: 2 }),
  kind: fc.constantFrom('plain', 'plain', 'plain', 'idea', 'held', 'held idea'),
  delay: fc.constantFrom(0, 0, 0, 100),
})

const happening: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 60, 700, 4_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume', 'resume') }) },
)

const about = (card: fc.Arbitrary<number>): fc.Arbitrary<Command> =>
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('link', 'unlink'), card: anyCard, child: card }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('dispatch' as const), card }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('close' as const), card, ending: fc.constantFrom(...ENDINGS) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('stop' as const),
        card,
        after: fc.constantFrom('hold', 'ready', 'archive'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('retry' as const), card, grant: fc.constantFrom(0, 1, 2) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('worker' as const),
        card,
        says: fc.constantFrom('complete', 'block', 'review'),
      }),
    },
    { weight: 14, arbitrary: fc.record({ do: fc.constantFrom(...SIMPLE), card }) },
  )

/** Several things happen to one card, as they do when somebody works on it. */
const burst = anyCard.chain((card) =>
  fc.array(
    fc.oneof({ weight: 5, arbitrary: about(fc.constant(card)) }, { weight: 1, arbitrary: happening }),
    {
      minLength: 1,
      maxLength: 7,
    },
  ),
)

const life: fc.Arbitrary<Command[]> = fc
  .tuple(
    fc.array(creating, { minLength: 1, maxLength: MOST_CARDS }),
    fc.array(fc.oneof(burst, fc.array(about(anyCard), { maxLength: 3 })), {
      minLength: 10,
      maxLength: 60,
      size: 'max',
    }),
  )
  .map(([births, bursts]) => [...births, ...bursts.flat()])

/** A board and its model, side by side. */
class Twins {
  readonly #board: TestKernel
  readonly #model = new Model(TEST_NOW)
  readonly #ids: string[] = []
  /** The last run with processes of each card. */
  readonly #runs = new Map<string, OpenedRun>()

  constructor(board: TestKernel) {
    this.#board = board
  }

  async step(next: Command, index: number): Promise<void> {
    // Most of what comes to mind at random is refused: one in eight of those is proof enough.
    if (!this.#modelled(next, this.#model.copy()) && index % 8 !== 0) return
    const [real, expected] = [await this.#really(next), this.#modelled(next, this.#model)]
    expect({ accepted: real }).toEqual({ accepted: expected })
    await this.#compare()
  }

  #at(n: number): number {
    return n % this.#ids.length
  }

  #modelled(next: Command, model: Model): boolean {
    switch (next.do) {
      case 'create': {
        const { length } = model.cards
        return model.create(length === 0 ? [] : next.parents.map((n) => n % length), next.kind, next.delay)
      }
      case 'link':
      case 'unlink':
        return model[next.do](this.#at(next.card), this.#at(next.child))
      case 'close':
        return model.close(this.#at(next.card), next.ending)
      case 'stop':
        return model.stop(this.#at(next.card), next.after)
      case 'retry':
        return model.retry(this.#at(next.card), next.grant)
      case 'worker':
        return model.workerSays(this.#at(next.card), next.says)
      case 'wait':
        return model.wait(next.seconds)
      case 'pause':
      case 'resume':
        return model[next.do]()
      default:
        return model[next.do](this.#at(next.card))
    }
  }

  /** Whether the board accepted it. Refusals are answers; anything else thrown is a failure of the test. */
  async #really(next: Command): Promise<boolean> {
    try {
      return await this.#carryOut(next)
    } catch (error) {
      const kind = error instanceof Error && 'kind' in error ? error.kind : null
      if (kind === 'conflict' || kind === 'invalid') return false
      throw error
    }
  }

  async #carryOut(next: Command): Promise<boolean> {
    const { kernel, clock } = this.#board
    const id = 'card' in next ? (this.#ids[this.#at(next.card)] ?? '') : ''
    const done = async (work: Promise<unknown>) => (await work, true)
    switch (next.do) {
      case 'create': {
        const { length } = this.#ids
        const { task } = await kernel.createTask(
          {
            title: `card ${length}`,
            assignee: 'coder',
            parents: length === 0 ? [] : next.parents.map((n) => this.#ids[n % length] ?? ''),
            triage: next.kind === 'idea' || next.kind === 'held idea',
            hold: next.kind === 'held' || next.kind === 'held idea' ? 'wait' : null,
            notBefore: next.delay === 0 ? null : clock.now() + next.delay,
          },
          alice,
        )
        this.#ids.push(task.id)
        return true
      }
      case 'link':
        return done(kernel.linkTasks(id, this.#ids[this.#at(next.child)] ?? '', alice))
      case 'unlink':
        return done(kernel.unlinkTasks(id, this.#ids[this.#at(next.child)] ?? '', alice))
      case 'claim':
        return 'claimed' in (await kernel.claimTask(id, {}, alice))
      case 'dispatch': {
        const opened = await this.#board.tryRun({ id })
        if ('refused' in opened) return false
        this.#runs.set(id, this.#board.hold(opened.runId, opened.secret, id, 'coder'))
        return true
      }
      case 'close': {
        const run = this.#runs.get(id)
        return run !== undefined && (await run.end(next.ending)) !== null
      }
      case 'worker':
        return this.#workerSays(id, next.says)
      case 'complete':
        return done(kernel.completeTask(id, {}, bob))
      case 'block':
        return done(kernel.blockTask(id, null, bob))
      case 'unblock':
        return done(kernel.unblockTask(id, bob))
      case 'requestReview':
        return done(kernel.requestTaskReview(id, {}, alice))
      case 'sendBack':
        return done(kernel.sendBackTask(id, 'again', bob))
      case 'archive':
        return done(kernel.archiveTask(id, bob))
      case 'restore':
        return done(kernel.restoreTask(id, bob))
      case 'moveToTriage':
        return done(kernel.moveTask(id, 'triage', {}, bob))
      case 'moveToReady':
        return done(kernel.moveTask(id, 'ready', {}, bob))
      case 'stop':
        return done(kernel.stopTask(id, { reason: 'stop', after: { kind: next.after } }, bob))
      case 'retry':
        return done(kernel.retryTask(id, next.grant, bob))
      case 'failPreflight':
        return (await kernel.failPreflight(id, 'no program', this.#board.policy, 'gateway')) !== null
      case 'passPreflight':
        return kernel.passPreflight(id, 'gateway')
      case 'pause':
        return done(kernel.pause({ scope: 'board', target: '*' }, 'pause', alice))
      case 'resume':
        return done(kernel.resume({ scope: 'board', target: '*' }, alice))
      case 'wait':
        clock.advance(next.seconds)
        return done(this.#board.tick())
    }
  }

  async #workerSays(id: string, says: 'complete' | 'block' | 'review'): Promise<boolean> {
    const { kernel } = this.#board
    const worker = this.#runs.get(id)?.worker
    if (worker === undefined) return false
    if (says === 'complete') await kernel.completeTask(id, { summary: 'done' }, worker)
    else if (says === 'block') await kernel.blockTask(id, 'which colour?', worker)
    else await kernel.requestTaskReview(id, { summary: 'look' }, worker)
    return true
  }

  async #compare(): Promise<void> {
    const tasks = new Map(
      (await this.#board.kernel.listTasks({ archived: true })).map((task) => [task.id, task]),
    )
    const real = this.#ids.map((id) => ({
      status: tasks.get(id)?.status,
      isOpen: tasks.get(id)?.currentRunId !== null,
      finished: tasks.get(id)?.completedAt !== null,
      failedStarts: tasks.get(id)?.spawnFailures,
    }))
    const modelled = this.#model.cards.map(({ status, run, finished, failedStarts }) => ({
      status,
      isOpen: run !== null,
      finished,
      failedStarts,
    }))
    expect(real).toEqual(modelled)
    const holds = (await this.#board.kernel.listHolds()).filter(({ scope }) => scope === 'task')
    const inForce = this.#model.cards.flatMap((card, n) =>
      this.#model.inForce(card).map((kind) => `${this.#ids[n]} ${kind}`),
    )
    expect(holds.map(({ target, kind }) => `${target} ${kind}`).toSorted()).toEqual(inForce.toSorted())
  }

  /** What takes longer to look at, and must hold all along. */
  async end(): Promise<void> {
    const { kernel } = this.#board
    for (const [n, id] of this.#ids.entries()) {
      const modelled = this.#model.cards[n]!
      const { task, runs, parents, holds, attempts, events } = await kernel.showTask(id)
      expect(runs.filter((run) => run.endedAt === null).map((run) => run.id)).toEqual(
        task.currentRunId === null ? [] : [task.currentRunId],
      )
      expect(new Set(parents.map((parent) => this.#ids.indexOf(parent.id)))).toEqual(modelled.parents)
      expect(holds.map(({ kind }) => kind).toSorted()).toEqual(this.#model.inForce(modelled).toSorted())
      expect(attempts).toEqual(modelled.attempts)
      expect(attempts.charged - attempts.refunded).toBeLessThanOrEqual(
        DEFAULT_BOARD_POLICY.maxAttempts + attempts.granted,
      )
      expect(replay(events)).toEqual({
        status: task.status,
        assignee: task.assignee,
        runs: Object.fromEntries(runs.map((run) => [run.id, run.outcome])),
      })
      for (const event of events) expect([event.actor, event.door]).not.toContain(null)
      const { reasons } = await kernel.why(id, { caps: null, dispatcher: 'running' })
      if (!['ready', 'running'].includes(task.status)) expect(reasons).not.toEqual([])
    }
  }
}

describe.each(databases)('random lives, on $name', (database) => {
  behaviour(
    ['move.table', 'F43', 'F30', 'F03', 'F29'],
    'every sequence of verbs leaves the board that the rules say',
    async () => {
      await fc.assert(
        fc.asyncProperty(life, async (commands) => {
          await using board = await openTestKernel(database)
          board.setPolicy({ equalFailureLimit: 10_000, maxAttemptsPerProfileAndDay: 10_000 })
          const twins = new Twins(board)
          for (const [index, next] of commands.entries()) await twins.step(next, index)
          await twins.end()
        }),
        { numRuns: Math.ceil(RUNS[database.name] * SCALE) },
      )
    },
    Math.max(120_000, 120_000 * SCALE),
  )
})
