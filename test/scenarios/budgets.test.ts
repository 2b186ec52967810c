/** Money, with real processes: agents that spend while they work, and whatever people and machines do meanwhile. */
import { describe, expect } from 'vitest'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

/**
 * An agent as its client's stream shows it. A run costs ten cents and a thousand tokens, told while it works; then it ends
 * as its card says.
 */
const SPENDER = `#!/bin/sh
prompt=$(cat)
echo "{\\"type\\":\\"system\\",\\"subtype\\":\\"init\\",\\"session_id\\":\\"s-$YARD_RUN\\",\\"model\\":\\"scripted\\"}"
told() { echo "{\\"type\\":\\"result\\",\\"total_cost_usd\\":$1,\\"usage\\":{\\"input_tokens\\":$2,\\"output_tokens\\":0}}"; }
told 0.1 1000
case $prompt in
  *'[[crash]]'*) exit 3 ;;
  *'[[kill]]'*) kill -KILL $$ ;;
  *'[[ask]]'*) yard block "$YARD_TASK" "which one?" ;;
  *'[[spend]]'*) n=1; while :; do n=$((n + 1)); told "$n" "\${n}000"; sleep 0.2; done ;;
  *) yard complete "$YARD_TASK" --summary "done" ;;
esac
`

const hire = (rig: Rig, ...profiles: readonly string[]): void => {
  const program = rig.addProgram('spender', SPENDER)
  rig.configure({
    kanban: rig.settings,
    agents: { spender: { program, prompt_by: 'stdin', tools: 'cli', output: 'claude' } },
  })
  for (const profile of profiles) rig.addProfile(profile, { agent: 'spender' })
}

const runCount = (rig: Rig): number => rig.board.count('task_runs')
const liveRuns = (rig: Rig): number => rig.board.count(`run_processes where phase <> 'gone'`)

const told = (rig: Rig, kind: string) => rig.board.events().filter((event) => event.kind === kind)

interface Budget {
  readonly spent: number
  readonly standing: string
}
const budget = async (rig: Rig, id: string): Promise<Budget> =>
  (await rig.json<{ budget: Budget }>('budget', 'show', id)).budget

/** What ten cents a run come to. */
const dollars = (runs: number): number => Math.round(runs * 10) / 100

/** Nothing runs, and a pass that was asked for starts nothing: all that is ready waits for the budget. */
async function untilHeld(rig: Rig, reason: string): Promise<number> {
  await rig.until('the board to be held', async () => {
    if (liveRuns(rig) > 0) return false
    const { spawned, waiting } = await rig.json<{ spawned: unknown[]; waiting: { reason: string }[] }>(
      'dispatch',
    )
    return spawned.length === 0 && waiting.some((each) => each.reason.includes(reason))
  })
  return runCount(rig)
}

async function inTurns<T>(work: readonly T[], carryOut: (each: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < work.length; at += 6) await Promise.all(work.slice(at, at + 6).map(carryOut))
}

describe('budgets', () => {
  scenario(
    ['W06', 'F02', 'F03', 'F04', 'F12'],
    'fifty cards stop at the ceiling, whatever happens to them, until the right person grants more',
    async (rig) => {
      hire(rig, 'coder', 'writer')
      await rig.ok('budget', 'set', 'board:cost:day', '--hard', '1', '--soft', '0.5', '--granter', 'alice')
      const ways = ['', '[[crash]]', '[[kill]]', '[[ask]]', '']
      await inTurns(
        Array.from({ length: 50 }, (_, index) => index),
        (index) => rig.create({ profile: 'coder', body: `go ${ways[index % ways.length]}` }),
      )
      await rig.startGateway()
      await rig.until('the soft limit', () => told(rig, 'budget_near')[0])
      await rig.restartGateway()
      const first = await untilHeld(rig, '$1.00 a day is its cost budget')
      // Three may have been open when the tenth had spent its share.
      expect(first).toBeGreaterThanOrEqual(10)
      expect(first).toBeLessThanOrEqual(12)
      expect(await budget(rig, 'board:cost:day')).toMatchObject({
        spent: dollars(first),
        standing: 'reached',
      })
      expect(told(rig, 'budget_near')).toHaveLength(1)

      const tasks = rig.board.tasks()
      const ready = tasks.filter(({ status }) => status === 'ready').map(({ id }) => id)
      const blocked = tasks.filter(({ status }) => status === 'blocked').map(({ id }) => id)
      expect(await rig.ok('why', ready[0]!)).toContain('yard budget grant board:cost:day 1')
      // Each of them waits for its own word.
      await inTurns(blocked, async (id) => [
        await rig.yard('unblock', id),
        await rig.yard('retry', id, '--attempts', '5'),
      ])
      expect(rig.board.count(`tasks where status = 'blocked'`)).toBe(0)
      await inTurns(ready.slice(0, 6), async (id) => {
        await rig.ok('comment', id, 'please try')
        await rig.ok('retry', id, '--attempts', '5')
        await rig.ok('assign', id, 'writer')
      })
      await inTurns(ready.slice(6, 9), async (id) => {
        await rig.ok('archive', id)
        await rig.ok('move', id, 'ready')
      })
      await rig.ok('config', 'set', 'kanban.max_attempts', '9')
      await rig.restartGateway('SIGTERM')
      await rig.restartGateway()
      expect(await untilHeld(rig, 'cost budget')).toBe(first)

      const stranger = { env: { ...rig.env, YARD_USER: 'mallory' } }
      for (const words of [
        ['budget', 'grant', 'board:cost:day', '100'],
        ['budget', 'set', 'board:cost:day', '--hard', '100'],
        ['budget', 'remove', 'board:cost:day'],
      ]) {
        const { code, stderr } = await rig.start(words, stranger).result
        expect([code, stderr]).toEqual([1, expect.stringContaining('mallory is not among those who may')])
      }
      expect(await untilHeld(rig, 'cost budget')).toBe(first)

      // Nobody but the grant wakes the dispatcher.
      await rig.ok('budget', 'grant', 'board:cost:day', '0.5', 'for the release')
      await rig.until('more runs', () => runCount(rig) > first)
      const second = await untilHeld(rig, '$1.50 a day is its cost budget, $0.50 of it granted')
      expect(second).toBeGreaterThanOrEqual(15)
      expect(second).toBeLessThanOrEqual(17)
      const usage = await rig.json<{ total: { runs: number; cost_usd: number; tokens_in: number } }>('usage')
      expect(usage.total).toMatchObject({ runs: second, cost_usd: dollars(second), tokens_in: second * 1000 })
      expect(told(rig, 'budget_reached')).toHaveLength(2)
    },
    {
      gateway: false,
      attempts: 9,
      kanban: {
        max_running: 3,
        max_running_per_profile: 3,
        retry_backoff_seconds: 0,
        equal_failure_limit: 1000,
      },
    },
  )

  scenario(
    ['W06'],
    'a run that takes its budget over the limit is ended where the budget says so, and a person must look',
    async (rig) => {
      hire(rig, 'coder')
      const id = await rig.create({ profile: 'coder', body: '[[spend]]' })
      await rig.ok('budget', 'set', `task:${id}:cost:total`, '--hard', '3', '--stop-running')
      const run = await rig.until('the end of the run', () =>
        rig.board.runs(id).find(({ ended_at }) => ended_at !== null),
      )
      await rig.untilGone(id)
      expect(run).toMatchObject({ outcome: 'stopped' })
      expect(rig.board.task(id).status).toBe('blocked')
      expect(await rig.ok('why', id)).toContain(`task ${id} has used`)
      const { spent } = await budget(rig, `task:${id}:cost:total`)
      expect(spent).toBeGreaterThanOrEqual(3)
      // Let go by a person, the budget still holds it.
      await rig.ok('unblock', id)
      await untilHeld(rig, `task ${id} has used`)
      expect(rig.board.runs(id)).toHaveLength(1)
    },
  )

  scenario(
    ['W06', 'F52'],
    'a ceiling from the configuration or a profile counts from the next look on, and is named with its origin',
    async (rig) => {
      hire(rig, 'coder')
      await rig.ok('config', 'set', 'budgets.tokens_per_profile_per_day', '1000')
      const [one, two] = [await rig.create({ profile: 'coder' }), await rig.create({ profile: 'coder' })]
      await rig.until('one of them to be done', () => rig.board.count(`tasks where status = 'done'`) === 1)
      await untilHeld(rig, '1.0k tokens a day is its token budget')
      const [held] = rig.board.tasks().filter(({ status }) => status === 'ready')
      expect([one, two]).toContain(held?.id)
      expect(await rig.json('budget', 'list')).toMatchObject([
        { id: 'profile:coder:tokens:day', hard: 1000, spent: 1000, origin: 'config', standing: 'reached' },
      ])
      expect(await rig.ok('why', held!.id)).toContain('yard budget grant profile:coder:tokens:day 1000')
      expect((await rig.yard('doctor')).stdout).toContain(
        '1.0k tokens a day is its token budget: no run opens',
      )
      const done = one === held!.id ? two : one
      expect(await rig.ok('runs', done)).toMatch(/1\.0k +\$0\.10/)
      expect(await rig.ok('show', done)).toMatch(/used +1\.0k tokens in, 0 out, \$0\.10/)
      expect(await rig.ok('usage', '--by', 'model')).toMatch(/scripted +1 .*\$0\.10/)
      // The profile's own word comes first; the next commit makes the gateway look.
      rig.addProfile('coder', {
        agent: 'spender',
        limits: { tokens_per_day: 2000 },
      })
      await rig.ok('comment', held!.id, 'now')
      await rig.untilStatus(held!.id, 'done')
      await rig.untilGone(held!.id)
      expect(await rig.json('budget', 'list')).toMatchObject([{ origin: 'profile', hard: 2000, spent: 2000 }])
    },
    { kanban: { max_running: 1 } },
  )
})
