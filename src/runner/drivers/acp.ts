/**
 * The Agent Client Protocol on the standard streams of a process. Of what a client can offer, files and terminals are left
 * out on purpose: an agent that reads, writes and runs by itself does so with its own rights, in its own process tree, which
 * ends with the run; through us it would act with those of the runner.
 */
import * as acp from '@agentclientprotocol/sdk/unstable'
import { SessionUpdates } from '../../agents/output/acp.ts'
import { jsonIn, readLines, type LineReader } from '../../agents/output/read-output.ts'
import { fields, items, numberOrNull, text, type Fields } from '../../agents/output/stream-item.ts'
import { choose, mayCall } from './acp-permission.ts'
import {
  ConversationError,
  type Conversation,
  type ConversationEvents,
  type TurnEnd,
} from './conversation.ts'
import type { AgentRunOptions } from './driver.ts'
import { toolsOnStdio } from './tools-on-stdio.ts'

/** What an agent may take to say what it can do, and to begin a session, in milliseconds. */
const GREETING_MS = 60_000
const SESSION_MS = 180_000
/** Some begin a session before they have asked what its tools are; this long they are waited for. */
const TOOLS_MS = 10_000

const AUTH_REQUIRED = -32_000

type Options = Pick<AgentRunOptions, 'spec' | 'task' | 'tools' | 'clock' | 'env'>

export class AcpConversation implements Conversation {
  readonly #options: Options
  readonly #events: ConversationEvents
  readonly #lines: LineReader<unknown>
  readonly #connection: acp.ClientConnection
  #incoming: ReadableStreamDefaultController<acp.AnyMessage> | null = null
  #updates: SessionUpdates
  #agent: acp.InitializeResponse | null = null
  #session = ''
  /** What is told of a session before our first word to it has been told before. */
  #isListening = false

  constructor(options: Options, events: ConversationEvents) {
    this.#options = options
    this.#events = events
    this.#updates = this.#updatesAfter(0)
    this.#lines = readLines(jsonIn)
    this.#connection = acp
      .client({ name: 'yardmaster' })
      .onNotification('session/update', ({ params }) => this.#updated(params))
      .onRequest('session/request_permission', ({ params }) => this.#mayIt(params))
      .connect({
        readable: new ReadableStream({ start: (controller) => void (this.#incoming = controller) }),
        writable: new WritableStream({ write: (message) => events.send(JSON.stringify(message)) }),
      })
  }

  receive(chunk: Buffer): void {
    for (const message of this.#lines.push(chunk)) this.#incoming?.enqueue(message as acp.AnyMessage)
  }

  closed(): void {
    this.#connection.close(new ConversationError('it ended before its turn was over'))
  }

  cancel(): void {
    if (this.#session !== '')
      void this.#connection.agent
        .notify('session/cancel', { sessionId: this.#session })
        .catch(() => undefined)
  }

  async open(session: string | null): Promise<boolean> {
    this.#agent = await this.#within(GREETING_MS, 'say what it can do (initialize)', (signal) =>
      this.#connection.agent.request(
        'initialize',
        {
          protocolVersion: acp.PROTOCOL_VERSION,
          clientCapabilities: {},
          clientInfo: { name: 'yardmaster', version: '1' },
        },
        { cancellationSignal: signal, stopWaitingOnCancel: true },
      ),
    )
    if (session !== null && (await this.#goOn(session))) return true
    await this.renew()
    return false
  }

  async renew(): Promise<void> {
    this.#isListening = false
    const begin = () =>
      this.#within(SESSION_MS, 'begin a session', (signal) =>
        this.#connection.agent.request(
          'session/new',
          { cwd: this.#options.spec.cwd, mcpServers: this.#servers() },
          { cancellationSignal: signal, stopWaitingOnCancel: true },
        ),
      )
    try {
      const begun = await begin().catch(async (error: unknown) => {
        if ((error as { code?: unknown }).code !== AUTH_REQUIRED) throw error
        await this.#authenticate()
        return begin()
      })
      this.#expect(begun.sessionId, 0)
      await this.#begun(begun)
    } catch (error) {
      if (error instanceof ConversationError) throw error
      throw this.#problem(`it could not begin a session: ${reasonOf(error)}`)
    }
  }

  async prompt(words: string): Promise<TurnEnd> {
    this.#isListening = true
    try {
      const answer = await this.#connection.agent.request('session/prompt', {
        sessionId: this.#session,
        prompt: [{ type: 'text', text: words }],
      })
      this.#events.heard(this.#updates.endTurn(fields(answer)))
      return this.#endOf(answer.stopReason)
    } catch (error) {
      if (error instanceof ConversationError) throw error
      this.#events.heard(this.#updates.finish())
      this.#failed(error)
      return 'failed'
    }
  }

  #endOf(reason: acp.StopReason): TurnEnd {
    switch (reason) {
      case 'cancelled':
        return 'cancelled'
      case 'refusal':
        this.#events.heard([
          { kind: 'error', message: 'the model refused to go on', status: null, final: true },
        ])
        return 'failed'
      case 'max_tokens':
      case 'max_turn_requests':
      case 'end_turn':
        return 'stopped'
    }
  }

  /** Goes on in a session from before; false when the agent does not have it any more, or never could. */
  async #goOn(sessionId: string): Promise<boolean> {
    const { loadSession = false, sessionCapabilities } = this.#agent?.agentCapabilities ?? {}
    const params = { sessionId, cwd: this.#options.spec.cwd, mcpServers: this.#servers() }
    // Resuming comes without the whole history once more.
    const method = sessionCapabilities?.resume != null ? 'session/resume' : 'session/load'
    if (method === 'session/load' && !loadSession) return false
    this.#expect(sessionId, this.#options.task.resume?.counted?.cost ?? null)
    try {
      const answer = await this.#within(SESSION_MS, 'go on in its session', (signal) =>
        this.#connection.agent.request(method, params, {
          cancellationSignal: signal,
          stopWaitingOnCancel: true,
        }),
      )
      await this.#begun(answer as acp.LoadSessionResponse)
      return true
    } catch (error) {
      if (error instanceof ConversationError) throw error
      return false
    }
  }

  /** What is told from now on is of this session. */
  #expect(sessionId: string, cost: number | null): void {
    this.#session = sessionId
    this.#updates = this.#updatesAfter(cost)
  }

  #updatesAfter(cost: number | null): SessionUpdates {
    return new SessionUpdates(cost, this.#options.task.cli.counts)
  }

  /** A session is there, and its model is the one the profile asks for. */
  async #begun(state: Pick<acp.NewSessionResponse, 'configOptions'>): Promise<void> {
    const sessionId = this.#session
    await this.#toolsKnown()
    const { model, cli } = this.#options.task
    const option = state.configOptions?.find(({ category }) => category === 'model')
    const others = fields(fields(state)['models'])
    const inForce = text(fields(option)['currentValue']) || text(others['currentModelId'])
    const isOurs = model !== null && !JSON.stringify(cli.arguments).includes('{model}')
    this.#events.heard([
      { kind: 'session', id: sessionId, ...(isOurs ? { model } : inForce === '' ? {} : { model: inForce }) },
    ])
    if (!isOurs || model === inForce) return
    try {
      if (option !== undefined)
        await this.#connection.agent.request('session/set_config_option', {
          sessionId,
          configId: option.id,
          value: model,
        })
      // The way it was before there were options, which many agents still have.
      else await this.#connection.agent.request('session/set_model', { sessionId, modelId: model })
    } catch (error) {
      if (error instanceof ConversationError) throw error
      const offered = option === undefined ? modelsOf(others) : valuesOf(fields(option))
      throw this.#problem(
        `model ${model} is not available: ${reasonOf(error)}${offered === '' ? '' : ` It offers ${offered}.`}`,
      )
    }
  }

  /** By a key it finds by itself; whatever needs a person or a browser is for a person to do beforehand. */
  async #authenticate(): Promise<void> {
    const methods = this.#agent?.authMethods ?? []
    const usable = methods.find(
      (method) =>
        !('type' in method && method.type === 'terminal') &&
        text(fields(method._meta)['type']) !== 'terminal' &&
        /api[-_ ]?key/i.test(`${method.id} ${method.name}`),
    )
    const ways = methods.map(({ name }) => name).join(', ')
    const { install } = this.#options.task.cli
    const advice = `Log in once by hand${install === '' ? '' : ` (${install})`}, or give the profile a key.`
    if (usable === undefined)
      throw this.#problem(
        `authentication required, and none of its ways works without a person${ways === '' ? '' : ` (${ways})`}. ${advice}`,
      )
    try {
      await this.#within(SESSION_MS, 'take its key', (signal) =>
        this.#connection.agent.request(
          'authenticate',
          { methodId: usable.id },
          { cancellationSignal: signal, stopWaitingOnCancel: true },
        ),
      )
    } catch (error) {
      if (error instanceof ConversationError) throw error
      throw this.#problem(`authentication required, and ${usable.name} failed: ${reasonOf(error)} ${advice}`)
    }
  }

  /** The run's own tools, and nothing else that we would add. */
  #servers(): acp.McpServer[] {
    const { tools, spec, env } = this.#options
    if (tools === null) return []
    if (this.#agent?.agentCapabilities?.mcpCapabilities?.http !== true) return [toolsOnStdio(spec, env)]
    return [
      {
        type: 'http',
        name: 'kanban',
        url: tools.url,
        headers: [{ name: 'Authorization', value: `Bearer ${tools.token}` }],
      },
    ]
  }

  /** A first prompt that comes before the tools are known would find none. */
  async #toolsKnown(): Promise<void> {
    const { tools, clock } = this.#options
    if (tools === null || this.#agent?.agentCapabilities?.mcpCapabilities?.http !== true) return
    const done = new AbortController()
    await Promise.race([tools.listed, clock.sleep(TOOLS_MS, { signal: done.signal }).catch(() => undefined)])
    done.abort()
  }

  #updated({ sessionId, update }: acp.SessionNotification): void {
    if (sessionId !== this.#session) return
    if (this.#isListening) this.#events.heard(this.#updates.take(fields(update)))
    else this.#updates.before(fields(update))
  }

  #mayIt({ toolCall, options }: acp.RequestPermissionRequest): acp.RequestPermissionResponse {
    const { task, spec } = this.#options
    const call = this.#updates.call(fields(toolCall))
    const isAllowed = mayCall(task.permissions, call, spec.cwd)
    if (!isAllowed) {
      const tool = call.name || call.title || 'a tool'
      this.#events.heard([
        {
          kind: 'refused',
          tool,
          message: `${tool} is not among what the profile's permissions (${task.permissions}) allow`,
        },
      ])
    }
    const optionId = choose(isAllowed, options)
    return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } }
  }

  /** The provider's own words, as far as the agent passes them on. */
  #failed(error: unknown): void {
    const code = numberOrNull(fields(error)['code'])
    const status = code !== null && code >= 400 && code < 600 ? code : null
    this.#events.heard([
      {
        kind: 'error',
        message: reasonOf(error),
        status: status ?? statusIn(fields(fields(error)['data'])),
        final: true,
      },
    ])
  }

  /** Ends the conversation with a problem whose class is read from its words. */
  #problem(message: string): ConversationError {
    this.#events.heard([{ kind: 'error', message, status: null, final: true }])
    return new ConversationError(message)
  }

  async #within<T>(ms: number, what: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const [late, done] = [new AbortController(), new AbortController()]
    void this.#options.clock.sleep(ms, { signal: done.signal }).then(
      () => late.abort(),
      () => undefined,
    )
    try {
      return await ask(late.signal)
    } catch (error) {
      if (late.signal.aborted) throw new ConversationError(`it did not ${what} within ${ms / 1000} s`)
      throw error
    } finally {
      done.abort()
    }
  }
}

function reasonOf(error: unknown): string {
  const { message, data } = error as { message?: unknown; data?: unknown }
  const more =
    typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data)
  return [text(message) || String(error), more.slice(0, 1_000)].filter(Boolean).join(': ')
}

const statusIn = (data: Fields): number | null =>
  numberOrNull(data['status'] ?? data['statusCode'] ?? data['code'])

const modelsOf = (models: Fields): string =>
  items(models['availableModels'])
    .map((model) => text(model['modelId']))
    .join(', ')

const valuesOf = (option: Fields): string =>
  items(option['options'])
    .flatMap((entry) => ('options' in entry ? items(entry['options']) : [entry]))
    .map((entry) => text(entry['value']))
    .join(', ')
