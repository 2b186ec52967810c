/** The events of `opencode run --format json`. */
import { asText, fields, number, text, type ReadValue } from './stream-item.ts'

export function readOpencode(): ReadValue {
  let session = ''
  return (value) => {
    const part = fields(value['part'])
    const id = text(value['sessionID'])
    const begins = id !== '' && id !== session
    session = id || session
    return [...(begins ? [{ kind: 'session', id } as const] : []), ...event(value, part)]
  }
}

function event(
  value: Readonly<Record<string, unknown>>,
  part: Readonly<Record<string, unknown>>,
): ReturnType<ReadValue> {
  switch (value['type']) {
    case 'text':
      return [{ kind: 'message', text: text(part['text']) }]
    case 'reasoning':
      return [{ kind: 'thought', text: text(part['text']) }]
    case 'tool_use': {
      const state = fields(part['state'])
      const call = text(part['callID'])
      const failed = state['status'] === 'error'
      const told = asText(failed ? state['error'] : state['output'])
      const tool = text(part['tool'])
      const isRefused = failed && /rejected permission/i.test(told)
      return [
        { kind: 'tool', id: call, name: tool, input: asText(state['input']) },
        { kind: 'result', id: call, failed, text: told },
        ...(isRefused ? [{ kind: 'refused', tool, message: told } as const] : []),
      ]
    }
    case 'step_finish': {
      const tokens = fields(part['tokens'])
      const cached = number(fields(tokens['cache'])['read'])
      return [
        {
          kind: 'usage',
          sum: false,
          usage: {
            input: number(tokens['input']) + cached,
            cached,
            output: number(tokens['output']) + number(tokens['reasoning']),
            cost: number(part['cost']),
          },
        },
      ]
    }
    case 'error': {
      const error = fields(value['error'])
      const data = fields(error['data'])
      return [
        {
          kind: 'error',
          message: text(data['message']) || text(error['message']) || text(error['name']) || 'it failed',
          status: typeof data['statusCode'] === 'number' ? data['statusCode'] : null,
          final: true,
        },
      ]
    }
    default:
      return []
  }
}
