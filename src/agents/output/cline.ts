/** The events of `cline --json`. */
import {
  asText,
  fields,
  number,
  numberOrNull,
  text,
  type Fields,
  type ReadValue,
  type StreamItem,
} from './stream-item.ts'

export function readCline(): ReadValue {
  return (value) => {
    switch (value['type']) {
      case 'hook_event':
        return value['hookEventName'] === 'agent_start' && text(value['taskId']) !== ''
          ? [{ kind: 'session', id: text(value['taskId']) }]
          : []
      case 'agent_event':
        return event(fields(value['event']))
      case 'run_result':
        return result(value)
      case 'error':
        return [
          {
            kind: 'error',
            message: [classOf(value), text(value['message'])].filter(Boolean).join(': ') || 'it failed',
            status: null,
            final: true,
          },
        ]
      default:
        return []
    }
  }
}

function event(value: Fields): StreamItem[] {
  const isTool = value['contentType'] === 'tool'
  switch (value['type']) {
    case 'content_start':
      return isTool
        ? [
            {
              kind: 'tool',
              id: text(value['toolCallId']),
              name: text(value['toolName']),
              input: asText(value['input']),
            },
          ]
        : []
    case 'content_end':
      if (isTool)
        return [
          {
            kind: 'result',
            id: text(value['toolCallId']),
            failed: value['error'] !== undefined,
            text: asText(value['error'] ?? fields(value['output'])['content'] ?? value['output']),
          },
        ]
      return text(value['text']) === ''
        ? []
        : [{ kind: value['contentType'] === 'text' ? 'message' : 'thought', text: text(value['text']) }]
    case 'error': {
      const error = fields(value['error'])
      return [
        {
          kind: 'error',
          message:
            [classOf(value), text(error['message']) || text(value['message'])].filter(Boolean).join(': ') ||
            'it failed',
          status: numberOrNull(error['status'] ?? error['statusCode']),
          final: false,
        },
      ]
    }
    default:
      return []
  }
}

function result(value: Fields): StreamItem[] {
  const usage = fields(value['usage'])
  const found: StreamItem[] = [
    {
      kind: 'usage',
      sum: true,
      usage: {
        input: number(usage['inputTokens']),
        cached: number(usage['cacheReadTokens']),
        output: number(usage['outputTokens']),
        cost: numberOrNull(usage['totalCost']),
      },
    },
  ]
  if (value['finishReason'] === 'error')
    found.push({
      kind: 'error',
      message:
        [classOf(value), text(value['error']) || text(value['text'])].filter(Boolean).join(': ') ||
        'it failed',
      status: null,
      final: true,
    })
  return found
}

/** What it takes an error for, in the words of the rules; it often does not know. */
function classOf(value: Fields): string {
  const found = text(value['errorClass'])
  return found === 'auth' ? 'authentication' : found === 'unknown' ? '' : found
}
