import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { describe, expect, test } from 'vitest'
import { openApp } from '../../src/app.ts'
import { DEFAULT_BOARD_POLICY } from '../../src/kernel/deps.ts'
import { behaviour } from '../behaviours.ts'
import { Home, yardProgram } from '../cli/home.ts'
import { connect, ERAS, type Era, type ToolClient } from './given.ts'

const BOSS = '---\nagent: claude\ndescription: splits work up\norchestrator: true\n---\nSplit it up.\n'
const CODER = '---\nagent: claude\n---\nWrite code.\n'

function givenHome(): Home {
  const home = new Home()
  home.write('profiles/boss.md', BOSS)
  home.write('profiles/coder.md', CODER)
  return home
}

interface Started {
  readonly era?: Era
  readonly env?: Readonly<Record<string, string>>
}

/** The tool server as an agent starts it. */
const start = (home: Home, words: readonly string[], { era, env = {} }: Started = {}): Promise<ToolClient> =>
  connect(
    new StdioClientTransport({
      command: yardProgram,
      args: ['mcp', ...words],
      env: { ...(home.env as Record<string, string>), ...env },
      cwd: home.folder,
      stderr: 'inherit',
    }),
    era,
  )

/** A run as a dispatcher opens it for an agent that reports by a program of its own, with the proof its worker is given. */
async function openRun(home: Home, profile: string) {
  const task = await home.create('in work', '--assignee', profile)
  const workspace = join(home.path, 'workspaces', task)
  mkdirSync(workspace, { recursive: true })
  await using app = await openApp({ env: home.env, version: 'test', program: ['yard'] })
  const opened = await (
    await app.kernel()
  ).openRun(
    {
      taskId: task,
      profile,
      bootId: 'test',
      claimLock: 'here:1',
      maxRuntimeSeconds: null,
      workspace: { path: workspace, kind: 'scratch', repository: null, branch: null },
      logFolder: join(home.path, 'logs', 'runs'),
      policy: DEFAULT_BOARD_POLICY,
      caps: { board: 10, profile: 10 },
    },
    { kind: 'system', name: 'dispatcher', door: 'gateway' },
  )
  if ('refused' in opened) throw new Error(opened.refused.text)
  const file = join(home.folder, `capability-${opened.runId}.json`)
  writeFileSync(file, JSON.stringify({ run_id: opened.runId, task_id: task, secret: opened.secret }), {
    mode: 0o600,
  })
  const identity = { YARD_RUN: String(opened.runId), YARD_TASK: task, YARD_PROFILE: profile }
  return { task, run: opened.runId, workspace, identity, proof: { ...identity, YARD_CAPABILITY_FILE: file } }
}

interface Shown {
  readonly task: { readonly status: string }
  readonly comments: { readonly body: string; readonly author: string }[]
  readonly events: { readonly kind: string; readonly actor: string; readonly door: string }[]
  readonly attachments: { readonly name: string }[]
}

describe.each(ERAS)('yard mcp with a client of the %s era', (era) => {
  behaviour(
    ['tools.eras', 'tools.offered'],
    'gives a person’s own session the tools of an orchestrator',
    async () => {
      using home = givenHome()
      const card = await home.create('first', '--assignee', 'coder')
      await using session = await start(home, ['--profile', 'boss'], { era })
      expect(session.client.getProtocolEra()).toBe(era)
      expect(await session.tools()).toEqual([
        'kanban_show',
        'kanban_comment',
        'kanban_create',
        'kanban_link',
        'kanban_list',
        'kanban_unblock',
        'kanban_attachments',
      ])
      expect(await session.ok('kanban_list')).toMatchObject({
        cards: [{ id: card, title: 'first' }],
        more: false,
        profiles: expect.arrayContaining([
          { name: 'boss', description: 'splits work up' },
          { name: 'coder', description: null },
        ]) as unknown,
      })
      expect(await session.refused('kanban_create', { title: 'x', assignee: 'nobody' })).toMatchObject({
        code: 'unknown_profile',
      })
      const made = await session.ok('kanban_create', { title: 'second', assignee: 'coder', parents: card })
      expect(made).toMatchObject({ status: 'todo', parents: [card] })
      const shown = await home.json<Shown>('show', made['task_id'] as string)
      expect(shown.events[0]).toMatchObject({ kind: 'created', actor: 'alice', door: 'mcp' })
      expect(await session.refused('kanban_show', {})).toMatchObject({ code: 'no_own_card', retryable: true })
      expect(await session.refused('kanban_complete', { summary: 'x' })).toMatchObject({
        code: 'unknown_tool',
      })
    },
  )

  behaviour(
    ['tools.eras', 'F55'],
    'lets the worker of a run report, and attach from its workspace',
    async () => {
      using home = givenHome()
      const { task, workspace, proof } = await openRun(home, 'coder')
      await using worker = await start(home, [], { era, env: { ...proof, MY_TOKEN: 'swordfish-77' } })
      expect(await worker.tools()).toContain('kanban_complete')
      expect(await worker.tools()).not.toContain('kanban_unblock')
      writeFileSync(join(workspace, 'report.md'), 'fine')
      expect(await worker.ok('kanban_attach', { path: 'report.md' })).toMatchObject({
        attachment: { name: 'report.md', size: 4 },
      })
      await worker.ok('kanban_comment', { task_id: task, body: 'the token is swordfish-77' })
      await worker.ok('kanban_complete', { summary: 'all fine' })
      const shown = await home.json<Shown>('show', task)
      expect(shown.task.status).toBe('done')
      expect(shown.comments.map(({ body }) => body)).toEqual(['the token is [masked]'])
      expect(shown.attachments.map(({ name }) => name)).toEqual(['report.md'])
      expect(shown.events.at(-1)).toMatchObject({ kind: 'completed', actor: 'coder', door: 'mcp' })
    },
  )
})

describe('yard mcp', () => {
  behaviour('tools.offered', 'offers nothing without a run or a profile that orchestrates', async () => {
    using home = givenHome()
    expect(await home.refused('mcp')).toContain('Use one of boss.')
    expect(await home.refused('mcp', '--profile', 'coder')).toContain('does not say orchestrator: true')
    expect(await home.refused('mcp', '--profile', 'bos')).toContain('Use one of boss.')
  })

  behaviour(
    ['F15', 'F16', 'tools.offered'],
    'offers nothing to what a worker starts, as an orchestrator least of all',
    async () => {
      using home = givenHome()
      const { task, run, identity, proof } = await openRun(home, 'coder')
      for (const words of [['mcp'], ['mcp', '--profile', 'boss']]) {
        const { code, stdout, stderr } = await home.run(words, { env: identity })
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toContain(`run ${run}`)
      }
      const asBoss = await home.run(['mcp', '--profile', 'boss'], { env: proof })
      expect(asBoss).toMatchObject({ code: 1, stdout: '' })
      expect(asBoss.stderr).toContain('Leave --profile out')
      const wrong = join(home.folder, 'wrong.json')
      writeFileSync(wrong, JSON.stringify({ run_id: run, secret: 'guessed' }), { mode: 0o600 })
      const guessed = await home.run(['mcp'], { env: { ...identity, YARD_CAPABILITY_FILE: wrong } })
      expect(guessed).toMatchObject({ code: 1, stdout: '' })
      expect((await home.json<Shown>('show', task)).task.status).toBe('running')
    },
  )

  behaviour('tools.more', 'gives the run of an orchestrator profile the whole board', async () => {
    using home = givenHome()
    const other = await home.create('other', '--assignee', 'coder')
    const { proof } = await openRun(home, 'boss')
    await using worker = await start(home, [], { env: proof })
    expect(await worker.tools()).toContain('kanban_unblock')
    await worker.ok('kanban_show', { task_id: other })
  })

  test('ends when its client goes away, and prints nothing but the protocol', async () => {
    using home = givenHome()
    const hello = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
    })
    const silent = await home.run(['mcp', '--profile', 'boss'], { stdin: '' })
    expect(silent).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    const server = home.start(['mcp', '--profile', 'boss'], { stdin: `not json\n${hello}\n` })
    const { code, stdout, stderr } = await server.result
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of stdout.split('\n').filter(Boolean))
      expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
  })

  behaviour(
    ['tools.eras', 'tools.answers'],
    'answers what is no message, and batches as one, so that nobody waits for ever',
    async () => {
      using home = givenHome()
      const server = spawn(yardProgram, ['mcp', '--profile', 'boss'], {
        env: home.env,
        cwd: home.folder,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const { stdin } = server
      const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
      const ask = async (line: string): Promise<unknown> => {
        stdin.write(`${line}\n`)
        return JSON.parse(String((await lines.next()).value))
      }
      const refused = (code: number, id: number | null = null) => ({
        jsonrpc: '2.0',
        id,
        error: { code, message: expect.any(String) as string },
      })
      const ping = (id: unknown) => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })
      const params = {
        protocolVersion: '2025-03-26',
        capabilities: {},
        clientInfo: { name: 'x', version: '1' },
      }
      expect(await ask('{nonsense')).toEqual(refused(-32_700))
      expect(
        await ask(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })),
      ).toMatchObject({
        id: 1,
        result: { protocolVersion: '2025-03-26' },
      })
      stdin.write(`\n${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
      expect(await ask('[]')).toEqual(refused(-32_600))
      expect(await ask('7')).toEqual(refused(-32_600))
      expect(await ask(ping({}))).toEqual(refused(-32_600))
      expect(await ask(ping(1.5))).toEqual(refused(-32_600, 1.5))
      expect(await ask(`[${ping(2)}, 7]`)).toEqual(refused(-32_600))
      const list = JSON.stringify({
        jsonrpc: '2.0',
        id: 'list',
        method: 'tools/call',
        params: { name: 'kanban_list', arguments: {} },
      })
      const answers = (await ask(`[${list},${ping(3)}]`)) as { id: unknown }[]
      expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([3, 'list']))
      expect(answers).toHaveLength(2)
      // One that is taken back is not waited for; notifications alone are answered by nothing.
      const back = JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 4 },
      })
      const taken = await ask(`[${list.replace('"list"', '4')},${back},${ping(5)}]`)
      expect(taken).toEqual([{ jsonrpc: '2.0', id: 5, result: {} }])
      stdin.write(`[${back}]\n`)
      // And the connection goes on.
      expect(await ask(ping(6))).toEqual({ jsonrpc: '2.0', id: 6, result: {} })
      stdin.end()
      expect(await once(server, 'exit')).toEqual([0, null])
    },
  )

  behaviour(
    ['fence.accept', 'F13'],
    'keeps what comes too late, and yard accept-late accepts it',
    async () => {
      using home = givenHome()
      const { task, run, proof } = await openRun(home, 'coder')
      await using worker = await start(home, [], { env: proof })
      {
        await using app = await openApp({ env: home.env, version: 'test', program: ['yard'] })
        const evidence = {
          exitCode: null,
          signal: null,
          limit: null,
          lastLines: null,
          elapsedSeconds: 1,
          killed: false,
        }
        const kernel = await app.kernel()
        await kernel.closeRun(
          run,
          { outcome: 'crashed', error: 'it crashed', evidence },
          { actor: 'runner', door: 'runner', runId: null },
        )
      }
      const late = await worker.refused('kanban_complete', { summary: 'done after all' })
      const [, report] = /yard accept-late t_[0-9a-f]+ (\d+)/.exec(String(late['fact'])) ?? []
      expect(await home.ok('accept-late', task, report ?? '')).toContain('done')
      expect((await home.json<Shown>('show', task)).task.status).toBe('done')
    },
  )
})
