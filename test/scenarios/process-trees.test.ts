import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { isLivePid } from '../helpers/rig/proc.ts'
import type { Card, Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const FAMILY = 'daemon; child; daemon; note at-work\n'

/** Every way in which a worker with descendants can come to its end, success included. */
const ENDS: Readonly<
  Record<string, { card: Card; end?: (rig: Rig, id: string, run: number) => Promise<unknown> }>
> = {
  'reports success and leaves': { card: { body: 'complete fine' } },
  'reports success and stays': { card: { body: 'complete fine; ignore_term; hang' } },
  'asks a question': { card: { body: 'ask "which one?"' } },
  'hands over for review': { card: { body: 'hand_over "look"' } },
  'succeeds as a script': { card: { profile: 'script', body: 'exit 0' } },
  fails: { card: { body: 'exit 1' } },
  'says nothing': { card: { body: 'exit 0' } },
  'runs over its time': { card: { body: 'ignore_term; hang', options: ['--max-runtime', '1'] } },
  'is stopped, with a child that dropped everything': {
    card: { body: 'naked_child; hang' },
    end: (rig, id) => rig.ok('stop', id),
  },
  'is archived': { card: { body: 'ignore_term; hang' }, end: (rig, id) => rig.ok('archive', id) },
  'is completed by a person': { card: { body: 'hang' }, end: (rig, id) => rig.ok('complete', id) },
  'is killed': { card: { body: 'hang' }, end: (rig, _, run) => rig.killWorker(run) },
  'loses its runner': { card: { body: 'ignore_term; hang' }, end: (rig, _, run) => rig.killRunner(run) },
}

describe('no descendant survives its worker', () => {
  scenario(
    'F11',
    'daemons, grandchildren and other sessions are gone whichever way the run ends',
    async (rig) => {
      const cards = await Promise.all(
        Object.entries(ENDS).map(async ([title, { card }]) => {
          const words = card.profile === 'script' ? '. "$RIG_WORDS"\n' : ''
          return [title, await rig.create({ title, ...card, body: words + FAMILY + card.body })] as const
        }),
      )
      await Promise.all(
        cards.map(async ([title, id]) => {
          const { end } = ENDS[title]!
          if (end !== undefined) {
            const run = await rig.untilWorking(id)
            await rig.until('its descendants', () =>
              rig.notes('at-work').some((line) => line.startsWith(`${id} `)),
            )
            await end(rig, id, run.id)
          }
          await rig.untilGone(id)
        }),
      )
      expect((await rig.observed()).live.filter(({ run }) => run !== null)).toEqual([])
      expect(rig.notes('at-work')).toHaveLength(cards.length)
    },
    { kanban: { max_attempts: 1 } },
  )
})

describe('which process is whose', () => {
  scenario('F20', 'a recycled pid is neither signalled nor taken for the runner', async (rig) => {
    const id = await rig.create({ body: 'note at-work; until_file go-on; complete fine' })
    const run = await rig.untilWorking(id)
    await rig.killGateway()
    await rig.killRunner(run.id)
    await rig.killWorker(run.id)
    await rig.until('the worker to be gone', async () => (await rig.observed()).live.length === 0)
    // Strangers get the pids: the numbers are theirs now, the start times are not.
    const strangers = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])]
    try {
      edit(
        rig,
        'update run_processes set runner_pid = ?, worker_pid = ? where run_id = ?',
        strangers[0]!.pid!,
        strangers[1]!.pid!,
        run.id,
      )
      rig.signal('go-on')
      await rig.startGateway()
      await rig.untilStatus(id, 'done')
      expect(rig.board.runs(id)).toMatchObject([{ outcome: 'crashed' }, { outcome: 'completed' }])
      expect(strangers.map(({ pid }) => isLivePid(pid!))).toEqual([true, true])
    } finally {
      for (const stranger of strangers) stranger.kill('SIGKILL')
      await Promise.all(strangers.map((stranger) => once(stranger, 'exit')))
    }
    await rig.untilGone(id)
  })

  scenario('F20', 'a run of an earlier boot is over, and its attempt is given back', async (rig) => {
    const id = await rig.create({ body: 'until_file go-on; complete fine' })
    const run = await rig.untilWorking(id)
    await rig.killGateway()
    await rig.killRunner(run.id)
    await rig.killWorker(run.id)
    edit(
      rig,
      `update run_processes set boot_id = '00000000-0000-0000-0000-000000000000' where run_id = ?`,
      run.id,
    )
    rig.signal('go-on')
    await rig.startGateway()
    await rig.untilStatus(id, 'done')
    expect(rig.board.runs(id)).toMatchObject([
      { outcome: 'reclaimed', error: 'the machine was restarted' },
      { outcome: 'completed' },
    ])
    expect(rig.board.ledger(id)).toEqual({ charge: 2, refund: 1, grant: 0 })
    await rig.untilGone(id)
  })

  scenario(
    'F20',
    'a run of another host is left alone while its lease lasts, whatever this host thinks of its pid',
    async (rig) => {
      const id = await rig.create({ body: 'until_file go-on; complete fine' })
      const run = await rig.untilWorking(id)
      await rig.killGateway()
      await rig.killRunner(run.id)
      await rig.killWorker(run.id)
      const claimExpires = Math.floor(Date.now() / 1000)
      edit(rig, `update run_processes set host = 'elsewhere' where run_id = ?`, run.id)
      edit(rig, 'update task_runs set claim_expires = ? where id = ?', claimExpires + 3600, run.id)
      rig.signal('go-on')
      await rig.startGateway()
      // Another card goes through the whole machinery meanwhile: enough passes to have judged the first.
      await rig.untilStatus(await rig.create(), 'done')
      expect(rig.board.task(id)).toMatchObject({ status: 'running', current_run_id: run.id })
      edit(rig, 'update task_runs set claim_expires = ? where id = ?', claimExpires - 60, run.id)
      await rig.untilStatus(id, 'done')
      expect(rig.board.runs(id)).toMatchObject([{ outcome: 'reclaimed' }, { outcome: 'completed' }])
      await rig.untilGone(id)
    },
  )
})

describe('healthy and hung workers', () => {
  scenario(
    'F25',
    'a worker that is silent over several leases is not touched, not even while no gateway runs',
    async (rig) => {
      const id = await rig.create({ body: 'note at-work; work 130; complete "after a long silence"' })
      const run = await rig.untilWorking(id)
      const lease = (): number =>
        rig.board.all<{ at: number }>('select claim_expires as at from task_runs where id = ?', run.id)[0]!.at
      const first = lease()
      await rig.killGateway()
      // The runner renews by itself.
      await rig.until('the lease to be renewed', () => lease() > first)
      await rig.startGateway()
      await rig.untilStatus(id, 'done')
      expect(rig.board.runs(id)).toMatchObject([{ id: run.id, outcome: 'completed' }])
      expect(rig.starts(id)).toBe(1)
      await rig.untilGone(id)
    },
  )

  scenario(
    'F26',
    'a silent worker that sends heartbeats goes on, and one that only lives is stopped',
    async (rig) => {
      rig.addProfile('impatient', {
        agent: 'command',
        command: rig.workerCommand,
        environment: rig.workerEnvironment,
        limits: { silence: '6s', max_attempts: 1 },
      })
      const [lively, hung] = await Promise.all([
        rig.create({
          profile: 'impatient',
          body: 'for i in 1 2 3 4 5 6 7 8; do sleep 1; yard heartbeat "$YARD_TASK" >/dev/null; done; complete fine',
        }),
        rig.create({ profile: 'impatient', body: 'ignore_term; daemon; hang' }),
      ])
      await rig.untilStatus(lively, 'done')
      await rig.untilStatus(hung, 'blocked')
      expect(rig.board.runs(hung)).toMatchObject([{ outcome: 'stalled', limit_hit: 'silence', killed: 1 }])
      await rig.untilGone(lively)
    },
  )
})

describe('time that did not pass', () => {
  // A real suspend cannot be forced here; what it looks like to a process is that everything stands still and goes on later.
  // Limits under a clock that is moved by hand: test/runner/limits.test.ts.
  scenario(
    'F47',
    'a run that stood still longer than its limits and its lease goes on and finishes',
    async (rig) => {
      rig.addProfile('limited', {
        agent: 'command',
        command: rig.workerCommand,
        environment: rig.workerEnvironment,
        limits: { max_runtime: '5s', silence: '5s' },
      })
      const id = await rig.create({
        profile: 'limited',
        body: 'note at-work; work 20; complete "after a night\'s sleep"',
      })
      const run = await rig.untilWorking(id)
      await rig.until('the worker to work', () => rig.notes('at-work').length === 1)
      const thaw = await rig.freeze(({ pid }) => pid !== rig.gateway.pid)
      // The gateway looks on meanwhile: its passes must not take the frozen run for dead.
      const frozenAt = performance.now()
      await rig.until('a night to pass', () => performance.now() - frozenAt > 8_000)
      expect(rig.board.task(id)).toMatchObject({ status: 'running', current_run_id: run.id })
      thaw()
      await rig.untilStatus(id, 'done')
      expect(rig.board.runs(id)).toMatchObject([{ id: run.id, outcome: 'completed' }])
      await rig.untilGone(id)
    },
  )

  for (const [jump, seconds] of Object.entries({ 'a day ahead': 86_400, 'an hour back': -3_600 })) {
    scenario('F47', `a run whose wall clock jumps ${jump} goes on and finishes`, async (rig) => {
      const id = await rig.create({
        body: 'until_file go-on; complete fine',
        options: ['--max-runtime', '60'],
      })
      const run = await rig.untilWorking(id)
      // The clock cannot be moved under the processes, but all moments that were written down can: to them it is the same.
      for (const [table, columns] of Object.entries({
        tasks: ['created_at', 'started_at', 'claim_expires', 'last_heartbeat_at'],
        task_runs: ['started_at', 'claim_expires', 'last_heartbeat_at'],
        task_events: ['created_at'],
      }))
        edit(
          rig,
          `update ${table} set ${columns.map((column) => `${column} = ${column} - ${seconds}`).join(', ')}`,
        )
      await rig.untilStatus(await rig.create(), 'done')
      await rig.restartGateway('SIGKILL')
      await rig.untilStatus(await rig.create(), 'done')
      expect(rig.board.task(id)).toMatchObject({ status: 'running', current_run_id: run.id })
      rig.signal('go-on')
      await rig.untilStatus(id, 'done')
      expect(rig.board.runs(id)).toMatchObject([{ id: run.id, outcome: 'completed' }])
      for (const { id: each } of rig.board.tasks()) await rig.untilGone(each)
    })
  }
})

/** Puts the board into a state that cannot be brought about from outside. */
function edit(rig: Rig, sql: string, ...values: (string | number)[]): void {
  using db = new DatabaseSync(join(rig.home, 'kanban.db'), { timeout: 10_000 })
  db.prepare(sql).run(...values)
}
