import { describe, expect } from 'vitest'
import { scenario } from '../helpers/rig/scenario.ts'

interface PassReport {
  readonly spawned: readonly { readonly task_id: string }[]
  readonly skipped_unassigned: readonly string[]
  readonly promoted: readonly string[]
  readonly reclaimed: readonly string[]
}

describe('a pass of the dispatcher', () => {
  scenario(
    ['dispatch.pass', 'dispatch.dry-run'],
    'takes back, promotes and starts what it may, names the rest, and a dry run says so before',
    async (rig) => {
      const work = { body: 'until_file go-on; complete fine' }
      const low = await rig.create({ ...work, options: ['--priority', '-1'] })
      const first = await rig.create({ ...work, options: ['--priority', '9'] })
      const second = await rig.create({ ...work, options: ['--priority', '5'] })
      const nobodys = await rig.create({ ...work, profile: null })
      const idea = await rig.create({ ...work, options: ['--triage'] })
      const claimed = await rig.create({ ...work, options: ['--priority', '-5'] })
      await rig.ok('claim', claimed, '--ttl', '1')
      // Far enough away that it has not come before the card is on the board, however slow the machine.
      const due = await rig.create({ ...work, options: ['--not-before', '8s', '--priority', '-9'] })
      await rig.until('claim and start time to run out', async () => {
        const { now, ends } = rig.board.all<{ now: number; ends: number }>(
          `select unixepoch() as now, max(coalesce((select max(claim_expires) from tasks), 0),
             coalesce((select max(until) from holds), 0)) as ends`,
        )[0]!
        return now > ends
      })

      const before = rig.board.events().length
      const dry = await rig.json<PassReport>('dispatch', '--dry-run')
      expect(dry.spawned.map(({ task_id }) => task_id)).toEqual([first, second])
      expect(rig.board.events()).toHaveLength(before)

      const report = await rig.json<PassReport>('dispatch')
      expect(report.spawned.map(({ task_id }) => task_id)).toEqual([first, second])
      expect(report.reclaimed).toEqual([claimed])
      expect(report.promoted).toEqual([due])
      expect(rig.board.task(idea).status).toBe('triage')
      expect(rig.board.task(low).status).toBe('ready')

      rig.signal('go-on')
      for (const id of [first, second]) await rig.untilStatus(id, 'done')
      for (const id of [first, second]) await rig.untilGone(id)
      const next = await rig.json<PassReport>('dispatch')
      expect(next.spawned.map(({ task_id }) => task_id)).toEqual([low, claimed])
      for (const id of [low, claimed]) await rig.untilGone(id)
      const last = await rig.json<PassReport>('dispatch')
      expect(last.spawned.map(({ task_id }) => task_id)).toEqual([due])
      expect(last.skipped_unassigned).toEqual([nobodys])
      await rig.untilGone(due)
    },
    { gateway: false, kanban: { max_running: 2 } },
  )

  scenario(
    'dispatch.crashed',
    'a worker that is gone has crashed, and its card is ready again within its attempts',
    async (rig) => {
      const id = await rig.create({
        body: '[ "$(grep -c "^$YARD_TASK " "$RIG/starts")" = 1 ] && hang; complete fine',
      })
      const run = await rig.untilWorking(id)
      await rig.killWorker(run.id)
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(rig.board.runs(id)).toMatchObject([
        { outcome: 'crashed', signal: 'SIGKILL' },
        { outcome: 'completed' },
      ])
      const crashed = rig.board.events().find(({ kind }) => kind === 'crashed')
      expect(crashed).toMatchObject({
        run_id: run.id,
        payload: { pid: expect.any(Number), claimer: expect.any(String) },
      })
    },
  )

  scenario(
    'dispatch.timed-out',
    'a worker over its time is asked, then killed with all that is its',
    async (rig) => {
      const id = await rig.create({
        body: 'ignore_term; daemon; child; note at-work; hang',
        options: ['--max-runtime', '1'],
      })
      await rig.untilGone(id)
      expect(rig.board.runs(id)).toMatchObject([{ outcome: 'timed_out', limit_hit: 'runtime', killed: 1 }])
      const event = rig.board.events().find(({ kind }) => kind === 'timed_out')
      expect(event?.payload).toMatchObject({
        limit_seconds: 1,
        sigkill: true,
        elapsed_seconds: expect.any(Number),
      })
      expect((await rig.observed()).live.filter(({ run }) => run !== null)).toEqual([])
    },
    { kanban: { max_attempts: 1 } },
  )
})
