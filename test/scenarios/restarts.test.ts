import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { installCopy } from '../helpers/rig/program.ts'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

/** Ways to replace a gateway while its workers are at work. */
const REPLACED: Readonly<Record<string, (rig: Rig) => Promise<void>>> = {
  'a crash': (rig) => rig.killGateway(),
  'a stop by signal': (rig) => rig.stopGateway(),
  'yard gateway stop': async (rig) => void (await rig.ok('gateway', 'stop')),
}

describe('restarting the gateway', () => {
  for (const [how, end] of Object.entries(REPLACED)) {
    scenario('F42', `leaves workers at work and loses no result: ${how}`, async (rig) => {
      const body = 'note at-work; until_file go-on; complete "finished by itself"'
      const [meanwhile, after, script] = await Promise.all([
        rig.create({ body }),
        rig.create({ body: body.replace('go-on', 'later') }),
        rig.create({
          profile: 'script',
          body: '. "$RIG_WORDS"; note at-work; until_file go-on; echo "the result"',
        }),
      ])
      await rig.until('all at work', () => rig.notes('at-work').length === 3)
      await end(rig)
      const { live } = await rig.observed()
      expect(new Set(live.flatMap(({ run }) => run ?? [])).size).toBe(3)
      // Finished while nobody looked.
      rig.signal('go-on')
      await rig.untilStatus(meanwhile, 'done')
      await rig.untilStatus(script, 'done')
      expect(rig.board.task(script).result).toBe('the result')
      // Put on the board while nobody dispatched, by a person and with a hint.
      const created = await rig.yard(...rig.createWords({ title: 'meanwhile' }))
      expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('yard gateway start') })
      await rig.startGateway()
      rig.signal('later')
      await rig.untilStatus(after, 'done')
      for (const { id } of rig.board.tasks()) {
        await rig.untilStatus(id, 'done')
        await rig.untilGone(id)
        expect(rig.board.runs(id)).toMatchObject([{ outcome: 'completed' }])
        expect(rig.starts(id)).toBe(1)
      }
    })
  }

  scenario('F42', 'over and over under load makes every card run to its end, and none twice', async (rig) => {
    const ids: string[] = []
    for (let i = 0; i < 10; i++) ids.push(await rig.create({ body: 'work 4; complete fine' }))
    for (let round = 0; round < 6; round++) {
      await pause(200 + 150 * round)
      await rig.restartGateway(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
    }
    for (const id of ids) await rig.untilStatus(id, 'done')
    for (const id of ids) await rig.untilGone(id)
    for (const id of ids) {
      // A run that was claimed in the very moment of a crash never started its worker; none was started twice.
      expect(rig.board.runs(id).filter(({ outcome }) => outcome === 'completed')).toHaveLength(1)
      expect(rig.starts(id)).toBe(1)
    }
  })

  scenario(
    'F42',
    'after an update that removed the program it was started with, a run still tells how it ended',
    async (rig) => {
      const repository = join(rig.folder, 'user', 'repository')
      mkdirSync(repository)
      const env = {
        ...rig.env,
        GIT_AUTHOR_NAME: 'rig',
        GIT_AUTHOR_EMAIL: 'rig@example.org',
        GIT_COMMITTER_NAME: 'rig',
        GIT_COMMITTER_EMAIL: 'rig@example.org',
      }
      for (const words of [
        ['init', '-q'],
        ['commit', '-q', '--allow-empty', '-m', 'base'],
      ])
        execFileSync('git', words, { cwd: repository, env })
      const old = installCopy(join(rig.folder, 'old'))
      await rig.startGateway(['gateway', 'start'], old)
      const body = 'note at-work; until_file go-on; echo unsaved >work.txt; say "the last words"; exit 3'
      const id = await rig.create({
        profile: 'script',
        body: `. "$RIG_WORDS"; ${body}`,
        options: ['--workspace', `worktree:${repository}`],
      })
      await rig.until('the worker to work', () => rig.notes('at-work').length === 1)
      await rig.stopGateway()
      rmSync(join(rig.folder, 'old'), { recursive: true })
      await rig.startGateway()
      rig.signal('go-on')
      await rig.untilStatus(id, 'blocked')
      expect(rig.board.runs(id)).toMatchObject([
        { outcome: 'crashed', exit_code: 3, last_lines: 'the last words' },
      ])
      await rig.untilGone(id)
    },
    { gateway: false, kanban: { max_attempts: 1 } },
  )

  scenario(
    'F09',
    'a second gateway for the same home is refused, and takes over once the first is gone',
    async (rig) => {
      const second = await rig.yard('gateway', 'start')
      expect(second.code).toBe(1)
      expect(second.stderr).toContain(`pid ${rig.gateway.pid}`)
      expect(rig.gateway.isRunning).toBe(true)
      await rig.killGateway()
      await rig.startGateway()
      await rig.untilStatus(await rig.create(), 'done')
      await rig.untilGone(rig.board.tasks()[0]!.id)
    },
  )
})
