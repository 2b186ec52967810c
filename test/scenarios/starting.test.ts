import { rmSync, unlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { scenario } from '../helpers/rig/scenario.ts'

describe('what is missing at the start', () => {
  scenario(
    'F34',
    'is named, costs no attempt, and repairing it is enough',
    async (rig) => {
      const script = '#!/bin/sh\nexec /bin/sh ' + `${rig.workerCommand[1]} "$1"\n`
      const project = join(rig.folder, 'user', 'project')
      const needs: Record<string, { id: string; names: string; repair: () => unknown }> = {
        program: {
          id: await (async () => {
            rig.addProfile('tooled', {
              agent: 'command',
              command: [join(rig.folder, 'my-agent'), '{body_file}'],
              environment: rig.workerEnvironment,
            })
            return rig.create({ profile: 'tooled' })
          })(),
          names: join(rig.folder, 'my-agent'),
          repair: () => rig.addProgram('my-agent', script),
        },
        profile: {
          id: await rig.create({ profile: 'newcomer' }),
          names: 'newcomer',
          repair: () =>
            rig.addProfile('newcomer', {
              agent: 'command',
              command: rig.workerCommand,
              environment: rig.workerEnvironment,
            }),
        },
        'a usable profile': {
          id: await (async () => {
            rig.addProfile('broken', { agent: 'comand' })
            return rig.create({ profile: 'broken' })
          })(),
          names: 'Did you mean command',
          repair: () =>
            rig.addProfile('broken', {
              agent: 'command',
              command: rig.workerCommand,
              environment: rig.workerEnvironment,
            }),
        },
        skill: {
          id: await rig.create({ options: ['--skill', 'juggling'] }),
          names: 'juggling',
          repair: () => {
            mkdirSync(join(rig.home, 'skills', 'juggling'), { recursive: true })
            writeFileSync(
              join(rig.home, 'skills', 'juggling', 'SKILL.md'),
              '---\nname: juggling\ndescription: Juggles.\n---\n',
            )
          },
        },
        folder: {
          id: await rig.create({ options: ['--workspace', `dir:${project}`] }),
          names: project,
          repair: () => mkdirSync(project),
        },
        interpreter: {
          id: await rig.create({ profile: 'script', body: `#!${join(rig.folder, 'my-shell')}\nexit 0` }),
          names: join(rig.folder, 'my-shell'),
          repair: () => rig.addProgram('my-shell', '#!/bin/sh\nexit 0\n'),
        },
      }
      for (const [name, { id, names }] of Object.entries(needs)) {
        await rig.untilStatus(id, 'blocked')
        const { reasons } = await rig.json<{ reasons: { kind: string; text: string; lift: string }[] }>(
          'why',
          id,
        )
        expect(reasons, name).toMatchObject([{ kind: 'preflight', lift: `yard retry ${id}` }])
        expect(reasons[0]!.text, name).toContain(names)
        expect(rig.board.runs(id), name).toEqual([])
        expect(rig.board.ledger(id), name).toEqual({ charge: 0, refund: 0, grant: 0 })
      }
      // Nobody has to be asked once it is there.
      for (const { repair } of Object.values(needs)) repair()
      for (const { id } of Object.values(needs)) await rig.untilStatus(id, 'done')
      for (const { id } of Object.values(needs)) await rig.untilGone(id)
    },
    { kanban: { failure_limit: 2 } },
  )

  scenario(
    'F33',
    'a credential that died is tried with a few cards, then the profile is paused with the cause, and all go on once it is repaired',
    async (rig) => {
      writeFileSync(join(rig.shared, 'revoked'), '')
      const body =
        'if [ -e "$RIG/revoked" ]; then echo "401 invalid api key for request $YARD_RUN of $YARD_TASK" >&2; exit 1; fi; complete fine'
      const ids: string[] = []
      for (let i = 0; i < 20; i++) ids.push(await rig.create({ body }))
      await rig.until('the profile to be paused', () => rig.board.holds('worker').length === 1)
      await rig.until('what runs to end', () => rig.board.count('task_runs where ended_at is null') === 0)
      await rig.ok('dispatch')
      const tried = rig.notes('starts').length
      expect(tried).toBeLessThanOrEqual(3 + 4)
      expect(rig.board.holds('worker')).toMatchObject([
        { scope: 'profile', kind: 'breaker', reason: expect.stringContaining('failed alike') },
      ])
      const waiting = ids.find((id) => rig.board.task(id).status === 'ready') ?? ''
      const { reasons } = await rig.json<{ reasons: { text: string; lift: string }[] }>('why', waiting)
      expect(reasons).toMatchObject([
        { text: expect.stringContaining('profile worker'), lift: 'yard resume worker' },
      ])
      // Another profile is not affected.
      await rig.untilStatus(await rig.create({ profile: 'script', body: 'true' }), 'done')
      expect(rig.notes('starts')).toHaveLength(tried)

      unlinkSync(join(rig.shared, 'revoked'))
      await rig.ok('resume', 'worker')
      for (const id of ids) await rig.untilStatus(id, 'done')
      for (const id of ids) await rig.untilGone(id)
      rmSync(join(rig.shared, 'starts'))
    },
    { kanban: { equal_failure_limit: 3, retry_backoff_seconds: 1 } },
  )
})
