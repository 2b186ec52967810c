/**
 * The streams of agents that the test suite does not drive, as their programs printed them (droid 0.215.0), or as their
 * documents and users show them.
 */
import { describe, expect, test } from 'vitest'
import { AgentFindings } from '../../src/agents/findings.ts'
import { openOutput } from '../../src/agents/output/read-output.ts'
import type { StreamItem } from '../../src/agents/output/stream-item.ts'
import { CLI_AGENTS } from '../../src/agents/table.ts'

/** What is read from the lines an agent printed, and what is known of its run then. */
async function read(name: string, lines: readonly object[]) {
  const agent = CLI_AGENTS.find((each) => each.name === name)!
  const reader = await openOutput(agent.output)
  const findings = new AgentFindings(agent, () => 0)
  const items: StreamItem[] = [
    ...reader.push(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))),
    ...reader.end(),
  ]
  for (const item of items) findings.take(item)
  return { items, findings }
}
const said = (text: string) => ({ kind: 'message', text })
const used = (input: number, output: number, cached = 0, cost: number | null = null) => ({
  kind: 'usage',
  usage: { input, cached, output, cost },
})

describe('droid', () => {
  const of = { timestamp: 1795946868365, session_id: 's-1' }
  const init = {
    type: 'system',
    subtype: 'init',
    cwd: '/w',
    session_id: 's-1',
    tools: ['Execute'],
    model: 'm',
  }
  const call = {
    type: 'tool_call',
    id: 'call_1',
    messageId: 'm-1',
    toolId: 'Execute',
    toolName: 'Execute',
    parameters: { command: 'echo hello' },
    ...of,
  }

  test('W06: tells its session, words, tools and tokens', async () => {
    const { items, findings } = await read('droid', [
      init,
      { type: 'message', role: 'user', id: 'u-1', text: 'Do the work', ...of },
      { type: 'message', role: 'assistant', id: 'm-1', text: 'I say hello.', ...of },
      call,
      { type: 'tool_result', id: 'call_1', toolId: 'Execute', isError: false, value: 'hello\n', ...of },
      {
        type: 'completion',
        finalText: 'All done.',
        numTurns: 2,
        durationMs: 481,
        usage: {
          input_tokens: 200,
          output_tokens: 40,
          cache_read_input_tokens: 60,
          cache_creation_input_tokens: 30,
          factory_credits: 0,
        },
        ...of,
      },
    ])
    expect(items).toMatchObject([
      { kind: 'session', id: 's-1', model: 'm' },
      said('I say hello.'),
      { kind: 'tool', id: 'call_1', name: 'Execute', input: '{"command":"echo hello"}' },
      { kind: 'result', id: 'call_1', failed: false, text: 'hello\n' },
      used(290, 40, 60),
    ])
    expect(findings.lastTool?.name).toBe('Execute')
  })

  test('F33 F34: tells what it was refused, and by whom', async () => {
    const message = 'Exec ended early: insufficient permission to proceed. Re-run with --auto high.'
    const refused = await read('droid', [
      init,
      call,
      {
        type: 'tool_result',
        id: 'call_1',
        toolId: 'Execute',
        isError: true,
        error: { type: 'tool_error', message: `Error: ${message}` },
        ...of,
      },
      { type: 'error', source: 'cli', message, ...of },
    ])
    expect(refused.findings.refused).toContain('insufficient permission')
    const locked = await read('droid', [
      init,
      { type: 'error', source: 'agent_loop', message: '401 invalid x-api-key', ...of },
      { type: 'error', source: 'cli', message: 'Exec failed', ...of },
    ])
    expect(locked.findings.problem).toMatchObject({ class: 'credential', message: '401 invalid x-api-key' })
    const long = '400 prompt is too long: 210000 tokens > 200000 maximum'
    const { findings } = await read('droid', [
      init,
      { type: 'error', source: 'agent_loop', message: long, ...of },
    ])
    expect(findings.problem).toMatchObject({ class: 'context' })
  })
})

describe('agy', () => {
  const init = { event: 'init', conversation_id: 'c-1', init: { cwd: '/w', tools: ['run_command'] } }
  const step = (step_index: number, state: string, step_type: string, more: object = {}) => ({
    event: 'step_update',
    step_update: { conversation_id: 'c-1', step_index, state, step_type, ...more },
  })
  const tool_info = { name: 'run_command', parameters: { CommandLine: 'git status' } }

  test('W06: tells its conversation, words in pieces, tools and tokens', async () => {
    const { items } = await read('agy', [
      init,
      step(0, 'DONE', 'user_input'),
      step(1, 'ACTIVE', 'agent_response', { text_delta: 'I look ' }),
      step(1, 'DONE', 'agent_response', {
        text_delta: 'around.',
        usage: {
          input_tokens: 7797,
          output_tokens: 278,
          thinking_tokens: 277,
          cache_read_tokens: 12172,
          total_tokens: 8075,
        },
      }),
      step(2, 'ACTIVE', 'tool', { tool_name: 'run_command', tool_info }),
      step(2, 'DONE', 'tool', { tool_name: 'run_command', tool_info: { ...tool_info, output: '## main' } }),
      {
        event: 'result',
        result: {
          conversation_id: 'c-1',
          status: 'SUCCESS',
          usage: { input_tokens: 7896, output_tokens: 282 },
        },
      },
    ])
    expect(items).toMatchObject([
      { kind: 'session', id: 'c-1' },
      said('I look around.'),
      used(7797 + 12172, 278, 12172),
      { kind: 'tool', id: '2', name: 'run_command', input: '{"CommandLine":"git status"}' },
      { kind: 'result', id: '2', failed: false, text: '## main' },
    ])
  })

  test('F34: tells what failed, and what it was refused', async () => {
    const message = 'permission check failed for run_command: Permission denied.'
    const { items, findings } = await read('agy', [
      init,
      step(1, 'ERROR', 'tool', { tool_info: { ...tool_info, error: { type: 'TOOL_ERROR', message } } }),
      {
        event: 'result',
        result: { status: 'ERROR', error: message, usage: { input_tokens: 10, output_tokens: 4 } },
      },
    ])
    expect(items).toMatchObject([
      { kind: 'session' },
      { kind: 'tool' },
      { kind: 'result', failed: true, text: message },
      { kind: 'refused', tool: 'run_command' },
      used(10, 4),
      { kind: 'error', message, final: true },
    ])
    expect(findings.refused).toBe(message)
  })
})

describe('cursor-agent', () => {
  const init = {
    type: 'system',
    subtype: 'init',
    session_id: 's-1',
    model: 'Auto',
    permissionMode: 'default',
  }
  const call = (subtype: string, tool_call: object) => ({
    type: 'tool_call',
    subtype,
    call_id: 'c-1',
    tool_call,
  })
  const args = { command: 'echo hi' }

  test('W06: tells its session, words, tools and tokens', async () => {
    const { items } = await read('cursor-agent', [
      init,
      { type: 'user', message: { role: 'user', content: [{ type: 'text', text: 'Do it' }] } },
      { type: 'thinking', subtype: 'delta', text: 'hm' },
      { type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text: 'I greet.' }] } },
      call('started', { shellToolCall: { args } }),
      call('completed', { shellToolCall: { args, result: { success: { exitCode: 0, stdout: 'hi\n' } } } }),
      call('started', {
        mcpToolCall: { args: { serverIdentifier: 'kanban', toolName: 'kanban_show', args: {} } },
      }),
      {
        type: 'result',
        subtype: 'success',
        is_error: false,
        result: 'I greet.',
        usage: { inputTokens: 120, outputTokens: 45, cacheReadTokens: 10, cacheWriteTokens: 2 },
      },
    ])
    expect(items).toMatchObject([
      { kind: 'session', id: 's-1', model: 'Auto' },
      said('I greet.'),
      { kind: 'tool', id: 'c-1', name: 'shell', input: '{"command":"echo hi"}' },
      { kind: 'result', id: 'c-1', failed: false, text: 'hi\n' },
      { kind: 'tool', name: 'kanban_show' },
      used(132, 45, 10),
    ])
  })

  test('F34: tells what it was refused', async () => {
    const { findings } = await read('cursor-agent', [
      init,
      call('started', { shellToolCall: { args } }),
      call('completed', { shellToolCall: { args, result: { rejected: { ...args, reason: '' } } } }),
      { type: 'result', subtype: 'success', is_error: false, result: '' },
    ])
    expect(findings.refused).toBe('the client did not allow shell')
    expect(findings.lastTool).toEqual({ name: 'shell', input: '{"command":"echo hi"}' })
    expect(findings.usage.input).toBe(0)
  })
})

describe('goose', () => {
  const message = (role: string, ...content: object[]) => ({
    type: 'message',
    message: { id: 'm-1', role, created: 0, content, metadata: {} },
  })
  const text = (words: string) => ({ type: 'text', text: words })

  test('W06: tells words in pieces, tools, tokens and cost', async () => {
    const { items } = await read('goose', [
      message('assistant', text('I look ')),
      message('assistant', text('around.')),
      message('assistant', {
        type: 'toolRequest',
        id: 'c-1',
        toolCall: { status: 'success', value: { name: 'developer__shell', arguments: { command: 'ls' } } },
      }),
      message('user', {
        type: 'toolResponse',
        id: 'c-1',
        toolResult: { status: 'success', value: { content: [text('a.txt')], isError: false } },
      }),
      { type: 'notification', extension_id: 'developer', log: { message: 'ls' } },
      message('assistant', text('Done.')),
      {
        type: 'complete',
        total_tokens: 1290,
        input_tokens: 1234,
        output_tokens: 56,
        cache_read_input_tokens: 1000,
        cache_write_input_tokens: 0,
        cost_usd: 0.01,
      },
    ])
    expect(items).toMatchObject([
      said('I look around.'),
      { kind: 'tool', id: 'c-1', name: 'developer__shell', input: '{"command":"ls"}' },
      { kind: 'result', id: 'c-1', failed: false, text: 'a.txt' },
      said('Done.'),
      used(1234, 56, 1000, 0.01),
    ])
  })

  test('F33: has failed where it said so, although it says in the end that it is complete', async () => {
    const { findings } = await read('goose', [
      { type: 'error', error: 'Authentication error: 401 Unauthorized' },
      { type: 'complete', total_tokens: null },
    ])
    expect(findings.problem).toMatchObject({ class: 'credential' })
    expect(findings.usage.input).toBe(0)
  })
})
