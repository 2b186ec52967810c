/** What an agent tells of its session over the Agent Client Protocol. */
import type { CliAgent } from '../../domain/cli-agent.ts'
import {
  asText,
  fields,
  items,
  number,
  numberOrNull,
  text,
  type Fields,
  type StreamItem,
} from './stream-item.ts'

/** A call of a tool, as far as the agent has told of it. */
export interface ToolCall {
  readonly id: string
  readonly title: string
  /** Of the tool itself, for agents that tell it. */
  readonly name: string
  readonly kind: string
  readonly input: unknown
  readonly paths: readonly string[]
}

/** Of one message, in characters: the raw log has the whole. */
const LONGEST_MESSAGE = 65_536

export class SessionUpdates {
  /** Messages come in pieces; whole ones are told when something else begins. */
  #said: { readonly kind: 'message' | 'thought'; readonly id: string; text: string } | null = null
  readonly #calls = new Map<string, ToolCall>()
  readonly #told = new Set<string>()
  /** Agents tell what a session has cost so far: what it was last; null when that is not known. */
  #cost: number | null
  readonly #counts: CliAgent['counts']

  /** `cost`: what the session had cost when we heard of it last, 0 for one that begins, null when nobody knows. */
  constructor(cost: number | null, counts?: CliAgent['counts']) {
    this.#cost = cost
    this.#counts = counts
  }

  /** One `session/update` from before our first word to the session: what was spent by then is not of this run. */
  before(update: Fields): void {
    const amount = update['sessionUpdate'] === 'usage_update' ? dollarsIn(fields(update['cost'])) : null
    if (amount !== null) this.#cost = Math.min(this.#cost ?? amount, amount)
  }

  /** One `session/update`. */
  take(update: Fields): readonly StreamItem[] {
    const chunk = CHUNKS[text(update['sessionUpdate'])]
    const usage = usageIn(fields(fields(update['_meta'])['usage']))
    return [
      ...(chunk === undefined ? [...this.finish(), ...this.#other(update)] : this.#say(chunk, update)),
      ...usage,
    ]
  }

  /** What was begun and not told yet. */
  finish(): readonly StreamItem[] {
    const said = this.#said
    this.#said = null
    return said === null || said.text.trim() === '' ? [] : [{ kind: said.kind, text: said.text }]
  }

  /** A turn is over; `answer` is what the agent answered to its prompt. */
  endTurn(answer: Fields): readonly StreamItem[] {
    const quota = fields(fields(fields(answer['_meta'])['quota'])['token_count'])
    const usage = usageIn(fields(answer['usage'])).map((item) =>
      this.#counts === 'session' ? { ...item, sum: true, session: true as const } : item,
    )
    return [...this.finish(), ...usage, ...usageIn(quota)]
  }

  /** What is known of a call, with what a question about it adds. */
  call(update: Fields): ToolCall {
    const id = text(update['toolCallId'])
    const known = this.#calls.get(id)
    const told = toolCall(update)
    const merged: ToolCall = {
      id,
      title: told.title || (known?.title ?? ''),
      name: told.name || (known?.name ?? ''),
      kind: told.kind || (known?.kind ?? ''),
      input: isEmpty(told.input) ? known?.input : told.input,
      paths: told.paths.length > 0 ? told.paths : (known?.paths ?? []),
    }
    this.#calls.set(id, merged)
    return merged
  }

  #say(kind: 'message' | 'thought', update: Fields): readonly StreamItem[] {
    const content = text(fields(update['content'])['text'])
    const id = text(update['messageId'])
    const said = this.#said
    if (said !== null && said.kind === kind && said.id === id) {
      if (said.text.length < LONGEST_MESSAGE) said.text += content
      return []
    }
    const before = this.finish()
    this.#said = { kind, id, text: content }
    return before
  }

  #other(update: Fields): readonly StreamItem[] {
    switch (update['sessionUpdate']) {
      case 'tool_call':
      case 'tool_call_update':
        return this.#tool(update)
      case 'plan':
        return [
          {
            kind: 'plan',
            steps: items(update['entries']).map((entry) => ({
              text: text(entry['content']),
              status: text(entry['status']),
            })),
          },
        ]
      case 'usage_update':
        return this.#spent(fields(update['cost']))
      case 'notice': {
        const words = [text(update['title']), text(update['message'])].filter(Boolean).join(': ')
        return update['severity'] === 'error'
          ? [{ kind: 'error', message: words, status: null, final: false }]
          : [{ kind: 'thought', text: words }]
      }
      default:
        return []
    }
  }

  /** Some agents name a call first and tell its input later: it is told once there is something to tell. */
  #tool(update: Fields): readonly StreamItem[] {
    const call = this.call(update)
    const status = text(update['status'])
    const isOver = status === 'completed' || status === 'failed'
    const found: StreamItem[] = []
    if (!this.#told.has(call.id) && (isOver || status === 'in_progress' || !isEmpty(call.input))) {
      this.#told.add(call.id)
      found.push({
        kind: 'tool',
        id: call.id,
        name: call.name || call.title,
        input: isEmpty(call.input) ? call.paths.join('\n') : asText(call.input),
      })
    }
    if (isOver) {
      const content = items(update['content'])
        .map((part) => text(fields(part['content'])['text']) || text(part['path']))
        .filter(Boolean)
        .join('\n')
      found.push({
        kind: 'result',
        id: call.id,
        failed: status === 'failed',
        text: content || asText(update['rawOutput']),
      })
      this.#calls.delete(call.id)
      this.#told.delete(call.id)
    }
    return found
  }

  #spent(cost: Fields): readonly StreamItem[] {
    const amount = dollarsIn(cost)
    if (amount === null) return []
    const before = this.#cost ?? 0
    // One that stands lower than before has begun anew.
    const more = amount < before ? amount : amount - before
    this.#cost = amount
    return more === 0
      ? []
      : [
          {
            kind: 'usage',
            sum: false,
            usage: { input: 0, cached: 0, output: 0, cost: more },
            sessionCost: amount,
          },
        ]
  }
}

const dollarsIn = (cost: Fields): number | null =>
  (text(cost['currency']) || 'USD') === 'USD' ? numberOrNull(cost['amount']) : null

const CHUNKS: Readonly<Record<string, 'message' | 'thought'>> = {
  agent_message_chunk: 'message',
  agent_thought_chunk: 'thought',
}

const toolCall = (update: Fields): ToolCall => ({
  id: text(update['toolCallId']),
  title: text(update['title']),
  name: text(update['name']),
  kind: text(update['kind']),
  input: update['rawInput'],
  paths: [
    ...items(update['locations']),
    ...items(update['content']).filter((part) => part['type'] === 'diff'),
  ]
    .map((place) => text(place['path']))
    .filter(Boolean),
})

const isEmpty = (input: unknown): boolean =>
  input === undefined ||
  input === null ||
  (typeof input === 'object' && !Array.isArray(input) && Object.keys(input).length === 0)

type UsageItem = Extract<StreamItem, { kind: 'usage' }>

/** Names differ, and so does whether what came from a cache is part of the input: it is where the total says so. */
function usageIn(usage: Fields): readonly UsageItem[] {
  const input = number(usage['inputTokens'] ?? usage['input_tokens'])
  const output = number(usage['outputTokens'] ?? usage['output_tokens'])
  if (input === 0 && output === 0) return []
  const cached = number(usage['cachedReadTokens']) + number(usage['cachedWriteTokens'])
  const total = numberOrNull(usage['totalTokens'])
  const isBeside = total !== null && total >= input + output + cached
  return [
    {
      kind: 'usage',
      sum: false,
      usage: {
        input: isBeside ? input + cached : input,
        cached: number(usage['cachedReadTokens']),
        output,
        cost: null,
      },
    },
  ]
}
