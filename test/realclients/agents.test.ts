/** Real agents, from the card to its end, against a scripted model. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drivenBy, type DriverName } from '../../src/agents/cli-agent.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'
import { assertInvariants } from '../helpers/rig/invariants.ts'
import { yardProgram } from '../helpers/rig/program.ts'
import type { Rig } from '../helpers/rig/rig.ts'
import { openAgentRig, type AgentRig } from './agent-rig.ts'
import { installable, installAgent } from './install-agent.ts'
import type { Step } from './scripted-model.ts'

const named = process.env['YARD_AGENTS'] ?? 'claude,codex'
const wanted = named === 'all' ? installable() : named.split(',')

/** How each client's model runs a command, and one that its client refuses when it may only look. */
const SHELL: Readonly<Record<string, { run: (command: string) => Step; forbidden: Step }>> = {
  claude: {
    run: (command) => ({ tool: 'Bash', args: { command, description: 'test' } }),
    forbidden: { tool: 'Bash', args: { command: 'touch forbidden', description: 'test' } },
  },
  codex: {
    run: (cmd) => ({ tool: 'exec_command', args: { cmd } }),
    forbidden: {
      tool: 'exec_command',
      args: { cmd: 'touch forbidden', sandbox_permissions: 'require_escalated', justification: 'test' },
    },
  },
}

/** Those that say how many tokens they used, with keys of one's own. */
const COUNTS = new Set(['claude', 'codex', 'opencode', 'gemini', 'qwen', 'cline'])

/** Those of them whose every question to the model carries the mark of its script, and each answer 100 tokens read. */
const COUNTS_ALL = new Set(['claude', 'codex', 'opencode', 'gemini', 'qwen'])

const complete = (summary: string): Step => ({ tool: 'kanban_complete', args: { summary } })

const agentRows = (rig: Rig, task: string) =>
  rig.board.all<Record<string, unknown>>('select * from run_agents where task_id = ? order by run_id', task)
const openHolds = (rig: Rig, scope: string) =>
  rig.board.all<{ target: string; kind: string; reason: string; until: number | null }>(
    'select target, kind, reason, until from holds where scope = ? and lifted_at is null',
    scope,
  )

for (const each of wanted) {
  // `qwen+acp`: by another driver than its usual one.
  const [agent = '', driver = null] = each.split('+') as [string?, (DriverName | null)?]
  const installed = await installAgent(agent)
  if (!installed.ok) console.warn(`SKIPPED: the tests with the real ${agent}: ${installed.reason}`)
  const shell = SHELL[agent]
  const found = CLI_AGENTS.find(({ name }) => name === agent)
  const row = found === undefined ? null : drivenBy(found, driver)
  const hasTools = row?.tools === 'mcp'
  const hasSessions = row?.sessions !== 'none'

  /** One scenario in an installation of its own, and afterwards everything that must always hold. */
  const story = (
    sentence: string,
    play: (given: AgentRig) => Promise<void>,
    more: Record<string, unknown> = {},
  ) =>
    test.concurrent(sentence, async () => {
      await using given = await openAgentRig()
      await given.hire('coder', agent, { ...(driver === null ? {} : { driver }), ...more })
      const before = given.userFiles()
      await given.rig.startGateway()
      await play(given)
      expect(given.userFiles()).toEqual(before)
      await assertInvariants(given.rig)
    })

  describe.skipIf(!installed.ok)(`the real ${each}`, () => {
    story(
      'W01 W06 completes a card with the tools of its run, and leaves the home of the user as it was',
      async ({ rig, model }) => {
        model.script('completes', [
          { tool: 'kanban_show', args: {} },
          { tool: 'kanban_complete', args: { summary: 'the door is blue now', metadata: { doors: 1 } } },
          { say: 'All done.' },
        ])
        const id = await rig.create({
          title: 'Paint the door [[completes]]',
          body: 'Blue.',
          profile: 'coder',
        })
        await rig.untilStatus(id, 'done')
        const run = await rig.untilGone(id)
        expect(run).toMatchObject({ outcome: 'completed', summary: 'the door is blue now', exit_code: 0 })
        const [known] = agentRows(rig, id)
        expect(known).toMatchObject({ agent, profile: 'coder', problem: null })
        if (agent !== 'continue') expect(known?.['session_id']).toBeTruthy()
        if (COUNTS.has(agent)) expect(Number(known?.['tokens_in'])).toBeGreaterThan(0)
        if (agent !== 'continue') expect(String(known?.['last_tool'])).toContain('complete')
        const stream = readFileSync(join(rig.home, 'logs', 'runs', `${id}-${run.id}.log.jsonl`), 'utf8')
        if (agent !== 'continue') expect(stream).toContain('"kind":"tool"')
        expect(stream).toContain('"kind":"message"')
        // Told readably to whoever follows.
        if (agent !== 'continue') expect(await rig.ok('log', id, '--follow')).toMatch(/→ .*complete/)
      },
    )

    story(
      'F46 W02 W06 blocks with a question, and goes on in its own session when it is answered',
      async ({ rig, model }) => {
        model.script('asks', [
          { tool: 'kanban_block', args: { reason: 'Which blue?' } },
          { say: 'I wait for an answer.' },
          complete('sky blue it is'),
          { say: 'Done.' },
        ])
        const id = await rig.create({ title: 'Paint [[asks]]', profile: 'coder' })
        await rig.untilStatus(id, 'blocked')
        await rig.untilGone(id)
        await rig.ok('comment', id, 'Sky blue, please.')
        await rig.ok('unblock', id)
        await rig.untilStatus(id, 'done')
        await rig.untilGone(id)
        const [first, second] = agentRows(rig, id)
        if (hasSessions)
          expect(second).toMatchObject({
            session_id: first?.['session_id'],
            resumed_from: first?.['run_id'],
          })
        // Every answer is counted once, although some agents count on where the session goes on.
        if (COUNTS_ALL.has(agent))
          expect(Number(first?.['tokens_in']) + Number(second?.['tokens_in'])).toBe(
            100 * model.asked('asks').length,
          )
        expect(model.asked('asks').at(-1)?.body).toContain('Sky blue, please.')
        expect(rig.board.runs(id).map(({ outcome }) => outcome)).toEqual(['blocked', 'completed'])
      },
    )

    if (hasTools)
      story('an orchestrator creates cards for others and links them', async (given) => {
        const { rig, model } = given
        await given.hire('lead', agent, { orchestrator: true })
        const ids = (said: string, own: string) =>
          [...new Set([...said.matchAll(/\bt_[0-9a-f]{8}\b/g)].map(([id]) => id))].filter((id) => id !== own)
        let own = ''
        model.script('leads', [
          { tool: 'kanban_create', args: { title: 'first', assignee: 'coder', triage: true } },
          { tool: 'kanban_create', args: { title: 'second', assignee: 'coder', triage: true } },
          (said) => {
            const [first, second] = ids(said, own)
            return { tool: 'kanban_link', args: { parent_id: first, child_id: second } }
          },
          complete('two cards'),
          { say: 'Done.' },
        ])
        const lead = rig.create({ title: 'Split [[leads]]', profile: 'lead', options: ['--triage'] })
        own = await lead
        await rig.ok('move', own, 'ready')
        await rig.untilStatus(own, 'done')
        const made = rig.board.tasks().filter(({ id }) => id !== own)
        expect(made.map(({ title }) => title).toSorted(), rig.describe()).toEqual(['first', 'second'])
        expect(rig.board.all('select count(*) as n from task_links where parent_id <> ?', own)).toEqual([
          { n: 1 },
        ])
        await rig.untilGone(own)
      })

    if (hasSessions)
      story(
        'F35 is asked once more in its session when it stops without a verdict',
        async ({ rig, model }) => {
          model.script('forgets', [
            { say: 'I think I am finished.' },
            complete('now I said so'),
            { say: 'Done.' },
          ])
          const id = await rig.create({ title: 'Forget [[forgets]]', profile: 'coder' })
          await rig.untilStatus(id, 'done')
          await rig.untilGone(id)
          expect(rig.board.runs(id)).toMatchObject([{ outcome: 'completed', summary: 'now I said so' }])
          expect(model.asked('forgets').at(-1)?.body).toContain('You stopped without telling the board')
        },
      )

    story(
      'F35 ends without a verdict when it stays silent, with its last words as evidence',
      async ({ rig, model }) => {
        model.script('silent', [
          { say: 'I am done, and tell nobody.' },
          { say: 'I still tell nobody.' },
          { say: 'Never.' },
        ])
        const id = await rig.create({
          title: 'Silence [[silent]]',
          profile: 'coder',
          options: ['--max-runtime', '2m'],
        })
        const run = await rig.until('the first run to end', () =>
          rig.board.runs(id).find(({ ended_at }) => ended_at !== null),
        )
        expect(run).toMatchObject({ outcome: 'no_verdict', exit_code: 0 })
        expect(run.last_lines).toContain(hasSessions ? 'I still tell nobody.' : 'I am done, and tell nobody.')
        await rig.ok('archive', id)
        await rig.untilGone(id)
      },
    )

    if (shell !== undefined)
      story(
        'F34 is refused what its profile does not allow, and the card says so',
        async ({ rig, model }) => {
          model.script('refused', [shell.forbidden, { say: 'I may not.' }, { say: 'I still may not.' }])
          const id = await rig.create({ title: 'Overstep [[refused]]', profile: 'coder' })
          const run = await rig.until('the first run to end', () =>
            rig.board.runs(id).find(({ ended_at }) => ended_at !== null),
          )
          expect(run.outcome).toBe('no_verdict')
          // Codex does not tell of calls it refused by itself.
          if (agent === 'claude') expect(run.last_lines).toContain('✖')
          await rig.ok('archive', id)
          await rig.untilGone(id)
        },
        { permissions: 'board' },
      )

    story('recovers by itself from two refusals of an overloaded provider', async ({ rig, model }) => {
      model.script('flaky', [{ status: 529, times: 2 }, complete('after two overloads'), { say: 'Done.' }])
      const id = await rig.create({ title: 'Flaky [[flaky]]', profile: 'coder' })
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(rig.board.runs(id)).toHaveLength(1)
    })

    story(
      'F32 a limit of the provider holds all its cards once, charges none, and one run tries whether it is over',
      async ({ rig, model }) => {
        const steps = { limit: 1000 }
        model.script('limited', [
          {
            status: 429,
            get times() {
              return steps.limit
            },
            message: 'Rate limit reached. Please try again in 4s.',
          },
          complete('after the limit'),
          { say: 'Done.' },
        ])
        const first = await rig.create({ title: 'One [[limited]]', profile: 'coder' })
        const hold = await rig.until('the provider to be held', () => openHolds(rig, 'provider')[0])
        expect(hold.kind).toBe('cooldown')
        const others = [
          await rig.create({ title: 'Two [[limited]]', profile: 'coder' }),
          await rig.create({ title: 'Three [[limited]]', profile: 'coder' }),
        ]
        await rig.until('a card to say what it waits for', async () =>
          /limit is reached|trying whether/.test(await rig.ok('why', others[0]!)),
        )
        steps.limit = 0
        for (const id of [first, ...others]) {
          await rig.untilStatus(id, 'done')
          await rig.untilGone(id)
        }
        expect(openHolds(rig, 'provider')).toEqual([])
        const limited = rig.board.allRuns().filter(({ outcome }) => outcome === 'rate_limited')
        expect(limited.length).toBeLessThanOrEqual(3)
        for (const id of [first, ...others]) {
          const { charge, refund } = rig.board.ledger(id)
          expect(charge - refund).toBe(1)
        }
      },
    )

    story(
      'F33 a key that is not accepted holds the profile once, and repairing it frees all cards',
      async (given) => {
        const { rig, model } = given
        const steps = { refusals: 1000 }
        model.script('locked', [
          {
            status: 401,
            get times() {
              return steps.refusals
            },
            message: 'invalid x-api-key',
          },
          complete('with a good key'),
          { say: 'Done.' },
        ])
        const ids = [
          await rig.create({ title: 'One [[locked]]', profile: 'coder' }),
          await rig.create({ title: 'Two [[locked]]', profile: 'coder' }),
        ]
        const hold = await rig.until('the profile to be held', () => openHolds(rig, 'profile')[0])
        expect(hold).toMatchObject({ target: 'coder', kind: 'preflight' })
        expect(hold.reason).toContain('its login or key is not accepted')
        await rig.until('all runs to end', () => rig.board.allRuns().every(({ phase }) => phase === 'gone'))
        expect(rig.board.allRuns().filter(({ outcome }) => outcome !== 'misconfigured')).toEqual([])
        expect(rig.board.allRuns().length).toBeLessThanOrEqual(2)
        steps.refusals = 0
        // Repairing the profile is enough: nobody needs to lift anything.
        await given.hire('coder', agent, { description: 'with a good key' })
        for (const id of ids) {
          await rig.untilStatus(id, 'done')
          await rig.untilGone(id)
        }
      },
    )

    story(
      'F26 hangs in a question to its model, and is stopped with everything it started',
      async ({ rig, model }) => {
        model.script('hangs', [{ hang: true }])
        const id = await rig.create({ title: 'Hang [[hangs]]', profile: 'coder' })
        await rig.untilWorking(id)
        await rig.until('the model to be asked', () => model.asked('hangs').length > 0)
        await rig.ok('stop', id, '--reason', 'enough')
        await rig.untilStatus(id, 'blocked')
        expect(await rig.untilGone(id)).toMatchObject({ outcome: 'stopped' })
      },
    )

    story('goes on and completes while the gateway is killed and started again', async ({ rig, model }) => {
      const restarted = Promise.withResolvers<void>()
      model.script('survives', [
        { tool: 'kanban_heartbeat', args: { note: 'still here' } },
        { tool: 'kanban_complete', args: { summary: 'nothing happened' }, after: restarted.promise },
        { say: 'Done.' },
      ])
      const id = await rig.create({ title: 'Survive [[survives]]', profile: 'coder' })
      await rig.until('its heartbeat', () =>
        rig.board.events({ task: id }).some(({ kind }) => kind === 'heartbeat'),
      )
      await rig.restartGateway('SIGKILL')
      restarted.resolve()
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(rig.board.runs(id)).toHaveLength(1)
    })

    if (shell !== undefined) {
      story('leaves processes behind, and they are ended with the run', async ({ rig, model }) => {
        model.script('leaves', [
          shell.run('setsid sleep 600 >/dev/null 2>&1 & nohup sleep 601 >/dev/null 2>&1 & echo started'),
          complete('I left something running'),
          { say: 'Done.' },
        ])
        const id = await rig.create({ title: 'Leave [[leaves]]', profile: 'coder' })
        await rig.untilStatus(id, 'done')
        await rig.untilGone(id)
        expect((await rig.observed()).live.filter(({ command }) => /sleep 60[01]/.test(command))).toEqual([])
      })

      story('F15 F16 nothing it starts can report on a card, or lift anything', async ({ rig, model }) => {
        const other = await rig.create({ title: 'Of somebody else', profile: null })
        model.script('sneaks', [
          shell.run(
            `for verb in "complete $YARD_TASK" "complete ${other}" "unblock ${other}" "block $YARD_TASK why"; do env -u YARD_RUN -u YARD_TASK ${yardProgram} $verb && echo DID $verb; done; env | grep -i -e mcp_token -e capability; echo tried`,
          ),
          complete('only this counts'),
          { say: 'Done.' },
        ])
        const id = await rig.create({ title: 'Sneak [[sneaks]]', profile: 'coder' })
        await rig.untilStatus(id, 'done')
        const run = await rig.untilGone(id)
        expect(run.summary).toBe('only this counts')
        expect(rig.board.task(other).status).toBe('ready')
        const stream = readFileSync(join(rig.home, 'logs', 'runs', `${id}-${run.id}.log.jsonl`), 'utf8')
        expect(stream).toContain('tried')
        expect(stream).not.toMatch(/"text":"[^"]*(?:DID|YARD_MCP_TOKEN=[\w-]{8}|YARD_CAPABILITY_FILE)/)
      })
    }
  })
}
