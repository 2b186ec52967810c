/** The example of the documentation, run for real: an agent that only config.yaml knows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { parse } from 'yaml'
import { checkout } from '../helpers/rig/program.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const reference = readFileSync(join(checkout, 'docs/reference.md'), 'utf8')
const blocks = [...reference.matchAll(/```(yaml|markdown)\n([\s\S]*?)```/g)].map(([, , text = '']) => text)
const { agents } = parse(blocks.find((block) => block.startsWith('agents:')) ?? '') as {
  agents: Record<string, Record<string, unknown>>
}
const profile = blocks.find((block) => block.includes('agent: my-agent')) ?? ''

describe('agents of one’s own', () => {
  scenario(
    'agents.own',
    'work, ask, are answered in their session and are listed, from the example of the reference',
    async (rig) => {
      const program = rig.addProgram(
        'my-agent',
        `#!/bin/sh\nexec ${process.execPath} ${join(checkout, 'test/fixtures/agents/my-agent.mjs')} "$@"\n`,
      )
      rig.configure({ kanban: rig.settings, agents: { 'my-agent': { ...agents['my-agent'], program } } })
      rig.addProfileText('coder', profile)
      const script = [
        [{ call: ['kanban_block', { reason: 'Which blue?' }] }],
        [{ say: 'I think that is all.' }],
        [{ call: ['kanban_complete', { summary: 'sky blue' }] }],
      ]
      const id = await rig.create({ profile: 'coder', body: `SCRIPT: ${JSON.stringify(script)}` })
      await rig.untilStatus(id, 'blocked')
      await rig.untilGone(id)
      await rig.ok('comment', id, 'Sky blue, please.')
      await rig.ok('unblock', id)
      await rig.untilStatus(id, 'done')
      const run = await rig.untilGone(id)
      expect(run).toMatchObject({ outcome: 'completed', summary: 'sky blue' })
      const rows = rig.board.all<Record<string, unknown>>('select * from run_agents order by run_id')
      expect(rows).toMatchObject([
        { agent: 'my-agent', provider: 'acme', model: 'large' },
        { agent: 'my-agent', resumed_from: rows[0]?.['run_id'], session_id: rows[0]?.['session_id'] },
      ])
      const listed = await rig.json<{ name: string }[]>('agents')
      expect(listed.find(({ name }) => name === 'my-agent')).toMatchObject({
        program,
        version: '1.4.0',
        own: true,
        reports_by: 'tools',
      })
      expect(await rig.ok('config')).toMatch(/agents +my-agent /)
    },
  )

  scenario('agents.own', 'come and go with the configuration, while the gateway runs', async (rig) => {
    const program = rig.addProgram('mine', '#!/bin/sh\nyard complete "$YARD_TASK" --summary "by my own"\n')
    rig.addProfile('coder', { agent: 'mine' })
    const id = await rig.create({ profile: 'coder' })
    await rig.until('the card to wait', async () => (await rig.ok('why', id)).includes('agent is "mine"'))
    rig.configure({ kanban: rig.settings, agents: { mine: { program } } })
    await rig.untilStatus(id, 'done')
    expect(await rig.untilGone(id)).toMatchObject({ summary: 'by my own' })
    rig.configure({ kanban: rig.settings, agents: { mine: { programm: program } } })
    expect(await rig.refused('profile', 'check', 'coder')).toContain(
      'agents.mine.programm is not a known key. The nearest known key is agents.<name>.program.',
    )
    rig.configure({ kanban: rig.settings })
    expect(await rig.refused('profile', 'show', 'coder')).toContain('agent is "mine"')
  })
})
