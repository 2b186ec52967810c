import { describe, expect } from 'vitest'
import { scenario } from '../helpers/rig/scenario.ts'
import type { Rig } from '../helpers/rig/rig.ts'

/** Cannot be asked to end, and has left processes in other sessions. */
const STUBBORN = `
ignore_term
daemon
child
note at-work
until_file go-on
complete "at last"
`

/** Each way to take a running card away from its worker: what to do, and how the card comes back to work. */
const TAKEN_AWAY: Record<string, (rig: Rig, id: string, run: number) => Promise<void>> = {
  block: async (rig, id) => {
    await rig.ok('block', id, 'wait', 'for', 'me')
    await rig.untilStatus(id, 'blocked')
    await rig.ok('unblock', id)
  },
  archive: async (rig, id) => {
    await rig.ok('archive', id)
    await rig.untilStatus(id, 'archived')
    await rig.ok('restore-task', id)
  },
  reassign: async (rig, id) => {
    await rig.ok('assign', id, 'worker', '--stop')
  },
  stop: async (rig, id) => {
    await rig.ok('stop', id, '--destination', 'ready')
  },
  'stop and hold': async (rig, id) => {
    await rig.ok('stop', id)
    await rig.untilStatus(id, 'blocked')
    await rig.ok('unblock', id)
  },
  'death of the runner': (rig, _, run) => rig.killRunner(run),
  'death of gateway and runner': async (rig, _, run) => {
    await rig.killGateway()
    await rig.killRunner(run)
    await rig.startGateway()
  },
  'death of the worker': (rig, _, run) => rig.killWorker(run),
}

describe('one card, one live process tree', () => {
  for (const [how, takeAway] of Object.entries(TAKEN_AWAY)) {
    scenario(
      'F01',
      `the next worker starts only after the last one's whole tree is gone: ${how}`,
      async (rig) => {
        const id = await rig.create({ body: STUBBORN })
        const first = await rig.untilWorking(id)
        await rig.until('the worker to have forked', () => rig.notes('at-work').length === 1)
        await takeAway(rig, id, first.id)
        await rig.until('the next worker', () => rig.notes('at-work').length === 2)
        rig.signal('go-on')
        expect(await rig.untilStatus(id, 'done')).toMatchObject({ current_run_id: null })
        await rig.untilGone(id)
        const { runsSeen, overlaps } = await rig.observed()
        expect(overlaps).toEqual([])
        expect(runsSeen[id]).toHaveLength(2)
      },
      { kanban: { max_attempts: 4 } },
    )
  }
})
