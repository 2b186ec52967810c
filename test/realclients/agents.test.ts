/** Real agents, from the card to its end, against a scripted model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openAgentRig } from './agent-rig.ts'
import { installAgent } from './install-agent.ts'

const MINUTES = 60_000
const wanted = (process.env['YARD_AGENTS'] ?? 'claude,codex').split(',')

for (const agent of wanted) {
  const installed = await installAgent(agent)
  if (!installed.ok) console.warn(`SKIPPED: the tests with the real ${agent}: ${installed.reason}`)

  describe.skipIf(!installed.ok)(`the real ${agent}`, { timeout: 3 * MINUTES }, () => {
    test('W01 completes a card with the tools of its run, and leaves the home of the user as it was', async () => {
      await using given = await openAgentRig()
      const { rig, model } = given
      await given.hire('coder', agent)
      model.script('completes', [
        { tool: 'kanban_show', args: {} },
        { tool: 'kanban_complete', args: { summary: 'the door is blue now', metadata: { doors: 1 } } },
        { say: 'All done.' },
      ])
      const before = given.userFiles()
      await rig.startGateway()
      const id = await rig.create({ title: 'Paint the door [[completes]]', body: 'Blue.', profile: 'coder' })
      await rig.untilStatus(id, 'done')
      const run = await rig.untilGone(id)
      expect(run).toMatchObject({ outcome: 'completed', summary: 'the door is blue now', exit_code: 0 })
      expect(given.userFiles()).toEqual(before)
      const [agentRow] = rig.board.all<Record<string, unknown>>(
        'select * from run_agents where run_id = ?',
        run.id,
      )
      expect(agentRow).toMatchObject({ agent, profile: 'coder', problem: null })
      expect(agentRow?.['session_id']).toBeTruthy()
      expect(Number(agentRow?.['tokens_in'])).toBeGreaterThan(0)
      expect(String(agentRow?.['last_tool'])).toContain('kanban_complete')
      const stream = readFileSync(join(rig.home, 'logs', 'runs', `${id}-${run.id}.log.jsonl`), 'utf8')
      expect(stream).toContain('"kind":"tool"')
      expect(stream).toContain('"kind":"message"')
    })
  })
}
