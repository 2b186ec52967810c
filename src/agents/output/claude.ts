/** The stream of Claude Code, and of Qwen Code and Amp, which speak the same. */
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
  type Usage,
} from './stream-item.ts'

export function readClaude(): ReadValue {
  const answers = new Map<string | number, Tokens>()
  return (value) => {
    switch (value['type']) {
      case 'system':
        return system(value)
      case 'assistant': {
        const message = fields(value['message'])
        const found = items(message['content']).flatMap(said)
        const tokens = tokensOf(fields(message['usage']))
        // Amp gives its answers no ids, and tells each of them once.
        const id = text(message['id']) || answers.size
        if (!larger(tokens, answers.get(id))) return found
        answers.set(id, tokens)
        return [
          ...found,
          { kind: 'usage', sum: true, usage: { ...total([...answers.values()]), cost: null } },
        ]
      }
      case 'user':
        return items(fields(value['message'])['content']).flatMap(heard)
      case 'result':
        return result(value, total([...answers.values()]))
      default:
        return []
    }
  }
}

type Tokens = Omit<Usage, 'cost'>

const tokensOf = (usage: Fields): Tokens => {
  const cached = number(usage['cache_read_input_tokens'])
  return {
    input: number(usage['input_tokens']) + number(usage['cache_creation_input_tokens']) + cached,
    cached,
    output: number(usage['output_tokens']),
  }
}

/** An answer is told in several messages, and the tokens of the whole with each of them or only with one. */
const larger = (tokens: Tokens, than: Tokens = { input: 0, cached: 0, output: 0 }): boolean =>
  tokens.input > than.input || tokens.output > than.output

const total = (all: readonly Tokens[]): Tokens =>
  all.reduce(
    (sum, { input, cached, output }) => ({
      input: sum.input + input,
      cached: sum.cached + cached,
      output: sum.output + output,
    }),
    { input: 0, cached: 0, output: 0 },
  )

/**
 * What the turn used in the end, with what its helpers used. Claude Code tells the models' part since its last result; its
 * other sums, and all those of Qwen Code, go on from run to run where a session is gone on with. Amp tells nothing here,
 * which takes nothing away from what its answers told (`answered`).
 */
function used(value: Fields, answered: Tokens): StreamItem[] {
  const models = Object.values(fields(value['model_usage_since_last_result'])).map(fields)
  const cost = numberOrNull(value['total_cost_usd'])
  if (models.length === 0) {
    if (!('usage' in value))
      return cost === null ? [] : [{ kind: 'usage', sum: true, usage: { ...answered, cost } }]
    const usage = { ...tokensOf(fields(value['usage'])), cost }
    return cost === null
      ? [{ kind: 'usage', sum: true, session: true, usage }]
      : [{ kind: 'usage', sum: true, usage }]
  }
  const tokens = models.map((model) => {
    const cached = number(model['cacheReadInputTokens'])
    return {
      input: number(model['inputTokens']) + number(model['cacheCreationInputTokens']) + cached,
      cached,
      output: number(model['outputTokens']),
    }
  })
  const costs = models.map((model) => number(model['costUSD']))
  return [
    {
      kind: 'usage',
      sum: true,
      usage: { ...total(tokens), cost: costs.reduce((sum, each) => sum + each, 0) },
    },
  ]
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

const FOR_THE_MODEL = /^\[?API Error: /

function said(block: Fields): StreamItem[] {
  switch (block['type']) {
    case 'text': {
      const words = text(block['text'])
      if (words === '') return []
      // Said in the model's place by the client, which was refused by the provider; the result repeats it.
      return FOR_THE_MODEL.test(words)
        ? [{ kind: 'error', message: words, status: null, final: false }]
        : [{ kind: 'message', text: words }]
    }
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

function result(value: Fields, answered: Tokens): StreamItem[] {
  const found = used(value, answered)
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
        text(fields(value['error'])['message']) ||
        items(value['errors']).map(asText).join('; ') ||
        text(value['subtype']) ||
        'it failed',
      status: numberOrNull(value['api_error_status']),
      final: true,
    })
  return found
}
