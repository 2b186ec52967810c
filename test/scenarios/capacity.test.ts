import { readFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { namesIn, type Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

describe('how much runs at once', () => {
  scenario(
    'F12',
    'live workers never exceed a cap, however many dispatch at the same time',
    async (rig) => {
      rig.addProfile('lonely', {
        agent: 'command',
        command: rig.workerCommand,
        environment: rig.workerEnvironment,
        limits: { max_running: 1 },
      })
      const profiles = ['worker', 'script', 'lonely'] as const
      const ids: string[] = []
      for (let i = 0; i < 24; i++) {
        const profile = profiles[i % profiles.length]!
        const body = profile === 'script' ? '. "$RIG_WORDS"; work 3' : 'work 3; exit 1'
        ids.push(await rig.create({ profile, body }))
      }
      const unfinished = () => rig.board.count(`tasks where status not in ('done', 'blocked')`)
      while (unfinished() > 6) {
        const passes = [rig.ok('dispatch'), rig.ok('dispatch', '--max', '9'), rig.ok('dispatch')]
        await Promise.all(passes)
      }
      for (const id of ids) await rig.untilStatus(id, 'done', 'blocked')
      const { mostTrees, mostTreesOf } = await rig.observed()
      expect(mostTrees).toBeLessThanOrEqual(3)
      expect(mostTreesOf['worker']).toBeLessThanOrEqual(2)
      expect(mostTreesOf['script']).toBeLessThanOrEqual(2)
      expect(mostTreesOf['lonely']).toBe(1)
      for (const id of ids) await rig.untilGone(id)
    },
    { kanban: { max_running: 3, max_running_per_profile: 2, max_attempts: 1 } },
  )

  scenario(
    'F12',
    'nothing starts while less memory is free than the floor, and what waits says so',
    async (rig) => {
      const id = await rig.create()
      const { waiting } = await rig.json<{ waiting: { task_id: string; reason: string }[] }>('dispatch')
      expect(waiting).toMatchObject([{ task_id: id, reason: expect.stringContaining('is the floor') }])
      await rig.restartGateway()
      expect(rig.board.runs(id)).toEqual([])
      expect(rig.board.task(id).status).toBe('ready')
      await rig.ok('config', 'set', 'kanban.min_free_memory_mb', '0')
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
    },
    { kanban: { min_free_memory_mb: 100_000_000 } },
  )
})

/** More on demand. */
const RUNS = Number(process.env['YARD_RIG_RUNS'] ?? 150)

describe('a long-lived gateway', () => {
  scenario(
    'F38',
    'its descriptors, memory and children stay flat over many runs and commands',
    async (rig) => {
      const batch = async (count: number): Promise<void> => {
        const body = Array.from({ length: count }, () => 'true')
        const ids: string[] = []
        for (const script of body) ids.push(await rig.create({ profile: 'script', body: script }))
        for (const id of ids) await rig.untilStatus(id, 'done')
        for (const id of ids) await rig.untilGone(id)
      }
      await batch(Math.ceil(RUNS / 6))
      const before = await usage(rig)
      await batch(RUNS - Math.ceil(RUNS / 6))
      const after = await usage(rig)
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2)
      // Somebody it is just done with may have been counted before.
      expect(after.processes).toBeLessThanOrEqual(before.processes)
      expect(after.residentMb).toBeLessThan(before.residentMb + 40)
    },
    { timeoutMs: 240_000 + RUNS * 1_000 },
  )
})

/** What the gateway holds once it is at rest. */
async function usage(rig: Rig): Promise<{ descriptors: number; processes: number; residentMb: number }> {
  const { pid } = rig.gateway
  await rig.until(
    'everything but the gateway to be gone',
    async () => (await rig.observed()).live.length === 1,
  )
  const children = namesIn('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    descriptors: namesIn(`/proc/${pid}/fd`).length,
    // Zombies included: a gateway waits for its children.
    processes: children.length,
    residentMb: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024,
  }
}

function parentOf(pid: string): number | null {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return null
  }
}
