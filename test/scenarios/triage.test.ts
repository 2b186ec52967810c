/** Rough cards with real gateways and real workers. */
import { describe, expect } from 'vitest'
import { scenario } from '../helpers/rig/scenario.ts'
import type { Rig } from '../helpers/rig/rig.ts'

/** An orchestrator that does this on every card it is given. */
function hireLead(rig: Rig, script: string): void {
  const file = rig.addProgram('lead.sh', script)
  rig.addProfile('lead', {
    agent: 'command',
    orchestrator: true,
    command: [...rig.workerCommand.slice(0, 2), file],
    environment: rig.workerEnvironment,
  })
}

const rough = (rig: Rig, ...options: string[]): Promise<string> =>
  rig.create({
    title: 'a rough idea',
    body: 'complete "collected"',
    profile: 'worker',
    options: ['--triage', ...options],
  })

interface ProposalsRow {
  readonly helper_id: string
  readonly stale: boolean
  readonly cards: readonly { readonly id: string; readonly title: string; readonly state: string }[]
}
const proposals = (rig: Rig, ...id: string[]): Promise<ProposalsRow[]> => rig.json('proposals', ...id)

describe('rough cards', () => {
  scenario(
    ['F06', 'F66', 'F16', 'triage.helper', 'triage.proposals', 'triage.bounds', 'triage.collector'],
    'an ordinary run decomposes one, nothing of it starts before a person agrees, and the card itself collects',
    async (rig) => {
      hireLead(
        rig,
        `yard create one --assignee worker --body 'complete "first"' >"$RIG/one"
yard create lost --assignee nobody 2>"$RIG/refused" && exit 9
yard create two --assignee worker --body 'complete "second"' --parent "$(cat "$RIG/one")" >"$RIG/two"
yard release "$(cat "$RIG/one")" && exit 8
yard unblock "$(cat "$RIG/one")" && exit 7
complete "split in two"`,
      )
      const id = await rough(rig)
      const { id: helper } = await rig.json<{ id: string }>('decompose', id)
      await rig.untilStatus(helper, 'done')
      await rig.untilGone(helper)
      const refused = rig.notes('refused').join('\n')
      expect(refused).toContain('there is no profile "nobody"')
      expect(refused).toContain('shell (Runs the body of the task as a script in its workspace)')
      const [one, two] = [rig.notes('one')[0]!, rig.notes('two')[0]!]
      expect(await proposals(rig, id)).toMatchObject([
        {
          helper_id: helper,
          stale: false,
          cards: [
            { id: one, state: 'waiting' },
            { id: two, state: 'waiting' },
          ],
        },
      ])
      await rig.ok('dispatch')
      expect([one, two, id].map((each) => rig.board.task(each).status)).toEqual([
        'blocked',
        'blocked',
        'triage',
      ])
      expect(await rig.ok('why', one)).toContain(`yard release ${one}`)
      expect(await rig.ok('show', id)).toContain('2 cards that were proposed for it wait for a decision')

      await rig.ok('release', id)
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      for (const card of [one, two]) await rig.untilGone(card)
      const ends = [one, two, id].map((each) => rig.board.runs(each).map(({ summary }) => summary))
      expect(ends).toEqual([['first'], ['second'], ['collected']])
      const context = await rig.ok('context', id)
      expect(context).toContain('first')
      expect(context).toContain('second')
    },
  )

  scenario(
    ['triage.text', 'triage.frozen'],
    'an ordinary run specifies one, and its text counts once a person accepts it',
    async (rig) => {
      hireLead(
        rig,
        `until_file edited
printf 'what is wanted\\n' | yard propose --title "A clear idea" --body - --acceptance "it works"
complete "specified"`,
      )
      const id = await rough(rig)
      const { id: helper } = await rig.json<{ id: string }>('specify', id, '--profile', 'lead')
      await rig.untilWorking(helper)
      await rig.ok('edit', id, '--title', 'another idea')
      rig.signal('edited')
      await rig.untilStatus(helper, 'done')
      await rig.untilGone(helper)
      expect(await rig.refused('accept', id)).toContain('was edited after it was asked for')
      expect(await rig.ok('proposals')).toContain(`${id} was edited since`)
      expect(await rig.ok('accept', id, '--anyway')).toContain('triage A clear idea')
      expect((await rig.json<{ task: { body: string } }>('show', id)).task.body).toBe(
        'what is wanted\n\n## Done when\n\n- it works',
      )
      expect(await rig.ok('proposals')).toContain('Nothing waits for a decision.')
    },
  )

  scenario(
    ['F06', 'F44', 'triage.automatic'],
    'the board decomposes by itself only what nobody is writing any more, and switched off in the middle it creates nothing more',
    async (rig) => {
      const set = (triage: Record<string, unknown>) => rig.configure({ kanban: rig.settings, triage })
      hireLead(
        rig,
        `yard create one --assignee worker
until_file never
yard create two --assignee worker`,
      )
      const id = await rough(rig)
      const asked = () => rig.board.tasks().filter(({ title }) => title.startsWith('Decompose'))
      const pass = () => rig.ok('dispatch')
      // Off, as it is by default.
      await pass()
      set({ auto_decompose: true, auto_decompose_after: '1h' })
      for (const title of ['a', 'a r', 'a rou', 'a rough ide']) {
        await rig.ok('edit', id, '--title', title)
        await pass()
      }
      expect(asked()).toEqual([])
      set({ auto_decompose: true, auto_decompose_after: '1s' })
      const helper = (await rig.until('help to be asked for', () => asked()[0])).id
      await rig.until('a first proposal', async () => (await proposals(rig, id))[0]?.cards.length === 1)
      set({ auto_decompose: false })
      await rig.untilStatus(helper, 'archived')
      await rig.untilGone(helper)
      rig.signal('never')
      await pass()
      const [left] = await proposals(rig, id)
      expect(left?.cards).toMatchObject([{ title: 'one', state: 'waiting' }])
      expect(rig.board.task(id).status).toBe('triage')
      expect(rig.board.events({ task: helper }).find(({ kind }) => kind === 'created')).toMatchObject({
        actor: 'rule:auto-decompose',
      })
      // On again: what was asked about once is not asked about again.
      set({ auto_decompose: true, auto_decompose_after: '1s' })
      await pass()
      expect(asked()).toHaveLength(1)
      set({})
    },
  )

  scenario(
    ['triage.automatic', 'triage.frozen'],
    'the board agrees by itself where its settings say so, and never to what is about an older text',
    async (rig) => {
      hireLead(
        rig,
        `until_file "go-$YARD_TASK"
yard create one --assignee worker --body 'complete "first"'
complete "split"`,
      )
      const [fresh, stale] = [await rough(rig), await rough(rig)]
      const helpers: string[] = []
      for (const id of [fresh, stale]) helpers.push((await rig.json<{ id: string }>('decompose', id)).id)
      await rig.ok('edit', stale, '--title', 'something else')
      for (const helper of helpers) {
        rig.signal(`go-${helper}`)
        await rig.untilStatus(helper, 'done')
        await rig.untilGone(helper)
      }
      await rig.untilStatus(fresh, 'done')
      await rig.untilGone(fresh)
      await rig.ok('dispatch')
      expect((await proposals(rig, stale))[0]).toMatchObject({ stale: true, cards: [{ state: 'waiting' }] })
      expect(rig.board.task(stale).status).toBe('triage')
      const [one] = (await proposals(rig, fresh))[0]!.cards
      expect(rig.board.events({ task: one!.id }).find(({ kind }) => kind === 'released')).toMatchObject({
        actor: 'rule:auto-release',
      })
      await rig.untilGone(one!.id)
    },
    { config: { triage: { auto_release: true } } },
  )
})
