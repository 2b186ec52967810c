/** The events of `droid exec --output-format stream-json`. */
import { asText, fields, number, text, type ReadValue } from './stream-item.ts'

export function readDroid(): ReadValue {
  return (value) => {
    const id = text(value['id'])
    switch (value['type']) {
      case 'system':
        return value['subtype'] === 'init'
          ? [{ kind: 'session', id: text(value['session_id']), model: text(value['model']) }]
          : []
      case 'message':
        return value['role'] === 'assistant' && text(value['text']) !== ''
          ? [{ kind: 'message', text: text(value['text']) }]
          : []
      case 'tool_call':
        return [{ kind: 'tool', id, name: text(value['toolName']), input: asText(value['parameters']) }]
      case 'tool_result': {
        const failed = value['isError'] === true
        const said = asText(value['value'] ?? fields(value['error'])['message'])
        return [
          { kind: 'result', id, failed, text: said },
          ...(failed && /insufficient permission/i.test(said)
            ? [{ kind: 'refused', tool: text(value['toolId']), message: said } as const]
            : []),
        ]
      }
      case 'completion': {
        const usage = fields(value['usage'])
        const cached = number(usage['cache_read_input_tokens'])
        return [
          {
            kind: 'usage',
            sum: true,
            usage: {
              input: number(usage['input_tokens']) + number(usage['cache_creation_input_tokens']) + cached,
              cached,
              output: number(usage['output_tokens']),
              cost: null,
            },
          },
        ]
      }
      case 'error':
        return [
          {
            kind: 'error',
            message: text(value['message']) || 'it failed',
            status: null,
            final: value['source'] === 'cli',
          },
        ]
      default:
        return []
    }
  }
}
