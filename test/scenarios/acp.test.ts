/** Agents that speak the Agent Client Protocol, in cases that no real one can be brought into. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { checkout } from '../helpers/rig/program.ts'
import type { Rig } from '../helpers/rig/rig.ts'
import { scenario } from '../helpers/rig/scenario.ts'

const AGENT = join(checkout, 'test/fixtures/agents/acp-agent.mjs')

type Steps = readonly Readonly<Record<string, unknown>>[]

function hire(rig: Rig, words: readonly string[] = [], more: Readonly<Record<string, unknown>> = {}): void {
  const environment = { set: { RIG: rig.shared } }
  rig.addProfile('coder', {
    agent: 'acp',
    command: [process.execPath, AGENT, ...words],
    environment,
    ...more,
  })
}

const work = (rig: Rig, turns: readonly Steps[], options: readonly string[] = []): Promise<string> =>
  rig.create({ profile: 'coder', body: `SCRIPT: ${JSON.stringify(turns)}`, options })

const complete = (summary: string) => ({ call: ['kanban_complete', { summary }] })

function notes(rig: Rig): string[] {
  const file = join(rig.folder, 'user', '.acp-agent', 'notes')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

const streamOf = (rig: Rig, id: string, run: number) =>
  readFileSync(join(rig.home, 'logs', 'runs', `${id}-${run}.log.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const spawns = (rig: Rig, id: string) =>
  rig.board.events({ task: id }).filter(({ kind }) => kind === 'spawned').length

const firstEnded = (rig: Rig, id: string) =>
  rig.until('the first run to end', () => rig.board.runs(id).find(({ ended_at }) => ended_at !== null))

describe('an agent that speaks the Agent Client Protocol', () => {
  scenario(
    'acp.tools',
    'completes with the tools of its run, and what it does is told in our words',
    async (rig) => {
      hire(rig)
      const id = await work(rig, [
        [
          { say: 'I ' },
          { say: 'begin.' },
          {
            update: {
              sessionUpdate: 'plan',
              entries: [{ content: 'paint', priority: 'high', status: 'pending' }],
            },
          },
          {
            update: {
              sessionUpdate: 'tool_call',
              toolCallId: 'c1',
              title: 'Reading door.txt',
              kind: 'read',
              status: 'pending',
            },
          },
          {
            update: {
              sessionUpdate: 'tool_call_update',
              toolCallId: 'c1',
              status: 'completed',
              rawInput: { path: 'door.txt' },
              content: [{ type: 'content', content: { type: 'text', text: 'blue' } }],
            },
          },
          complete('painted'),
        ],
      ])
      await rig.untilStatus(id, 'done')
      const run = await rig.untilGone(id)
      expect(run).toMatchObject({ outcome: 'completed', summary: 'painted', exit_code: 0 })
      expect(streamOf(rig, id, run.id)).toMatchObject([
        { kind: 'session' },
        { kind: 'message', text: 'I begin.' },
        { kind: 'plan', steps: [{ text: 'paint', status: 'pending' }] },
        { kind: 'tool', name: 'Reading door.txt', input: '{"path":"door.txt"}' },
        { kind: 'result', failed: false, text: 'blue' },
        { kind: 'message', text: expect.stringContaining('answered: ') as string },
        { kind: 'usage', usage: { input: 70, output: 7 } },
      ])
      expect(rig.board.all('select tokens_in, tokens_out, problem from run_agents')).toEqual([
        { tokens_in: 70, tokens_out: 7, problem: null },
      ])
    },
  )

  scenario('acp.tools', 'is given its tools by a program where it takes none over HTTP', async (rig) => {
    hire(rig, ['--no-http'])
    const id = await work(rig, [[complete('by a bridge')]])
    await rig.untilStatus(id, 'done')
    expect(await rig.untilGone(id)).toMatchObject({ outcome: 'completed', summary: 'by a bridge' })
  })

  scenario(
    'acp.session',
    'is reminded in the living session, and its process is not started again',
    async (rig) => {
      hire(rig)
      const id = await work(rig, [[{ say: 'I think I am done.' }], [complete('now I said so')]])
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect([rig.board.runs(id).length, spawns(rig, id)]).toEqual([1, 1])
      expect(notes(rig).at(-1)).toContain('You stopped without telling the board')
    },
  )

  scenario(
    'acp.session',
    'goes on in its session after an answer, and what it said before is not told twice',
    async (rig) => {
      hire(rig)
      const id = await work(rig, [
        [{ say: 'What I said before.' }, { call: ['kanban_block', { reason: 'Which blue?' }] }],
        [complete('sky blue')],
      ])
      await rig.untilStatus(id, 'blocked')
      const first = await rig.untilGone(id)
      await rig.ok('comment', id, 'Sky blue, please.')
      await rig.ok('unblock', id)
      await rig.untilStatus(id, 'done')
      const second = await rig.untilGone(id)
      const [session] = rig.board.all<{ session_id: string }>('select session_id from run_agents')
      expect(notes(rig)).toContain(`loaded ${session?.session_id}`)
      expect(notes(rig).at(-1)).toContain('Sky blue, please.')
      expect(JSON.stringify(streamOf(rig, id, first.id))).toContain('What I said before.')
      expect(JSON.stringify(streamOf(rig, id, second.id))).not.toContain('What I said before.')
    },
  )

  scenario(
    ['acp.session', 'W06'],
    'costs what its session came to cost in the run, not in all',
    async (rig) => {
      hire(rig)
      const total = (amount: number) => ({
        update: { sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount, currency: 'USD' } },
      })
      const id = await work(rig, [
        [total(0.25), total(1), { call: ['kanban_block', { reason: 'Which blue?' }] }],
        [total(1.5), total(2), complete('sky blue')],
      ])
      await rig.untilStatus(id, 'blocked')
      await rig.untilGone(id)
      await rig.ok('unblock', id)
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(rig.board.all('select cost_micros from run_agents order by run_id')).toEqual([
        { cost_micros: 1_000_000 },
        { cost_micros: 1_000_000 },
      ])
    },
  )

  scenario('acp.session', 'is resumed without its history where it offers that', async (rig) => {
    hire(rig, ['--resume'])
    const id = await work(rig, [[{ call: ['kanban_block', { reason: 'Which?' }] }], [complete('that one')]])
    await rig.untilStatus(id, 'blocked')
    await rig.untilGone(id)
    await rig.ok('unblock', id)
    await rig.untilStatus(id, 'done')
    await rig.untilGone(id)
    expect(notes(rig).filter((line) => /^(?:loaded|resumed)/.test(line))).toMatchObject([
      expect.stringContaining('resumed'),
    ])
  })

  scenario('acp.session', 'begins afresh, once, when its conversation is too long', async (rig) => {
    hire(rig)
    const id = await work(rig, [[{ fail: { code: -32_603, message: 'prompt is too long: 210000 tokens' } }]])
    const run = await firstEnded(rig, id)
    expect(run.error).toContain('its conversation cannot go on')
    expect([spawns(rig, id), notes(rig).filter((line) => line.startsWith('prompt')).length]).toEqual([1, 2])
    await rig.ok('archive', id)
    await rig.untilGone(id)
  })

  scenario(
    'acp.permissions',
    'is answered by the permissions of its profile, as narrowly as it can be',
    async (rig) => {
      const ask = (title: string, kind: string, path?: string) => ({
        ask: { title, kind, ...(path === undefined ? {} : { locations: [{ path }] }) },
      })
      const questions = [
        ask('look', 'read', '/etc/hosts'),
        ask('inside', 'edit', 'src/x.ts'),
        ask('outside', 'edit', '../x.ts'),
        ask('everywhere', 'edit'),
        ask('run', 'execute'),
        ask('kanban_show (kanban MCP Server)', 'other'),
        ask('rm kanban_show', 'execute'),
        ask('echo kanban_show', 'other'),
      ]
      const answers = async (permissions: string) => {
        hire(rig, [], { permissions })
        const before = notes(rig).length
        const id = await work(rig, [[...questions, complete('asked')]])
        await rig.untilStatus(id, 'done')
        const run = await rig.untilGone(id)
        const refused = streamOf(rig, id, run.id).filter(({ kind }) => kind === 'refused').length
        const said = notes(rig)
          .slice(before)
          .filter((line) => line.startsWith('may '))
          .map((line) => line.slice(line.lastIndexOf(' ') + 1))
        return [refused, ...said].join(' ')
      }
      expect(await answers('full')).toBe('0 yes yes yes yes yes yes yes yes')
      expect(await answers('workspace')).toBe('5 yes yes no no no yes no no')
      expect(await answers('board')).toBe('6 yes no no no no yes no no')
    },
  )

  scenario(
    ['acp.errors', 'F36'],
    'a crash in the middle of a turn is a crash, with its last words',
    async (rig) => {
      hire(rig)
      const id = await work(rig, [[{ say: 'I am about to' }, { stderr: 'segmentation fault' }, { exit: 3 }]])
      const run = await firstEnded(rig, id)
      expect(run).toMatchObject({ outcome: 'crashed', exit_code: 3 })
      expect(run.error).toContain('it exited with code 3')
      expect(run.last_lines).toContain('segmentation fault')
      await rig.ok('archive', id)
      await rig.untilGone(id)
    },
  )

  scenario('acp.errors', 'a limit that only its standard error tells of holds the provider', async (rig) => {
    hire(rig)
    const id = await work(rig, [[{ stderr: 'HTTP 429: rate limit reached, retry after 600 s' }]])
    expect((await firstEnded(rig, id)).outcome).toBe('rate_limited')
    expect(await rig.ok('why', id)).toContain('limit is reached')
    await rig.ok('archive', id)
    await rig.untilGone(id)
  })

  scenario(
    ['acp.login', 'F33'],
    'is logged in by a key, and otherwise the profile is held with the way to log in',
    async (rig) => {
      hire(rig, ['--auth=openai-api-key'])
      const id = await work(rig, [[complete('with a key')]])
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(notes(rig)).toContain('authenticated openai-api-key')
      hire(rig, ['--auth=browser'])
      const other = await work(rig, [[complete('never')]])
      const run = await firstEnded(rig, other)
      expect(run.outcome).toBe('misconfigured')
      expect(run.error).toContain('none of its ways works without a person (browser)')
      await rig.ok('archive', other)
      await rig.untilGone(other)
    },
  )

  scenario(
    ['acp.login', 'F33'],
    'is given the model of its profile, or says which there are',
    async (rig) => {
      hire(rig, ['--models=small,large'], { model: 'large' })
      const id = await work(rig, [[complete('by the large one')]])
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      expect(notes(rig)).toContain('model large')
      expect(rig.board.all('select model from run_agents')).toEqual([{ model: 'large' }])
      hire(rig, ['--models=small,large'], { model: 'huge' })
      const other = await work(rig, [[complete('never')]])
      const run = await firstEnded(rig, other)
      expect(run).toMatchObject({ outcome: 'misconfigured' })
      expect(run.error).toContain('It offers small, large.')
      await rig.ok('archive', other)
      await rig.untilGone(other)
    },
  )

  scenario(['acp.stop', 'F26'], 'is asked to end its turn before it is ended', async (rig) => {
    hire(rig)
    const id = await work(rig, [[{ hang: true }]])
    await rig.until('its turn', () => notes(rig).some((line) => line.startsWith('prompt')))
    await rig.ok('stop', id, '--reason', 'enough')
    await rig.untilStatus(id, 'blocked')
    expect(await rig.untilGone(id)).toMatchObject({ outcome: 'stopped' })
    expect(notes(rig)).toContain('cancelled')
  })

  scenario('acp.errors', 'a flood of words is taken in, and ends in the verdict', async (rig) => {
    hire(rig)
    const id = await work(rig, [[{ flood: 20_000 }, complete('said much')]])
    await rig.untilStatus(id, 'done')
    const run = await rig.untilGone(id)
    expect(run.summary).toBe('said much')
    // One message, cut.
    expect(streamOf(rig, id, run.id).filter(({ kind }) => kind === 'message')).toHaveLength(1)
  })

  scenario('acp.errors', 'a program that does not speak it is named as what it is', async (rig) => {
    rig.addProfile('coder', { agent: 'acp', command: ['/bin/sh', '-c', 'echo usage: nothing; exit 2'] })
    const id = await work(rig, [])
    const run = await firstEnded(rig, id)
    expect(run).toMatchObject({ outcome: 'crashed', exit_code: 2 })
    await rig.ok('archive', id)
    await rig.untilGone(id)
  })

  scenario(
    ['mail.once', 'acp.session'],
    'hears what is said while it works, after its turn, once',
    async (rig) => {
      hire(rig)
      const id = await work(rig, [
        [{ until: 'said' }, { say: 'I stop for a moment.' }],
        [{ until: 'more' }],
        [complete('heard it all')],
      ])
      const started = async (turns: number) =>
        rig.until(
          `turn ${turns}`,
          () => notes(rig).filter((line) => line.startsWith('prompt')).length >= turns,
        )
      await started(1)
      await rig.ok('comment', id, 'Paint it sky blue.')
      rig.signal('said')
      await started(2)
      expect(notes(rig).at(-1)).toContain('comment by alice')
      expect(notes(rig).at(-1)).toContain('Paint it sky blue.')
      await rig.until('the delivery to be recorded', async () =>
        /told to the worker of run 1/.test(await rig.ok('show', id)),
      )
      rig.signal('more')
      await rig.untilStatus(id, 'done')
      await rig.untilGone(id)
      const prompts = notes(rig).filter((line) => line.includes('Paint it sky blue.'))
      expect(prompts).toHaveLength(1)
      expect(rig.board.events({ task: id }).filter(({ kind }) => kind === 'delivered')).toHaveLength(1)
    },
  )

  scenario('mail.fenced', 'is told at the next attempt what did not reach it', async (rig) => {
    hire(rig)
    const id = await work(rig, [
      [{ until: 'said' }, { call: ['kanban_block', { reason: 'Which blue?' }] }],
      [complete('that one')],
    ])
    await rig.until('its turn', () => notes(rig).some((line) => line.startsWith('prompt')))
    await rig.ok('comment', id, 'Said while it worked.')
    rig.signal('said')
    await rig.untilStatus(id, 'blocked')
    await rig.untilGone(id)
    expect(await rig.ok('show', id)).not.toContain('told to the worker')
    await rig.ok('unblock', id)
    await rig.untilStatus(id, 'done')
    await rig.untilGone(id)
    expect(notes(rig).at(-1)).toContain('Said while it worked.')
    expect(await rig.ok('show', id)).toContain('told to the worker of run 2')
  })
})
