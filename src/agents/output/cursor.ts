/** The stream of Cursor Agent: that of Claude Code, with events of its own for tools, and other names for what was used. */
import { readClaude } from './claude.ts'
import { asText, fields, number, text, type Fields, type ReadValue, type StreamItem } from './stream-item.ts'

export function readCursor(): ReadValue {
  const read = readClaude()
  return (value) => {
    if (value['type'] === 'tool_call') return tool(value)
    const { usage, ...rest } = value
    return value['type'] === 'result' ? [...used(fields(usage)), ...read(rest)] : read(value)
  }
}

/** Of the turn; older builds do not tell it. */
function used(usage: Fields): StreamItem[] {
  const cached = number(usage['cacheReadTokens'])
  const input = number(usage['inputTokens']) + number(usage['cacheWriteTokens']) + cached
  const output = number(usage['outputTokens'])
  return input + output === 0
    ? []
    : [{ kind: 'usage', sum: true, usage: { input, cached, output, cost: null } }]
}

/** What is called stands in the name of the only key, as in `shellToolCall`. */
function tool(value: Fields): StreamItem[] {
  const [key, call] =
    Object.entries(fields(value['tool_call'])).find(([name]) => name.endsWith('ToolCall')) ?? []
  if (key === undefined) return []
  const args = fields(fields(call)['args'])
  const id = text(value['call_id'])
  const name = text(args['toolName']) || key.slice(0, -'ToolCall'.length)
  if (value['subtype'] === 'started') return [{ kind: 'tool', id, name, input: asText(args) }]
  const result = fields(fields(call)['result'])
  const failed = !('success' in result)
  const said = asText(Object.values(result)[0])
  return [
    { kind: 'result', id, failed, text: text(fields(result['success'])['stdout']) || said },
    ...('rejected' in result
      ? [{ kind: 'refused', tool: name, message: `the client did not allow ${name}` } as const]
      : []),
  ]
}
