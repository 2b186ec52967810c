/** The stream of Gemini CLI. */
import { Pieces } from './pieces.ts'
import { asText, fields, number, text, type ReadValue, type StreamItem } from './stream-item.ts'

export function readGemini(): ReadValue {
  const said = new Pieces()
  return (value) => {
    if (value['type'] === 'message' && value['role'] === 'assistant') {
      said.add(text(value['content']))
      return value['delta'] === true ? [] : said.finish()
    }
    return [...said.finish(), ...other(value)]
  }
}

function other(value: Readonly<Record<string, unknown>>): StreamItem[] {
  const id = text(value['tool_id'])
  switch (value['type']) {
    case 'init':
      return [{ kind: 'session', id: text(value['session_id']), model: text(value['model']) }]
    case 'tool_use':
      return [{ kind: 'tool', id, name: text(value['tool_name']), input: asText(value['parameters']) }]
    case 'tool_result':
      return [
        {
          kind: 'result',
          id,
          failed: value['status'] === 'error',
          text: asText(value['output'] ?? fields(value['error'])['message']),
        },
      ]
    case 'error':
      return [{ kind: 'error', message: text(value['message']), status: null, final: false }]
    case 'result': {
      const stats = fields(value['stats'])
      const problem = fields(value['error'])
      return [
        {
          kind: 'usage',
          sum: true,
          usage: {
            input: number(stats['input_tokens']),
            cached: number(stats['cached']),
            output: number(stats['output_tokens']),
            cost: null,
          },
        },
        ...(value['status'] === 'error'
          ? [
              {
                kind: 'error',
                message: text(problem['message']) || 'it failed',
                status: null,
                final: true,
              } as const,
            ]
          : []),
      ]
    }
    default:
      return []
  }
}
