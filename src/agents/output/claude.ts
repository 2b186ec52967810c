/** The stream of Claude Code, and of Qwen Code, which speaks the same. */
import {
  asText,
  fields,
  items,
  number,
  numberOrNull,
  text,
  type Fields,
  type ReadValue,
  type StreamItem,
} from './stream-item.ts'

export function readClaude(): ReadValue {
  return (value) => {
    switch (value['type']) {
      case 'system':
        return system(value)
      case 'assistant':
        return items(fields(value['message'])['content']).flatMap(said)
      case 'user':
        return items(fields(value['message'])['content']).flatMap(heard)
      case 'result':
        return result(value)
      default:
        return []
    }
  }
}

function system(value: Fields): StreamItem[] {
  switch (value['subtype']) {
    case 'init': {
      const model = text(value['model'])
      return [{ kind: 'session', id: text(value['session_id']), ...(model === '' ? {} : { model }) }]
    }
    case 'api_retry':
      return [
        {
          kind: 'error',
          message: `${text(value['error']) || 'the provider failed'} (attempt ${number(value['attempt'])} of ${number(value['max_retries'])})`,
          status: numberOrNull(value['error_status']),
          final: false,
        },
      ]
    default:
      return []
  }
}

function said(block: Fields): StreamItem[] {
  switch (block['type']) {
    case 'text':
      return text(block['text']) === '' ? [] : [{ kind: 'message', text: text(block['text']) }]
    case 'thinking':
      return text(block['thinking']) === '' ? [] : [{ kind: 'thought', text: text(block['thinking']) }]
    case 'tool_use': {
      const call: StreamItem = {
        kind: 'tool',
        id: text(block['id']),
        name: text(block['name']),
        input: asText(block['input']),
      }
      const todos = items(fields(block['input'])['todos'])
      return todos.length === 0
        ? [call]
        : [
            call,
            {
              kind: 'plan',
              steps: todos.map((todo) => ({ text: text(todo['content']), status: text(todo['status']) })),
            },
          ]
    }
    default:
      return []
  }
}

const heard = (block: Fields): StreamItem[] =>
  block['type'] === 'tool_result'
    ? [
        {
          kind: 'result',
          id: text(block['tool_use_id']),
          failed: block['is_error'] === true,
          text: asText(block['content']),
        },
      ]
    : []

function result(value: Fields): StreamItem[] {
  const usage = fields(value['usage'])
  const cached = number(usage['cache_read_input_tokens'])
  const found: StreamItem[] = [
    {
      kind: 'usage',
      sum: true,
      usage: {
        input: number(usage['input_tokens']) + number(usage['cache_creation_input_tokens']) + cached,
        cached,
        output: number(usage['output_tokens']),
        cost: numberOrNull(value['total_cost_usd']),
      },
    },
  ]
  for (const denial of items(value['permission_denials']))
    found.push({
      kind: 'refused',
      tool: text(denial['tool_name']),
      message: `the client did not allow ${text(denial['tool_name'])}`,
    })
  if (value['is_error'] === true)
    found.push({
      kind: 'error',
      message:
        text(value['result']) ||
        items(value['errors']).map(asText).join('; ') ||
        text(value['subtype']) ||
        'it failed',
      status: numberOrNull(value['api_error_status']),
      final: true,
    })
  return found
}
