/** The events of `codex exec --json`. */
import {
  asText,
  fields,
  items,
  number,
  text,
  type Fields,
  type ReadValue,
  type StreamItem,
} from './stream-item.ts'

export function readCodex(): ReadValue {
  return (value) => {
    switch (value['type']) {
      case 'thread.started':
        return [{ kind: 'session', id: text(value['thread_id']) }]
      case 'item.started':
        return begun(fields(value['item']))
      case 'item.updated':
        return fields(value['item'])['type'] === 'todo_list' ? [plan(fields(value['item']))] : []
      case 'item.completed':
        return done(fields(value['item']))
      case 'turn.completed': {
        const usage = fields(value['usage'])
        return [
          {
            kind: 'usage',
            // Of the whole thread, earlier runs in it included.
            sum: true,
            session: true,
            usage: {
              input: number(usage['input_tokens']),
              cached: number(usage['cached_input_tokens']),
              output: number(usage['output_tokens']),
              cost: null,
            },
          },
        ]
      }
      case 'turn.failed':
        return [failure(text(fields(value['error'])['message']) || 'the turn failed', true)]
      case 'error':
        return [failure(text(value['message']), false)]
      default:
        return []
    }
  }
}

const failure = (message: string, final: boolean): StreamItem => ({
  kind: 'error',
  message,
  status: null,
  final,
})

const plan = (item: Fields): StreamItem => ({
  kind: 'plan',
  steps: items(item['items']).map((step) => ({
    text: text(step['text']),
    status: step['completed'] === true ? 'completed' : 'pending',
  })),
})

function call(item: Fields): StreamItem | null {
  const id = text(item['id'])
  switch (item['type']) {
    case 'mcp_tool_call':
      return {
        kind: 'tool',
        id,
        name: `${text(item['server'])}.${text(item['tool'])}`,
        input: asText(item['arguments']),
      }
    case 'command_execution':
      return { kind: 'tool', id, name: 'shell', input: text(item['command']) }
    case 'web_search':
      return { kind: 'tool', id, name: 'web_search', input: text(item['query']) }
    case 'file_change':
      return {
        kind: 'tool',
        id,
        name: 'edit',
        input: items(item['changes'])
          .map((change) => `${text(change['kind'])} ${text(change['path'])}`)
          .join('\n'),
      }
    default:
      return null
  }
}

function begun(item: Fields): StreamItem[] {
  if (item['type'] === 'todo_list') return [plan(item)]
  const started = call(item)
  return started === null ? [] : [started]
}

function done(item: Fields): StreamItem[] {
  const id = text(item['id'])
  const failed = item['status'] === 'failed' || item['status'] === 'declined'
  switch (item['type']) {
    case 'agent_message':
      return [{ kind: 'message', text: text(item['text']) }]
    case 'reasoning':
      return [{ kind: 'thought', text: text(item['text']) }]
    case 'todo_list':
      return [plan(item)]
    case 'error':
      // It says so and goes on.
      return [{ kind: 'thought', text: text(item['message']) }]
    case 'mcp_tool_call': {
      const problem = text(fields(item['error'])['message'])
      const found: StreamItem[] = [
        {
          kind: 'result',
          id,
          failed: failed || problem !== '',
          text: problem || asText(fields(item['result'])['content']),
        },
      ]
      if (/requires approval|rejected by|not approved|user cancelled/i.test(problem))
        found.push({ kind: 'refused', tool: text(item['tool']), message: problem })
      return found
    }
    case 'command_execution':
      return [{ kind: 'result', id, failed, text: text(item['aggregated_output']) }]
    case 'file_change': {
      const edit = call(item)
      return [...(edit === null ? [] : [edit]), { kind: 'result', id, failed, text: '' }]
    }
    default:
      return []
  }
}
