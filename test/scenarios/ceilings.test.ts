import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import type { RunRow } from '../helpers/rig/board-reader.ts'
import type { Card, Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const ATTEMPTS = 3
/** Endings that are nobody's fault earn the attempt back, this many times and no more. */
const REFUNDS = 5

interface Ending {
  readonly card: Card
  readonly run: Partial<RunRow>
  /** How often it is tried before the card is given up. */
  readonly runs?: number
}

/** What each worker says before it ends, so that every run can be recognised by its last words. */
const lastWords = 'say "last words of run $YARD_RUN"\n'
const worker = (body: string, ...options: string[]): Card => ({ body: lastWords + body, options })
const script = (body: string, ...options: string[]): Card => ({
  body: `. "$RIG_WORDS"\n${lastWords}${body}`,
  profile: 'script',
  options,
})

const ENDINGS: Readonly<Record<string, Ending>> = {
  'exits 1': { card: worker('exit 1'), run: { outcome: 'crashed', exit_code: 1 } },
  'exits 127': { card: worker('no-such-command'), run: { outcome: 'crashed', exit_code: 127 } },
  'a script exits 7': { card: script('exit 7'), run: { outcome: 'crashed', exit_code: 7 } },
  'exits 0 in silence': { card: worker('exit 0'), run: { outcome: 'no_verdict', exit_code: 0 } },
  'kills itself': { card: worker('kill -KILL $$'), run: { outcome: 'crashed', signal: 'SIGKILL' } },
  crashes: { card: worker('kill -SEGV $$'), run: { outcome: 'crashed', signal: 'SIGSEGV' } },
  'a script ends itself politely': {
    card: script('kill -TERM $$'),
    run: { outcome: 'crashed', signal: 'SIGTERM' },
  },
  'runs over its time': {
    card: worker('hang', '--max-runtime', '1'),
    run: { outcome: 'timed_out', limit_hit: 'runtime', killed: 0 },
  },
  'runs over its time and ignores TERM': {
    card: worker('ignore_term; hang', '--max-runtime', '1'),
    run: { outcome: 'timed_out', limit_hit: 'runtime', killed: 1 },
  },
  'prints dots over its time': {
    card: worker('while :; do printf .; sleep 0.05; done', '--max-runtime', '1'),
    run: { outcome: 'timed_out', limit_hit: 'runtime' },
  },
  'falls silent': {
    card: { ...worker('hang'), profile: 'impatient' },
    run: { outcome: 'stalled', limit_hit: 'silence' },
  },
  'leaves a daemon and fails': {
    card: worker('daemon; child; exit 3'),
    run: { outcome: 'crashed', exit_code: 3 },
  },
  'closes its output and fails': {
    card: worker('close_output; exit 4'),
    run: { outcome: 'crashed', exit_code: 4 },
  },
  'loses its private folder': {
    card: worker('rm -rf "${YARD_CAPABILITY_FILE%/*}"; exit 5'),
    run: { outcome: 'crashed', exit_code: 5 },
  },
  // A runner that was killed cannot tell what its worker said last; what it had read by then is in the log.
  'kills its runner': {
    card: worker(
      'while ! grep -q "last words" "$YARD_HOME/logs/runs/$YARD_TASK-$YARD_RUN.log"; do sleep 0.03; done; kill -KILL $PPID; hang',
    ),
    run: { outcome: 'crashed', exit_code: null, last_lines: null },
  },
  'tells its runner to end': {
    card: worker('kill -TERM $PPID; hang'),
    run: { outcome: 'reclaimed' },
    runs: ATTEMPTS + REFUNDS,
  },
  'cannot be started': {
    card: { body: 'x', profile: 'unstartable' },
    run: { outcome: 'spawn_failed' },
    runs: 5,
  },
}

describe('a ceiling that nothing goes round', () => {
  scenario(
    ['F03', 'F36', 'F26'],
    'every ending, repeated for ever, stops at the ceiling with its own last words and its true class',
    async (rig) => {
      rig.addProfile('impatient', {
        agent: 'command',
        command: rig.workerCommand,
        environment: rig.workerEnvironment,
        limits: { silence: '1s' },
      })
      rig.addProgram('bad-interpreter', '#!/no/such/interpreter\n')
      rig.addProfile('unstartable', { agent: 'command', command: [`${rig.folder}/bad-interpreter`] })
      const cards = new Map<string, string>()
      for (const [name, { card }] of Object.entries(ENDINGS))
        cards.set(name, await rig.create({ title: name, ...card }))
      for (const [name, id] of cards) {
        const { run, runs = ATTEMPTS } = ENDINGS[name]!
        await rig.untilStatus(id, 'blocked')
        const seen = rig.board.runs(id)
        expect(seen, name).toEqual(Array.from({ length: runs }, () => expect.objectContaining(run)))
        expect(rig.board.holds(id), name).toMatchObject([{ kind: 'breaker' }])
        for (const { id: number, last_lines, log_path, error } of seen) {
          expect(error, name).toBeTruthy()
          if (name !== 'cannot be started')
            expect(last_lines ?? readFileSync(log_path ?? '', 'utf8'), name).toContain(
              `last words of run ${number}`,
            )
        }
        expect(await rig.refused('unblock', id), name).toContain(`yard retry ${id}`)
      }
      expect(await rig.json<{ spawned: [] }>('dispatch')).toMatchObject({ spawned: [] })
    },
    { kanban: { max_attempts: ATTEMPTS, failure_limit: 5 } },
  )

  scenario(
    'F02',
    'a tripped breaker stays tripped through restarts, passes, comments, finished parents and changed settings',
    async (rig) => {
      const id = await rig.create({ body: 'exit 1' })
      await rig.untilStatus(id, 'blocked')
      expect(rig.starts(id)).toBe(ATTEMPTS)

      const other = await rig.create({ body: 'complete fine' })
      await rig.untilStatus(other, 'done')
      await rig.ok('link', other, id)
      for (let i = 0; i < 3; i++) {
        await rig.ok('comment', id, 'still', 'broken?')
        await rig.ok('dispatch')
        await rig.ok('edit', id, '--priority', String(i))
      }
      await rig.restartGateway('SIGKILL')
      rig.configure({ kanban: { ...rig.settings, retry_backoff_seconds: 1 } })
      await rig.restartGateway('SIGTERM')
      expect(await rig.refused('unblock', id)).toContain('yard retry')
      // Passes follow every commit; these many would have brought any loop to light.
      const before = rig.board.cursor
      for (let i = 0; i < 10; i++) await rig.ok('comment', other, 'tick')
      expect(rig.board.cursor).toBe(before + 10)
      expect(rig.board.task(id).status).toBe('blocked')
      expect(rig.starts(id)).toBe(ATTEMPTS)

      await rig.ok('retry', id, '--attempts', '2')
      await rig.until('the granted attempts', () => rig.board.runs(id).length === ATTEMPTS + 2)
      await rig.untilStatus(id, 'blocked')
      expect(rig.starts(id)).toBe(ATTEMPTS + 2)
      expect(rig.board.ledger(id)).toEqual({ charge: ATTEMPTS + 2, refund: 0, grant: 2 })
    },
    { kanban: { max_attempts: ATTEMPTS } },
  )

  scenario(
    'F02',
    'a profile that has used its attempts of the day starts nothing more, however its runs ended, until the number is raised',
    async (rig) => {
      await untilDayLasts()
      const bodies = ['exit 1', 'complete fine', 'ask me', 'hand_over it', 'complete fine', 'exit 1']
      const ids: string[] = []
      for (const body of bodies) ids.push(await rig.create({ body }))
      await rig.until(
        'the day to be over',
        () => rig.notes('starts').length === 4 && rig.board.count('task_runs where ended_at is null') === 0,
      )
      await rig.restartGateway()
      await rig.ok('dispatch')
      expect(rig.notes('starts')).toHaveLength(4)
      const waiting = ids.filter((id) => rig.board.task(id).status === 'ready')
      expect(waiting.length).toBeGreaterThan(0)
      const { reasons } = await rig.json<{ reasons: { kind: string; text: string; until: number }[] }>(
        'why',
        waiting[0]!,
      )
      expect(reasons).toMatchObject([{ kind: 'capacity', text: expect.stringContaining('today') }])
      expect(reasons[0]!.until * 1000).toBeGreaterThan(Date.now())
      // Others have a day of their own.
      await rig.untilStatus(await rig.create({ profile: 'script', body: 'true' }), 'done')
      await rig.ok('config', 'set', 'kanban.max_attempts_per_profile_per_day', '100')
      for (const id of waiting) await rig.untilStatus(id, 'done', 'blocked', 'review')
      for (const { id } of rig.board.tasks()) await rig.untilGone(id)
    },
    { kanban: { max_attempts: 1, max_attempts_per_profile_per_day: 4 } },
  )
})

/** Days end at midnight UTC; a scenario that counts by the day must not run across it. */
async function untilDayLasts(): Promise<void> {
  const left = 86_400_000 - (Date.now() % 86_400_000)
  if (left < 60_000) await pause(left)
}

/** Loops in which nothing ever fails, and the person or cron job that keeps each one going. */
const HEALTHY_LOOPS: Readonly<
  Record<
    string,
    { body: string; rests: string; goOn: (rig: Rig, id: string) => Promise<unknown>; runs: number }
  >
> = {
  'asks and is answered': {
    body: 'ask "which colour?"',
    rests: 'blocked',
    goOn: (rig, id) => rig.yard('unblock', id),
    runs: ATTEMPTS,
  },
  'hands over and gets it back': {
    body: 'hand_over "look at this"',
    rests: 'review',
    goOn: (rig, id) => rig.yard('send-back', id, 'again'),
    runs: ATTEMPTS,
  },
  'is stopped and released': {
    body: 'hang',
    rests: 'running',
    goOn: async (rig, id) => {
      const run = await rig.untilWorking(id)
      await rig.ok('stop', id, '--destination', 'ready')
      await rig.untilRunGone(run.id)
    },
    runs: ATTEMPTS + REFUNDS,
  },
  'is done and taken up again': {
    body: 'complete "done again"',
    rests: 'done',
    goOn: (rig, id) => rig.yard('retry', id, '--attempts', '0'),
    runs: ATTEMPTS,
  },
}

describe('loops of endings that look healthy', () => {
  for (const [name, { body, rests, goOn, runs }] of Object.entries(HEALTHY_LOOPS)) {
    scenario(
      'F04',
      `a card that ${name} for ever ends with a person, within its ceiling`,
      async (rig) => {
        const id = await rig.create({ body })
        const isGivenUp = () => rig.board.holds(id).some(({ kind }) => kind === 'breaker')
        for (let turn = 0; turn <= runs + 2 && !isGivenUp(); turn++) {
          await rig.until('its next rest', () => rig.board.task(id).status === rests || isGivenUp())
          if (!isGivenUp()) await goOn(rig, id)
        }
        await rig.untilStatus(id, 'blocked')
        expect(rig.board.holds(id)).toMatchObject([{ kind: 'breaker' }])
        expect(rig.board.runs(id)).toHaveLength(runs)
        const { reasons } = await rig.json<{ reasons: { kind: string; lift: string }[] }>('why', id)
        expect(reasons).toMatchObject([{ kind: 'breaker', lift: `yard retry ${id} --attempts 1` }])
      },
      { kanban: { max_attempts: ATTEMPTS } },
    )
  }
})
