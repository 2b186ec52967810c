/** The events of `copilot --output-format json`. */
import { asText, fields, number, numberOrNull, text, type ReadValue, type StreamItem } from './stream-item.ts'

export function readCopilot(): ReadValue {
  return (value) => {
    const data = fields(value['data'])
    switch (value['type']) {
      case 'session.start':
      case 'session.resume':
        return [{ kind: 'session', id: text(data['sessionId']) }]
      case 'assistant.message':
        return text(data['content']) === '' ? [] : [{ kind: 'message', text: text(data['content']) }]
      case 'assistant.reasoning':
        return [{ kind: 'thought', text: text(data['content']) }]
      case 'tool.execution_start':
        return [
          {
            kind: 'tool',
            id: text(data['toolCallId']),
            name: text(data['toolName']),
            input: asText(data['arguments']),
          },
        ]
      case 'tool.execution_complete': {
        const failed = data['success'] === false
        const told = asText(fields(data['result'])['content'] ?? fields(data['error'])['message'])
        const isRefused = failed && /^Permission denied/i.test(told)
        return [
          { kind: 'result', id: text(data['toolCallId']), failed, text: told },
          ...(isRefused ? [{ kind: 'refused', tool: text(data['toolName']), message: told } as const] : []),
        ]
      }
      case 'assistant.usage':
        return [
          {
            kind: 'usage',
            sum: false,
            usage: {
              input: number(data['inputTokens']),
              cached: number(data['cacheReadTokens']),
              output: number(data['outputTokens']),
              cost: null,
            },
          },
        ]
      case 'model.call_failure':
        return [failure(text(data['errorMessage']) || 'the model could not be called', data, false)]
      case 'session.error':
        return [
          failure([text(data['errorType']), text(data['message'])].filter(Boolean).join(': '), data, true),
        ]
      case 'result':
        return text(value['sessionId']) === '' ? [] : [{ kind: 'session', id: text(value['sessionId']) }]
      default:
        return []
    }
  }
}

const failure = (message: string, data: Readonly<Record<string, unknown>>, final: boolean): StreamItem => ({
  kind: 'error',
  message,
  status: numberOrNull(data['statusCode']),
  final,
})
