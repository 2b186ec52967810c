import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { scenario } from '../helpers/rig/scenario.ts'

/** Every verb that moves a card, as a person types it. */
const MOVES = [
  ['complete', 'ID', '--summary', 'by hand'],
  ['block', 'ID', 'by hand'],
  ['unblock', 'ID'],
  ['archive', 'ID'],
  ['restore-task', 'ID'],
  ['review', 'ID', '--summary', 'by hand'],
  ['send-back', 'ID', 'again'],
  ['retry', 'ID', '--attempts', '1'],
  ['stop', 'ID'],
  ['stop', 'ID', '--destination', 'ready'],
  ['claim', 'ID'],
  ['assign', 'ID', 'worker'],
  ['assign', 'ID', 'script', '--stop'],
  ['pause', 'ID'],
  ['resume', 'ID'],
  ['heartbeat', 'ID'],
  ['edit', 'ID', '--priority', '3'],
  ['comment', 'ID', 'hello'],
  ...['triage', 'todo', 'ready', 'running', 'blocked', 'review', 'done', 'archived'].map((status) => [
    'move',
    'ID',
    status,
  ]),
]

/** The public state diagram, written down a second time: what a card may do from where. */
const ROADS: Readonly<Record<string, readonly string[]>> = {
  '': ['triage', 'todo', 'ready', 'blocked'],
  triage: ['todo', 'ready', 'archived'],
  todo: ['ready', 'triage', 'archived', 'blocked'],
  ready: ['running', 'todo', 'blocked', 'review', 'done', 'triage', 'archived'],
  running: ['done', 'blocked', 'review', 'ready', 'todo', 'archived'],
  blocked: ['ready', 'todo', 'done', 'triage', 'archived'],
  review: ['done', 'ready', 'todo', 'archived'],
  done: ['ready', 'todo', 'archived'],
  archived: ['triage', 'todo', 'ready', 'blocked', 'review', 'done'],
}

describe('the rules of the board', () => {
  // Random walks over every verb on both databases: test/conformance/transitions.test.ts. Here the same from outside,
  // against a dispatcher and workers that have their own mind.
  scenario(
    ['F43', 'F55'],
    'random commands against live workers only move cards along the table, and the events tell it all',
    async (rig) => {
      const bodies = [
        'work 4; complete fine',
        'work 2; exit 1',
        'ask me',
        'ignore_term; daemon; work 8; complete late',
        'hand_over "look"',
      ]
      const ids = await Promise.all(bodies.map((body) => rig.create({ body })))
      const hands = Array.from({ length: 3 }, async () => {
        for (let turn = 0; turn < 14; turn++) {
          const words = MOVES[randomInt(MOVES.length)] ?? []
          const id = ids[randomInt(ids.length)] ?? ''
          const { code, stderr } = await rig.yard(...words.map((word) => (word === 'ID' ? id : word)))
          expect([0, 1], `yard ${words.join(' ')}: ${stderr}`).toContain(code)
          expect(stderr).not.toContain('bug in yard')
        }
      })
      await Promise.all(hands)
      await rig.yard('resume')
      await rig.ok('pause')
      for (const { id } of rig.board.tasks())
        if (rig.board.task(id).status === 'running') await rig.yard('stop', id)
      await rig.until('all runs to be over', () => rig.board.count('task_runs where ended_at is null') === 0)
      for (const id of ids) {
        // One that was put aside before its turn never ran.
        if (rig.board.runs(id).length > 0) await rig.untilGone(id)
        const statuses = rig.board
          .events({ task: id })
          .flatMap(({ payload }) => (typeof payload['status'] === 'string' ? [payload['status']] : []))
        let before = ''
        for (const status of statuses) {
          // `moved` to where it was is no move.
          if (status !== before)
            expect(ROADS[before], `${id}: ${before} → ${status} in ${statuses.join(' ')}`).toContain(status)
          before = status
        }
      }
      const events = rig.board.events()
      expect(new Set(events.map(({ door }) => door))).toEqual(new Set(['cli', 'gateway', 'runner']))
      for (const { kind, actor, door } of events)
        if (door === 'cli' && !['completed', 'blocked', 'review_requested'].includes(kind))
          expect(actor, kind).toBe('alice')
    },
    { kanban: { max_attempts: 4 } },
  )
})

describe('settings', () => {
  scenario(
    'F52',
    'count from the next look on, and what cannot be meant is refused by name',
    async (rig) => {
      const ids = await Promise.all(
        Array.from({ length: 4 }, () => rig.create({ body: 'until_file go-on; complete fine' })),
      )
      const working = () => rig.board.count(`run_processes where phase = 'running'`)
      await rig.until('the first two', () => working() === 2)
      await rig.ok('dispatch')
      expect(working()).toBe(2)
      await rig.ok('config', 'set', 'kanban.max_running', '4')
      expect(await rig.json('config', 'get', 'kanban.max_running')).toMatchObject({
        value: 4,
        origin: expect.stringContaining('config.yaml'),
      })
      await rig.until('all four', () => working() === 4)

      expect(await rig.refused('config', 'set', 'kanban.max_runing', '5')).toContain('kanban.max_running')
      expect(await rig.refused('config', 'set', 'kanban.max_running', 'many')).toContain('whole number')
      // A file that was spoiled by hand: commands refuse it and name the slip, the gateway goes on with what was good.
      const file = join(rig.home, 'config.yaml')
      const good = readFileSync(file, 'utf8')
      writeFileSync(file, good.replace('max_running_per_profile', 'max_runing_per_profile'))
      expect(await rig.refused('list')).toMatch(/config\.yaml:\d+.*max_running_per_profile/s)
      await rig.until('the gateway to say so', () => rig.gateway.output.includes('max_runing_per_profile'))
      writeFileSync(file, good)
      rig.signal('go-on')
      for (const id of ids) await rig.untilStatus(id, 'done')
      expect(rig.gateway.isRunning).toBe(true)

      // The attempts of a card follow the setting at the moment it asks for one.
      const failing = await rig.create({ body: 'exit 1' })
      await rig.untilStatus(failing, 'blocked')
      expect(rig.board.runs(failing)).toHaveLength(2)
      // And the switch that starts nothing at all.
      await rig.ok('config', 'set', 'kanban.dispatch_in_gateway', 'false')
      await rig.restartGateway('SIGTERM')
      const idle = await rig.create()
      expect(await rig.json('gateway', 'status')).toMatchObject({ running: true, dispatching: false })
      expect(rig.board.runs(idle)).toEqual([])
      await rig.ok('dispatch')
      await rig.untilStatus(idle, 'done')
      await rig.untilGone(idle)
    },
    { kanban: { max_running: 2, max_attempts: 2 } },
  )

  scenario(
    'F52',
    'are all in force once they are written',
    async (rig) => {
      // The database cannot change under a board; agents have many keys, and tests of their own.
      const isOne = ({ key }: Setting) => key !== 'kanban.database' && key !== 'agents'
      const before = await rig.json<Setting[]>('config')
      const wanted = before.filter(isOne).map((setting) => ({ key: setting.key, value: another(setting) }))
      const config: Record<string, Record<string, unknown>> = {}
      for (const { key, value } of wanted) {
        const path = key.split('.')
        let group: Record<string, unknown> = config
        for (const name of path.slice(0, -1)) group = (group[name] ??= {}) as Record<string, unknown>
        group[path.at(-1) ?? ''] = value
      }
      rig.configure(config)
      const after = (await rig.json<Setting[]>('config')).filter(isOne)
      expect(after.map(({ key, value }) => ({ key, value }))).toEqual(wanted)
      for (const { key, origin } of after) expect(origin, key).toContain('config.yaml')
    },
    { gateway: false },
  )
})

interface Setting {
  readonly key: string
  readonly value: unknown
  readonly type: string
  readonly default: unknown
  readonly origin: string
}

/** A valid value that is neither the default nor the one in force. */
function another({ key, type, value, default: fallback }: Setting): unknown {
  if (typeof fallback === 'boolean') return value !== true
  if (typeof fallback === 'number' || type.includes('number of seconds')) return Number(value ?? 0) + 61
  if (key === 'budgets.prices') return { large: { input: 1, cached: 0.1, output: 2 } }
  if (type.includes('environment variables')) return ['SOME_VARIABLE']
  if (type.includes('host names')) return ['board.example']
  if (type === 'a list of names') return ['alice']
  if (type.includes('the name of a profile')) return 'planner'
  if (type.includes('US dollars') || type.includes('a whole number, 0 or more, or null')) return 7
  if (type.includes('origins')) return ['https://board.example']
  if (type.includes('absolute path')) return `/somewhere/${key}`
  if (key === 'server.host') return '127.0.0.2'
  if (type === 'text') return 'acme'
  throw new Error(`no test knows another value for ${key}, which is ${type}`)
}
