import { describe, expect } from 'vitest'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

interface Reason {
  readonly kind: string
  readonly text: string
  readonly owner: string | null
  readonly since: number | null
  readonly lift: string | null
}

const reasonsOf = async (rig: Rig, id: string): Promise<Reason[]> =>
  (await rig.json<{ reasons: Reason[] }>('why', id)).reasons

/** Does what a reason says frees the card. */
const obey = (rig: Rig, { lift }: Reason): Promise<string> => {
  const [program, ...words] = (lift ?? '').split(' ')
  expect(program).toBe('yard')
  return rig.ok(...words.map((word) => (word === '<profile>' ? 'worker' : word)))
}

/** Every door that only reads. */
const READS = [
  ['list'],
  ['list', '--json'],
  ['stats'],
  ['assignees'],
  ['workspaces'],
  ['doctor'],
  ['gateway', 'status'],
  ['dispatch', '--dry-run'],
]

describe('what a person holds stays held', () => {
  scenario(
    'F05',
    'no held card starts through reads, passes, restarts, finished parents, or at the word of a worker',
    async (rig) => {
      const mark = 'note ran; complete ran'
      const gate = await rig.create({ title: 'gate', body: 'until_file open-the-gate; complete open' })
      const unassigned = await rig.create({ title: 'unassigned', body: mark, profile: null })
      const paused = await rig.create({ title: 'paused', body: mark, options: ['--parent', gate] })
      await rig.ok('pause', paused)
      const blocked = await rig.create({
        title: 'blocked',
        body: mark,
        options: ['--parent', gate, '--hold', 'not yet'],
      })
      const held: Record<string, string> = {
        'born held': await rig.create({
          title: 'born held',
          body: mark,
          options: ['--hold', 'ask me first'],
        }),
        'a rough idea': await rig.create({ title: 'a rough idea', body: mark, options: ['--triage'] }),
        'not yet due': await rig.create({
          title: 'not yet due',
          body: mark,
          options: ['--not-before', '1h'],
        }),
        'of nobody': unassigned,
        paused,
        'held, with a parent that finishes': blocked,
        'waits for a held card': await rig.create({
          title: 'child of a held card',
          body: mark,
          options: ['--parent', blocked],
        }),
      }
      const ids = Object.values(held)
      rig.signal('open-the-gate')
      await rig.untilStatus(gate, 'done')

      for (const verb of ['show', 'why', 'runs', 'context']) await rig.ok(verb, blocked)
      for (const words of READS) await rig.yard(...words)
      await rig.ok('dispatch')
      await rig.restartGateway('SIGKILL')
      await Promise.all(ids.map((id) => rig.ok('comment', id, 'please')))
      await rig.restartGateway('SIGTERM')

      // A worker tries every verb that might let them go: as itself, and as somebody who has lost his papers.
      const tries = [
        'unblock ID',
        'retry ID --attempts 3',
        'resume ID',
        'resume',
        'move ID ready',
        'assign ID worker',
        'complete ID',
        'archive ID',
        'edit ID --body x',
      ]
      const body = `
      try() { who=$1; shift; "$@" >/dev/null 2>&1 && note lifted "$who: $*"; }
      disguised() { env -i PATH="$PATH" HOME="$HOME" YARD_HOME="$YARD_HOME" YARD_TEST=1 "$@"; }
      ${tries.map((words) => `try itself yard ${words.replace('ID', held['born held']!)}`).join('\n')}
      ${tries
        .slice(0, 5)
        .map((words) => `try disguised disguised yard ${words.replace('ID', paused)}`)
        .join('\n')}
      complete tried`
      expect(
        await rig.untilStatus(await rig.create({ title: 'rebel', body }), 'done', 'blocked'),
      ).toMatchObject({ status: 'done' })
      expect(rig.notes('lifted')).toEqual([])
      expect(rig.notes('ran')).toEqual([])
      expect(ids.flatMap((id) => rig.board.runs(id))).toEqual([])

      // A person's word is enough for each, and it is the one that is printed.
      for (const [name, id] of Object.entries(held)) {
        if (name === 'waits for a held card') continue
        const reasons = await reasonsOf(rig, id)
        expect(reasons.length, name).toBeGreaterThan(0)
        if (name === 'not yet due') expect(reasons).toMatchObject([{ kind: 'time' }])
        else for (const reason of reasons) await obey(rig, reason)
        if (name !== 'not yet due') await rig.untilStatus(id, 'done')
      }
      await rig.untilStatus(held['waits for a held card']!, 'done')
      expect(rig.starts(held['not yet due']!)).toBe(0)
      await rig.untilGone(held['waits for a held card']!)
    },
  )
})

describe('nothing waits without a reason', () => {
  scenario(
    'F29',
    'each waiting card says why, since when, and the verb it names frees it',
    async (rig) => {
      rig.addProfile('lonely', {
        agent: 'command',
        command: rig.workerCommand,
        environment: rig.workerEnvironment,
        limits: { max_running: 1 },
      })
      const hog = await rig.create({
        title: 'hog',
        profile: 'lonely',
        body: 'until_file go-on; complete fine',
      })
      await rig.untilWorking(hog)
      const failing = await rig.create({
        title: 'failing',
        body: '[ -e "$RIG/repaired" ] || exit 1; complete fine',
      })
      const waiting: Record<
        string,
        { id: string; kind: string; free?: (reason: Reason) => Promise<unknown> }
      > = {
        'nobody assigned': { id: await rig.create({ profile: null }), kind: 'unassigned' },
        'unknown profile': {
          id: await rig.create({ profile: 'wroker' }),
          kind: 'preflight',
          free: async () =>
            rig.addProfile('wroker', {
              agent: 'command',
              command: rig.workerCommand,
              environment: rig.workerEnvironment,
            }),
        },
        'a question': {
          id: await rig.create({ body: '[ -e "$RIG/answered" ] && complete fine || ask "which one?"' }),
          kind: 'human',
        },
        'born held': { id: await rig.create({ options: ['--hold', 'wait'] }), kind: 'human' },
        paused: { id: await rig.create({ options: ['--triage'] }), kind: 'pause' },
        'no attempts left': { id: failing, kind: 'breaker' },
        'a parent': {
          id: await rig.create({ options: ['--parent', hog] }),
          kind: 'dependency',
          free: async () => undefined,
        },
        'no free slot': {
          id: await rig.create({ profile: 'lonely' }),
          kind: 'capacity',
          free: async () => rig.signal('go-on'),
        },
        'a rough idea': { id: await rig.create({ options: ['--triage'] }), kind: 'status' },
        'a reviewer': { id: await rig.create({ body: 'hand_over "look"' }), kind: 'status' },
      }
      await rig.ok('pause', waiting['paused']!.id)
      await rig.ok('move', waiting['paused']!.id, 'ready')
      await rig.untilStatus(failing, 'blocked')
      await rig.untilStatus(waiting['a question']!.id, 'blocked')
      await rig.untilStatus(waiting['a reviewer']!.id, 'review')
      await rig.until(
        'the missing profile to be noticed',
        () => rig.board.holds(waiting['unknown profile']!.id).length === 1,
      )
      rig.signal('answered')
      rig.signal('repaired')
      for (const [name, { id, kind, free = (reason: Reason) => obey(rig, reason) }] of Object.entries(
        waiting,
      )) {
        const reasons = await rig.until(`the reason of "${name}"`, async () => {
          const found = await reasonsOf(rig, id)
          return found.some((reason) => reason.kind === kind) ? found : null
        })
        for (const reason of reasons) {
          expect(reason.text, name).not.toBe('')
          if (reason.kind !== 'time') await free(reason)
        }
      }
      for (const { id } of Object.values(waiting)) await rig.untilStatus(id, 'done')
      for (const { id } of Object.values(waiting)) await rig.untilGone(id)
    },
    { kanban: { max_attempts: 2, max_running: 8, max_running_per_profile: 8 } },
  )
})

describe('the kill switch', () => {
  scenario('F45', 'nothing starts after a pause was acknowledged, whatever was about to', async (rig) => {
    const cards: string[] = []
    for (let round = 0; round < 4; round++) {
      // The pause arrives at another moment of each burst: before, between and behind its claims.
      const creating = Array.from({ length: 3 }, () => rig.create({ body: 'complete fine' }))
      await Promise.all(creating.slice(0, round))
      const { starting_runs: starting } = await rig.json<{ starting_runs: number[] }>('pause')
      const acknowledged = rig.board.cursor
      cards.push(...(await Promise.all(creating)))
      await rig.ok('dispatch')
      await rig.until('what runs to end', () => rig.board.count('task_runs where ended_at is null') === 0)
      const late = rig.board
        .events({ after: acknowledged })
        .filter(({ kind, run_id }) => kind === 'spawned' && !starting.includes(run_id ?? 0))
      expect(late).toEqual([])
      await rig.ok('resume')
      for (const id of cards) await rig.untilStatus(id, 'done')
    }
    for (const id of cards) await rig.untilGone(id)
  })

  scenario(
    'F45',
    'stop ends a stubborn tree, and the card stays down through passes and restarts',
    async (rig) => {
      const [stopped, running] = await Promise.all([
        rig.create({ body: 'ignore_term; daemon; child; note at-work; hang' }),
        rig.create({ profile: 'script', body: '. "$RIG_WORDS"; until_file go-on' }),
      ])
      await rig.untilWorking(stopped)
      await rig.untilWorking(running)
      await rig.until('the worker to have forked', () => rig.notes('at-work').length === 1)
      await rig.ok('pause', 'script', '--reason', 'no more scripts')
      await rig.ok('stop', stopped, '--reason', 'wrong branch')
      await rig.untilStatus(stopped, 'blocked')
      expect((await rig.observed()).live.filter(({ task }) => task === stopped)).toEqual([])
      await rig.ok('dispatch')
      await rig.restartGateway('SIGKILL')
      await rig.ok('comment', stopped, 'still down?')
      // A pause lets what runs go on, and keeps the next one from starting.
      const next = await rig.create({ profile: 'script', body: 'true' })
      rig.signal('go-on')
      await rig.untilStatus(running, 'done')
      await rig.untilStatus(await rig.create(), 'done')
      expect(rig.board.task(stopped)).toMatchObject({ status: 'blocked' })
      expect(rig.board.runs(stopped)).toMatchObject([{ outcome: 'stopped', killed: 1 }])
      expect(rig.board.task(next)).toMatchObject({ status: 'ready' })
      expect(rig.board.runs(next)).toEqual([])
      expect(await reasonsOf(rig, next)).toMatchObject([{ kind: 'pause', lift: 'yard resume script' }])
      await rig.ok('resume', 'script')
      await rig.untilStatus(next, 'done')
      await rig.untilGone(next)
    },
  )
})

describe('a running card', () => {
  scenario('F24', 'is filed away only after its worker is gone, and comes back whole', async (rig) => {
    const body = 'ignore_term; daemon; note at-work; until_file go-on; complete "in the end"'
    const [one, two] = await Promise.all([rig.create({ body }), rig.create({ body })])
    const idle = await rig.create({ options: ['--hold', 'later'] })
    for (const id of [one, two]) await rig.untilWorking(id)
    await rig.until('both at work', () => rig.notes('at-work').length === 2)

    expect(await rig.refused('assign', one, 'script')).toContain(`yard stop ${one}`)
    expect(await rig.refused('move', one, 'ready')).toContain(`yard stop ${one}`)
    const { results } = await rig.json<{ results: { id: string; stopping: boolean }[] }>(
      'archive',
      one,
      idle,
      two,
    )
    expect(results).toMatchObject([
      { id: one, stopping: true },
      { id: idle, stopping: false },
      { id: two, stopping: true },
    ])
    for (const id of [one, two]) {
      await rig.until(`${id} to be archived`, async () => {
        // In this order: a tree that is seen must still have its visible run afterwards.
        const { live } = await rig.observed()
        const { status } = rig.board.task(id)
        if (live.some(({ task }) => task === id)) return false
        return status === 'archived'
      })
      expect(rig.board.runs(id)).toMatchObject([{ outcome: 'reclaimed', phase: 'gone' }])
    }
    expect((await rig.observed()).live.filter(({ task }) => task !== null)).toEqual([])
    expect(await rig.json<{ id: string }[]>('list')).toEqual([])
    rig.signal('go-on')
    await rig.ok('restore-task', one, two, idle)
    for (const id of [one, two]) await rig.untilStatus(id, 'done')
    expect(rig.board.task(idle).status).toBe('blocked')
    for (const id of [one, two]) await rig.untilGone(id)
  })
})
