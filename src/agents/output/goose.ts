/** The events of `goose run --output-format stream-json`. */
import { Pieces } from './pieces.ts'
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

export function readGoose(): ReadValue {
  const said = new Pieces()
  const part = (content: Fields): StreamItem[] => {
    if (content['type'] !== 'text') return [...said.finish(), ...other(content)]
    said.add(text(content['text']))
    return []
  }
  return (value) => {
    switch (value['type']) {
      case 'message': {
        const message = fields(value['message'])
        const content = items(message['content'])
        return message['role'] === 'assistant' ? content.flatMap(part) : content.flatMap(other)
      }
      case 'error':
        return [
          ...said.finish(),
          { kind: 'error', message: text(value['error']) || 'it failed', status: null, final: true },
        ]
      case 'complete':
        return [...said.finish(), ...used(value)]
      default:
        return []
    }
  }
}

function other(content: Fields): StreamItem[] {
  const id = text(content['id'])
  switch (content['type']) {
    case 'toolRequest': {
      const call = fields(fields(content['toolCall'])['value'])
      return [{ kind: 'tool', id, name: text(call['name']), input: asText(call['arguments']) }]
    }
    case 'toolResponse': {
      const result = fields(content['toolResult'])
      const value = fields(result['value'])
      return [
        {
          kind: 'result',
          id,
          failed: result['status'] === 'error' || value['isError'] === true,
          text: asText(result['error'] ?? value['content'] ?? result['value']),
        },
      ]
    }
    case 'thinking':
      return [{ kind: 'thought', text: text(content['thinking']) }]
    default:
      return []
  }
}

/** What was read from a cache is part of the input. Older versions tell one sum alone, which says nothing of either part. */
function used(value: Fields): StreamItem[] {
  const input = number(value['input_tokens'])
  const output = number(value['output_tokens'])
  if (input + output === 0) return []
  const usage = {
    input,
    cached: number(value['cache_read_input_tokens']),
    output,
    cost: numberOrNull(value['cost_usd']),
  }
  return [{ kind: 'usage', sum: true, usage }]
}
