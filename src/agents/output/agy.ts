/** The events of `agy --output-format stream-json`. */
import { Pieces } from './pieces.ts'
import { asText, fields, number, text, type Fields, type ReadValue, type StreamItem } from './stream-item.ts'

export function readAgy(): ReadValue {
  const said = new Pieces()
  const begun = new Set<string>()
  let counted = false

  const step = (update: Fields): StreamItem[] => {
    if (update['step_type'] === 'tool') return [...said.finish(), ...tool(update, begun)]
    if (update['step_type'] !== 'agent_response') return []
    said.add(text(update['text_delta']))
    if (update['state'] === 'ACTIVE') return []
    const used = usageIn(fields(update['usage']))
    counted ||= used.length > 0
    return [...said.finish(), ...used]
  }

  return (value) => {
    switch (value['event']) {
      case 'init': {
        const model = text(fields(value['init'])['model'])
        return [{ kind: 'session', id: text(value['conversation_id']), ...(model === '' ? {} : { model }) }]
      }
      case 'step_update':
        return step(fields(value['step_update']))
      case 'result': {
        const result = fields(value['result'])
        // Its sums leave out what came from a cache.
        const used = counted ? [] : usageIn(fields(result['usage']))
        return [...said.finish(), ...used, ...failure(result)]
      }
      default:
        return []
    }
  }
}

function tool(update: Fields, begun: Set<string>): StreamItem[] {
  const id = String(number(update['step_index']))
  const info = fields(update['tool_info'])
  const name = text(info['name']) || text(update['tool_name'])
  const call: StreamItem[] = begun.has(id)
    ? []
    : [{ kind: 'tool', id, name, input: asText(info['parameters']) }]
  begun.add(id)
  if (update['state'] === 'ACTIVE') return call
  begun.delete(id)
  const failed = update['state'] === 'ERROR'
  const said = failed ? text(fields(info['error'])['message']) : asText(info['output'] ?? update['output'])
  return [
    ...call,
    { kind: 'result', id, failed, text: said },
    ...(failed && /denied|permission/i.test(said)
      ? [{ kind: 'refused', tool: name, message: said } as const]
      : []),
  ]
}

function usageIn(usage: Fields): StreamItem[] {
  const cached = number(usage['cache_read_tokens'])
  const input = number(usage['input_tokens']) + cached
  const output = number(usage['output_tokens'])
  return input + output === 0
    ? []
    : [{ kind: 'usage', sum: false, usage: { input, cached, output, cost: null } }]
}

function failure(result: Fields): StreamItem[] {
  const status = text(result['status'])
  if (status === 'SUCCESS' || status === 'OK') return []
  const error = text(result['error']) || text(fields(result['error'])['message'])
  return [
    { kind: 'error', message: error || `it ended with ${status || 'no status'}`, status: null, final: true },
  ]
}
