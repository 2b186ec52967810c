/**
 * A model that does what a test says: one HTTP server that speaks the dialects of four providers, so that real agents can be
 * driven to the end without a key and without a network. It remembers nothing. Each of its answers names its step, agents
 * send the whole conversation with every request, and so the conversation itself says which step is due.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export type Step =
  /** Calls a tool, found by the end of its name. */
  | {
      readonly tool: string
      readonly args: Record<string, unknown>
      /** Waits for this first. */
      readonly after?: Promise<unknown>
    }
  /** Says something and ends its turn. */
  | { readonly say: string }
  /** Answers with an error so many times, over all requests of the script; then goes on. */
  | {
      readonly status: number
      readonly times: number
      readonly message?: string
      readonly retryAfter?: number
    }
  /** Never answers. */
  | { readonly hang: true }
/** A step may depend on what was said so far: the ids of cards it made, for example. */
export type Script = readonly (Step | ((conversation: string) => Step))[]

export interface ModelRequest {
  readonly dialect: string
  readonly script: string | null
  readonly step: number
  readonly tools: readonly string[]
  readonly body: string
}

interface Reply {
  readonly id: string
  readonly say: string
  readonly call: { readonly tool: OfferedTool; readonly args: Record<string, unknown> } | null
}
interface OfferedTool {
  readonly name: string
  readonly namespace?: string
}
type Body = Record<string, unknown>
interface Dialect {
  readonly isFor: (path: string) => boolean
  readonly tools: (body: Body) => OfferedTool[]
  readonly answer: (response: ServerResponse, reply: Reply, request: { body: Body; path: string }) => void
  readonly refuse: (status: number, message: string) => unknown
}

export class ScriptedModel implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      console.error('the scripted model failed', error)
      response.destroy()
    })
  })
  readonly #scripts = new Map<string, { readonly steps: Script; readonly edition: number }>()
  readonly #refusals = new Map<string, number>()
  readonly #end = new AbortController()
  readonly requests: ModelRequest[] = []
  /** What a step means to an agent that is not offered the board's tools. */
  translate: (step: Step) => Step = (step) => step
  #ids = 0

  static async open(): Promise<ScriptedModel> {
    const model = new ScriptedModel()
    model.#server.listen(0, '127.0.0.1')
    await once(model.#server, 'listening')
    return model
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What the model does on cards whose title holds `[[name]]`; given once more, it begins anew whatever it said before. */
  script(name: string, steps: Script): void {
    this.#scripts.set(name, { steps, edition: (this.#scripts.get(name)?.edition ?? 0) + 1 })
    this.#refusals.clear()
  }

  /** The requests that were made for a script, with tools on offer. */
  asked(name: string): readonly ModelRequest[] {
    return this.requests.filter((request) => request.script === name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://model').pathname
    let raw = ''
    for await (const chunk of request.setEncoding('utf8')) raw += String(chunk)
    const found = Object.entries(DIALECTS).find(([, dialect]) => dialect.isFor(path))
    if (request.method !== 'POST' || found === undefined)
      return sendJson(response, ...aside(request.method, path))
    const [name, dialect] = found
    const body = JSON.parse(raw || '{}') as Body
    const tools = dialect.tools(body)
    const script = tools.length === 0 ? null : this.#scriptOf(raw)
    const step = nextStep(raw, this.#markOf(script))
    this.requests.push({ dialect: name, script, step, tools: tools.map((tool) => tool.name), body: raw })
    // Side requests, for titles and the like, come without tools.
    if (script === null)
      return dialect.answer(response, { id: this.#id(), say: 'ok', call: null }, { body, path })
    await this.#perform(script, step, { raw, tools, dialect, response, body, path })
  }

  async #perform(
    script: string,
    number: number,
    given: {
      raw: string
      tools: OfferedTool[]
      dialect: Dialect
      response: ServerResponse
      body: Body
      path: string
    },
  ): Promise<void> {
    const { dialect, response } = given
    const steps = this.#scripts.get(script)?.steps ?? []
    // Refusals take no step of the conversation, because the agent never hears of them.
    const heard = steps.filter((step) => !isRefusal(step))
    const due = heard[number] ?? { say: 'There is nothing left to do.' }
    for (const refusal of steps.slice(0, steps.indexOf(due) === -1 ? steps.length : steps.indexOf(due))) {
      if (!isRefusal(refusal)) continue
      const key = `${script}:${steps.indexOf(refusal)}`
      const sent = this.#refusals.get(key) ?? 0
      if (sent >= refusal.times) continue
      this.#refusals.set(key, sent + 1)
      response.setHeader('content-type', 'application/json')
      if (refusal.retryAfter !== undefined) response.setHeader('retry-after', String(refusal.retryAfter))
      response.statusCode = refusal.status
      response.end(
        JSON.stringify(dialect.refuse(refusal.status, refusal.message ?? `scripted ${refusal.status}`)),
      )
      return
    }
    const step = this.translate(typeof due === 'function' ? due(given.raw) : due)
    if ('hang' in step) {
      await pause(600_000, undefined, { signal: this.#end.signal }).catch(() => undefined)
      return
    }
    const mark = `(step ${number} of ${this.#markOf(script)})`
    if ('say' in step)
      return dialect.answer(response, { id: this.#id(), say: `${step.say} ${mark}`, call: null }, given)
    if (!('tool' in step)) throw new Error('a refusal is answered above')
    await step.after
    const tool =
      given.tools.find(({ name }) => name === step.tool) ??
      given.tools.find(({ name }) => name.endsWith(step.tool))
    const reply: Reply =
      tool === undefined
        ? { id: this.#id(), say: `I would call ${step.tool}, and am not offered it. ${mark}`, call: null }
        : { id: this.#id(), say: `Calling ${step.tool}. ${mark}`, call: { tool, args: step.args } }
    dialect.answer(response, reply, given)
  }

  #markOf(script: string | null): string {
    const edition = script === null ? undefined : this.#scripts.get(script)?.edition
    return edition === undefined || edition === 1 ? `${script}` : `${script}, edition ${edition}`
  }

  #scriptOf(raw: string): string | null {
    for (const [, name] of raw.matchAll(/\[\[([\w-]+)\]\]/g))
      if (name !== undefined && this.#scripts.has(name)) return name
    return null
  }

  #id(): string {
    this.#ids++
    return this.#ids.toString(36).padStart(6, '0')
  }
}

const isRefusal = (step: Script[number]): step is Extract<Step, { status: number }> =>
  typeof step !== 'function' && 'status' in step

function nextStep(raw: string, mark: string): number {
  const done = [...raw.matchAll(/\(step (\d+) of ([\w, -]+)\)/g)]
    .filter(([, , said]) => said === mark)
    .map(([, number]) => Number(number))
  return done.length === 0 ? 0 : Math.max(...done) + 1
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** What clients ask besides. */
function aside(method: string | undefined, path: string): [number, unknown] {
  if (method === 'HEAD') return [200, {}]
  if (/count_?tokens$/i.test(path)) return [200, { input_tokens: 10, totalTokens: 10 }]
  if (path.endsWith('/models'))
    return [
      200,
      {
        object: 'list',
        data: [{ id: 'scripted', object: 'model', created: 0, owned_by: 'test' }],
        models: [],
      },
    ]
  return [404, { error: { type: 'not_found_error', message: `nothing at ${method} ${path}` } }]
}

function stream(
  response: ServerResponse,
  events: readonly (readonly [name: string | null, data: unknown])[],
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [name, data] of events) {
    if (name !== null) response.write(`event: ${name}\n`)
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  }
  response.end()
}

const list = (value: unknown): Body[] => (Array.isArray(value) ? (value as Body[]) : [])
const named = (tools: readonly Body[]): OfferedTool[] =>
  tools.flatMap(({ name }) => (typeof name === 'string' ? [{ name }] : []))

/** Tokens of every answer, for whoever counts. */
const TOKENS = { input: 100, output: 20 } as const

const messages: Dialect = {
  isFor: (path) => path.endsWith('/messages'),
  tools: (body) => named(list(body['tools'])),
  answer(response, { id, say, call }, { body }) {
    const blocks: Body[] = [{ type: 'text', text: say }]
    if (call !== null)
      blocks.push({ type: 'tool_use', id: `toolu_${id}`, name: call.tool.name, input: call.args })
    const usage = {
      input_tokens: TOKENS.input,
      output_tokens: TOKENS.output,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    }
    const message = {
      id: `msg_${id}`,
      type: 'message',
      role: 'assistant',
      model: body['model'],
      stop_sequence: null,
      usage,
    }
    const stop = { stop_reason: call === null ? 'end_turn' : 'tool_use' }
    if (body['stream'] !== true) return sendJson(response, 200, { ...message, ...stop, content: blocks })
    stream(response, [
      event('message_start', { message: { ...message, content: [], stop_reason: null } }),
      ...blocks.flatMap((block, index) => [
        event('content_block_start', {
          index,
          content_block: block['type'] === 'text' ? { type: 'text', text: '' } : { ...block, input: {} },
        }),
        event('content_block_delta', {
          index,
          delta:
            block['type'] === 'text'
              ? { type: 'text_delta', text: block['text'] }
              : { type: 'input_json_delta', partial_json: JSON.stringify(block['input']) },
        }),
        event('content_block_stop', { index }),
      ]),
      event('message_delta', {
        delta: { ...stop, stop_sequence: null },
        usage: { output_tokens: TOKENS.output },
      }),
      event('message_stop', {}),
    ])
  },
  refuse: (status, message) => ({
    type: 'error',
    error: {
      type:
        { 401: 'authentication_error', 404: 'not_found_error', 429: 'rate_limit_error' }[status] ??
        'api_error',
      message,
    },
  }),
}
const event = (type: string, fields: Body) => [type, { type, ...fields }] as const

const inNamespaces = (tools: readonly Body[], namespace?: string): OfferedTool[] =>
  tools.flatMap((tool): OfferedTool[] => {
    if (tool['type'] === 'namespace') return inNamespaces(list(tool['tools']), String(tool['name']))
    if (typeof tool['name'] !== 'string') return []
    return [namespace === undefined ? { name: tool['name'] } : { name: tool['name'], namespace }]
  })

const responses: Dialect = {
  isFor: (path) => path.endsWith('/responses'),
  tools: (body) => [
    ...inNamespaces(list(body['tools'])),
    ...list(body['input']).flatMap((item) => inNamespaces(list(item['tools']))),
  ],
  answer(response, { id, say, call }, { body }) {
    const text = { type: 'output_text', text: say, annotations: [] }
    const said = { type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed', content: [text] }
    const output: Body[] = [said]
    if (call !== null)
      output.push({
        type: 'function_call',
        id: `fc_${id}`,
        call_id: `call_${id}`,
        name: call.tool.name,
        ...(call.tool.namespace === undefined ? {} : { namespace: call.tool.namespace }),
        arguments: JSON.stringify(call.args),
        status: 'completed',
      })
    const whole = {
      id: `resp_${id}`,
      object: 'response',
      created_at: 1,
      model: body['model'],
      status: 'completed',
      output,
      usage: {
        input_tokens: TOKENS.input,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: TOKENS.output,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: TOKENS.input + TOKENS.output,
      },
    }
    if (body['stream'] !== true) return sendJson(response, 200, whole)
    const events = [
      event('response.created', { response: { ...whole, status: 'in_progress', output: [] } }),
      ...output.flatMap((item, output_index) => [
        event('response.output_item.added', {
          output_index,
          item: {
            ...item,
            status: 'in_progress',
            ...('content' in item ? { content: [] } : { arguments: '' }),
          },
        }),
        ...('content' in item
          ? [
              event('response.output_text.delta', {
                item_id: item['id'],
                output_index,
                content_index: 0,
                delta: say,
              }),
            ]
          : []),
        event('response.output_item.done', { output_index, item }),
      ]),
      event('response.completed', { response: whole }),
    ]
    stream(
      response,
      events.map(([type, data], sequence_number) => [type, { ...data, sequence_number }] as const),
    )
  },
  refuse: (status, message) => ({
    error: { type: status === 401 ? 'authentication_error' : 'server_error', message },
  }),
}

const completions: Dialect = {
  isFor: (path) => path.endsWith('/chat/completions'),
  tools: (body) => named(list(body['tools']).map((tool) => (tool['function'] as Body | undefined) ?? tool)),
  answer(response, { id, say, call }, { body }) {
    const head = { id: `chatcmpl_${id}`, created: 1, model: body['model'] }
    const calls =
      call === null
        ? []
        : [
            {
              id: `call_${id}`,
              type: 'function',
              function: { name: call.tool.name, arguments: JSON.stringify(call.args) },
            },
          ]
    const finish_reason = call === null ? 'stop' : 'tool_calls'
    const usage = {
      prompt_tokens: TOKENS.input,
      completion_tokens: TOKENS.output,
      total_tokens: TOKENS.input + TOKENS.output,
    }
    if (body['stream'] !== true)
      return sendJson(response, 200, {
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            finish_reason,
            message: { role: 'assistant', content: say, ...(call === null ? {} : { tool_calls: calls }) },
          },
        ],
        usage,
      })
    const chunk = (delta: Body, reason: string | null = null) =>
      [
        null,
        { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }] },
      ] as const
    stream(response, [
      chunk({ role: 'assistant', content: say }),
      ...calls.map((item, index) => chunk({ tool_calls: [{ index, ...item }] })),
      chunk({}, finish_reason),
      [null, { ...head, object: 'chat.completion.chunk', choices: [], usage }],
      [null, '[DONE]'],
    ])
  },
  refuse: responses.refuse,
}

const generate: Dialect = {
  isFor: (path) => /:(?:stream)?generateContent$/i.test(path),
  tools: (body) => named(list(body['tools']).flatMap((tool) => list(tool['functionDeclarations']))),
  answer(response, { id, say, call }, { path }) {
    const parts: Body[] = [{ text: say }]
    if (call !== null) parts.push({ functionCall: { id: `fc_${id}`, name: call.tool.name, args: call.args } })
    const whole = {
      candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: TOKENS.input,
        candidatesTokenCount: TOKENS.output,
        totalTokenCount: TOKENS.input + TOKENS.output,
      },
      modelVersion: 'scripted',
      responseId: id,
    }
    if (/stream/i.test(path)) stream(response, [[null, whole]])
    else sendJson(response, 200, whole)
  },
  refuse: (status, message) => ({
    error: {
      code: status,
      message,
      status: { 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED' }[status] ?? 'UNAVAILABLE',
    },
  }),
}

const DIALECTS: Readonly<Record<string, Dialect>> = { messages, responses, completions, generate }
