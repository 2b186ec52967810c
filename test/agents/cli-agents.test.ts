import { describe, expect, test } from 'vitest'
import { compileStart } from '../../src/agents/compile-start.ts'
import {
  CONDITIONS,
  drivenBy,
  DRIVERS,
  PERMISSIONS,
  type CliAgent,
  type Condition,
} from '../../src/domain/cli-agent.ts'
import { classifyError, retryTimeIn } from '../../src/agents/error-class.ts'
import { AgentFindings } from '../../src/agents/findings.ts'
import { openOutput } from '../../src/agents/output/read-output.ts'
import { CLI_AGENTS, agentTable } from '../../src/agents/table.ts'
import { aPlace, frontMatter } from './given.ts'

const VALUES = {
  prompt: 'do {model} it',
  task: 't_1',
  profile: 'coder',
  tenant: '',
  model: 'large',
  session: '0000-1',
  workspace: '/work',
  folder: '/run',
  skills: '/run/skills',
  mcp_url: 'http://127.0.0.1:1/mcp',
  mcp_token: 'token-of-the-run',
  git_dir: '/git/dir',
  git_common_dir: '/git',
  home: '/home/me',
}
const start = (agent: CliAgent, conditions: readonly Condition[], more: readonly string[] = []) =>
  compileStart(agent, { values: VALUES, conditions: new Set(conditions), more, folder: '/run' })

const WAYS = CLI_AGENTS.flatMap((agent) =>
  DRIVERS.flatMap((driver) => {
    const row = drivenBy(agent, driver)
    return row === null ? [] : [[agent.name, driver, row] as const]
  }),
)

describe.each(WAYS)('the row of %s, driven by %s', (_, driver, agent) => {
  test.each(PERMISSIONS.map((name) => [name]))(
    'gives a command line under every condition with permissions %s',
    (permissions) => {
      for (let bits = 0; bits < 2 ** CONDITIONS.length; bits++) {
        const conditions = CONDITIONS.filter((name, at) => (bits & (1 << at)) !== 0 && !isPermission(name))
        const { arguments: list, env, files } = start(agent, [...conditions, permissions])
        expect(
          [...list, ...Object.values(env), ...files.map(({ content }) => content)].join('\n'),
        ).not.toMatch(/undefined|\{mcp_|\{session\}/)
      }
    },
  )

  test('keeps the token of the run out of the command line, and in private files', () => {
    const { arguments: list, files } = start(agent, CONDITIONS)
    expect(list.join(' ')).not.toContain(VALUES.mcp_token)
    for (const { mode } of files) expect(mode).toBe(0o600)
  })

  test('is given its tools, or the way to report by the command line', () => {
    const { arguments: list, env, files } = start(agent, CONDITIONS)
    const given = [...list, ...Object.values(env), ...files.map(({ content }) => content)].join('\n')
    // The protocol itself hands them over.
    expect(given.includes(VALUES.mcp_url)).toBe(agent.tools === 'mcp' && driver !== 'acp')
  })

  test('is told what to do once: on its input or in its arguments', () => {
    const { arguments: list, stdin } = start(agent, ['full'])
    expect([...list, stdin ?? ''].filter((text) => text.includes('do {model} it'))).toHaveLength(
      driver === 'command' ? 1 : 0,
    )
  })

  test('takes the arguments of a profile as they are', () => {
    expect(start(agent, ['full'], ['--effort', '{model}']).arguments).toContain('{model}')
  })
})

const isPermission = (name: Condition): boolean => (PERMISSIONS as readonly string[]).includes(name)

describe('a profile of an agent', () => {
  const problems = (yaml: string): readonly string[] => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter(yaml))
    const finding = place.known.find('coder')
    return finding.state === 'broken' ? finding.problems.map((problem) => problem.replace(/^\S+ /, '')) : []
  }

  test('may choose another driver where its agent has one', () => {
    expect(problems('agent: qwen\ndriver: acp')).toEqual([])
    expect(problems('agent: claude\ndriver: acp')).toEqual([
      'agent claude cannot be driven by acp: it has stream-json and command',
    ])
    expect(problems('agent: acp')).toEqual([
      'the first word of command is the program to start, for example command: [my-agent, acp]',
    ])
    expect(problems('agent: command\ncommand: [x]\ndriver: acp')[0]).toContain('write agent: acp')
  })

  test('may name another program and further arguments, but none that are the board’s', () => {
    expect(problems('agent: claude\ncommand: [/opt/claude, --effort, high]')).toEqual([])
    expect(problems('agent: claude\ncommand: [claude, --resume=x]')).toEqual([
      '--resume is given by the board itself; a second one would break the run. Remove it',
    ])
    expect(problems('agent: claude\ncommand: ["{task}"]')).toHaveLength(1)
  })

  test('is told which permissions its agent offers', () => {
    expect(problems('agent: cline\npermissions: board')).toEqual([
      'agent cline cannot be held to board: it offers full',
    ])
  })

  test('that asks for a program which is not there is told how to get it', () => {
    using place = aPlace()
    place.write('home/profiles/coder.md', frontMatter('agent: claude'))
    expect(place.check({ profile: 'coder' })).toMatchObject({
      ok: false,
      problems: [{ code: 'missing_program', next: expect.stringContaining('npm install -g') as string }],
    })
  })

  test('says whose limits it shares, and begins anew when what its workers are told has changed', () => {
    using place = aPlace()
    const identify = (yaml: string, instructions = '') => {
      place.write('home/profiles/coder.md', frontMatter(yaml, instructions))
      const finding = place.profiles().find('coder')
      if (finding.state !== 'found') throw new Error('not found')
      return agentTable().find('claude')!.identify!(finding.profile)
    }
    const usual = identify('agent: claude')
    expect(usual.provider).toBe('anthropic')
    expect(identify('agent: claude\nprovider: my-proxy').provider).toBe('my-proxy')
    expect(identify('agent: claude').fingerprint).toBe(usual.fingerprint)
    expect(identify('agent: claude', 'Be kind.').fingerprint).not.toBe(usual.fingerprint)
  })
})

describe('F32 F33 what an agent says went wrong', () => {
  test.each([
    ['unexpected status 401 Unauthorized: bad key', 'credential'],
    ['authentication_failed (attempt 1 of 3)', 'credential'],
    ['Invalid API key · Please run /login', 'credential'],
    ['exceeded retry limit, last status: 429 Too Many Requests', 'quota'],
    ['You exceeded your current quota, please check your plan and billing details', 'quota'],
    ['Claude AI usage limit reached|1795250982', 'quota'],
    ['The model `gpt-9` does not exist or you do not have access to it', 'model'],
    ['status 404: model not found', 'model'],
    ['prompt is too long: 210000 tokens > 200000 maximum', 'context'],
    ['This model’s maximum context length is 128000 tokens', 'context'],
    ['API Error: 529 Overloaded', 'transient'],
    ['fetch failed: ECONNREFUSED 127.0.0.1:1', 'transient'],
    ['the tests failed in line 429 of door.ts', null],
    ['I am afraid I cannot do that', null],
  ] as const)('%s', (message, expected) => {
    expect(classifyError({ message })).toBe(expected)
  })

  test('the status of an answer decides before its words do', () => {
    expect(classifyError({ message: 'please log in to our network', status: 429 })).toBe('quota')
  })

  const NOW = 1_795_248_000
  test.each([
    ['Please try again in 20s.', 20],
    ['try again in 1m30s', 90],
    ['Rate limit reached, retry after 2 hours and 5 minutes', 7_500],
    ['{"error":"slow down","retry_after": 7}', 7],
    ['usage limit reached|1795250982', 2_982],
    ['resets at 2026-11-21T09:00:00Z', 3_600],
    ['try again in 400 ms', 1],
    ['retried 5 times (total retry wait time: 50.50 seconds) 429 Please try again in 4s.', 4],
    ['Retrying in 60s (attempt 1/10): 429 Please try again in 4s.', 4],
    ['Retrying in 60s (attempt 1/10)', null],
    ['try again later', null],
    ['it worked in 20s', null],
  ] as const)('%s', (message, wait) => {
    expect(retryTimeIn(message, NOW)).toBe(wait === null ? null : NOW + wait)
  })

  test('getting on takes back what went wrong before; what says less takes nothing away', () => {
    const findings = new AgentFindings({ errors: [] }, () => NOW)
    findings.take({ kind: 'error', message: 'status 429', status: null, final: false })
    findings.take({ kind: 'error', message: 'the turn failed', status: null, final: true })
    expect(findings).toMatchObject({ problem: { class: 'quota' }, repeats: 2, hasAnswered: false })
    findings.take({ kind: 'message', text: 'hello' })
    expect(findings).toMatchObject({ problem: null, repeats: 0, hasAnswered: true })
  })
})

describe('what agents print', () => {
  const read = async (format: Parameters<typeof openOutput>[0], ...values: readonly unknown[]) => {
    const reader = await openOutput(format)
    const text = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n')
    // In pieces that end anywhere, as pipes give them.
    const bytes = Buffer.from(`${text}\n`)
    const found = []
    for (let at = 0; at < bytes.length; at += 7) found.push(...reader.push(bytes.subarray(at, at + 7)))
    return [...found, ...reader.end()]
  }

  test('claude', async () => {
    const items = await read(
      'claude',
      { type: 'system', subtype: 'init', session_id: 's', model: 'm' },
      {
        type: 'system',
        subtype: 'api_retry',
        attempt: 1,
        max_retries: 3,
        error_status: 429,
        error: 'rate_limit',
      },
      'not JSON at all',
      { type: 'assistant', message: { content: [{ type: 'text', text: 'grün' }] } },
      {
        type: 'assistant',
        message: { content: [{ type: 'tool_use', id: '1', name: 'Bash', input: { command: 'ls' } }] },
      },
      {
        type: 'user',
        message: { content: [{ type: 'tool_result', tool_use_id: '1', is_error: true, content: 'no' }] },
      },
      {
        type: 'result',
        is_error: false,
        total_cost_usd: 0.5,
        usage: {
          input_tokens: 5,
          cache_read_input_tokens: 2,
          cache_creation_input_tokens: 1,
          output_tokens: 3,
        },
        permission_denials: [{ tool_name: 'Bash' }],
      },
    )
    expect(items).toMatchObject([
      { kind: 'session', id: 's', model: 'm' },
      { kind: 'error', status: 429, final: false },
      { kind: 'message', text: 'grün' },
      { kind: 'tool', name: 'Bash', input: '{"command":"ls"}' },
      { kind: 'result', failed: true, text: 'no' },
      { kind: 'usage', usage: { input: 8, cached: 2, output: 3, cost: 0.5 } },
      { kind: 'refused', tool: 'Bash' },
    ])
  })

  test('codex', async () => {
    const items = await read(
      'codex',
      { type: 'thread.started', thread_id: 't' },
      {
        type: 'item.started',
        item: { id: '1', type: 'mcp_tool_call', server: 'kanban', tool: 'kanban_show', arguments: {} },
      },
      {
        type: 'item.completed',
        item: {
          id: '1',
          type: 'mcp_tool_call',
          tool: 'kanban_show',
          status: 'completed',
          result: { content: [{ type: 'text', text: 'ok' }] },
        },
      },
      { type: 'item.completed', item: { id: '2', type: 'agent_message', text: 'done' } },
      { type: 'turn.failed', error: { message: 'status 429' } },
      { type: 'turn.completed', usage: { input_tokens: 5, cached_input_tokens: 1, output_tokens: 2 } },
    )
    expect(items).toMatchObject([
      { kind: 'session', id: 't' },
      { kind: 'tool', name: 'kanban.kanban_show' },
      { kind: 'result', failed: false, text: 'ok' },
      { kind: 'message', text: 'done' },
      { kind: 'error', final: true },
      { kind: 'usage', usage: { input: 5, cached: 1, output: 2, cost: null } },
    ])
  })

  test('gemini, whose messages come in pieces', async () => {
    const said = (content: string) => ({ type: 'message', role: 'assistant', content, delta: true })
    expect(
      await read('gemini', { type: 'init', session_id: 's', model: 'm' }, said('he'), said('llo'), {
        type: 'tool_use',
        tool_name: 'ls',
        tool_id: '1',
        parameters: {},
      }),
    ).toMatchObject([{ kind: 'session' }, { kind: 'message', text: 'hello' }, { kind: 'tool', name: 'ls' }])
  })
})
