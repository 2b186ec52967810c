/** A server on a new board, and clients that know its secrets. */
import { mkdirSync, readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { WebSocket } from 'ws'
import { openHomeServices } from '../../src/app/home-services.ts'
import { readConfig } from '../../src/app/settings.ts'
import type { Settings } from '../../src/contract/config.ts'
import { loadConfig } from '../../src/contract/load-config.ts'
import { OPERATIONS, type Input, type OperationId, type Output } from '../../src/contract/operations/table.ts'
import { isMedia } from '../../src/contract/operations/operation.ts'
import { MOUNTS, routeOf } from '../../src/contract/operations/routes.ts'
import type { StreamFrame } from '../../src/contract/operations/events.ts'
import { streamFrame } from '../../src/contract/operations/events.ts'
import type { Scope } from '../../src/domain/credential.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import type { BoardAddress } from '../../src/kernel/open-run-board.ts'
import type { Log, LogFields } from '../../src/lib/log.ts'
import { homePaths, type HomePaths } from '../../src/lib/paths.ts'
import { readYaml } from '../../src/lib/read-yaml.ts'
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/server.ts'
import type { ServerServices } from '../../src/server/services.ts'
import { runToken } from '../../src/domain/credential.ts'
import { attachmentStore } from '../../src/workspaces/attachment-store.ts'
import { databases, temporaryFolder, type TestDatabase } from '../helpers/boards.ts'
import { alice, openTestKernel, type OpenedRun, type TestKernel } from '../helpers/kernel.ts'

export interface Logged {
  readonly level: string
  readonly message: string
  readonly fields: LogFields
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** Parsed when it is JSON. */
  readonly body: unknown
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown
  /** Null sends no credential; by default the owner's. */
  readonly as?: string | null
  /** Leaves once the answer has begun: for one that need not end. */
  readonly leaves?: boolean
}

export interface TestServer extends AsyncDisposable {
  readonly test: TestKernel
  readonly kernel: Kernel
  readonly paths: HomePaths
  readonly url: string
  readonly owner: string
  readonly logged: readonly Logged[]
  readonly running: RunningServer
  /** Any request, to a path of the server. */
  ask(path: string, ask?: Ask): Promise<Answer>
  /** An operation, as the owner; its answer is checked against the table. Throws when it is refused. */
  readonly call: <Id extends OperationId>(id: Id, input: Input<Id>, as?: string) => Promise<Output<Id>>
  /** Its refusal; throws when there is none. */
  readonly refusal: (id: OperationId, input: Record<string, unknown>, as?: string) => Promise<Refused>
  token(scope: Scope): Promise<string>
  session(scope?: Scope): Promise<string>
  /** What the worker of a run presents. */
  runToken(run: OpenedRun): string
  events(query?: string, options?: { headers?: Record<string, string>; as?: string | null }): EventClient
  /** Stops it and starts another one on the same board and port. */
  restart(): Promise<void>
}

export interface Refused {
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly next: string
}

export interface ServerRig {
  readonly database?: TestDatabase
  readonly settings?: string
  readonly services?: Partial<ServerServices>
  readonly dashboard?: string
  /** Where the gateway was started, which may have profiles of its own. */
  readonly repository?: string
  readonly treeOf?: ServerOptions['treeOf']
}

const addressOf = ({ board: { store, location } }: TestKernel): BoardAddress =>
  store.dialect === 'postgres' ? { kind: 'postgres', url: location } : { kind: 'sqlite', file: location }

const settingsFrom = (text: string): Settings =>
  loadConfig({ file: 'config.yaml', text, env: {}, readYaml }).settings

export async function openTestServer(rig: ServerRig = {}): Promise<TestServer> {
  const database = rig.database ?? databases[0]!
  const folder = temporaryFolder()
  const test = await openTestKernel(database)
  const paths = homePaths(folder.path)
  mkdirSync(paths.runLogs, { recursive: true })
  const store = attachmentStore(paths.attachments)
  const logged: Logged[] = []
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void logged.push({ level, message, fields })
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  let settings = settingsFrom(rig.settings ?? 'server:\n  port: 0\n')
  const env = { HOME: folder.path, PATH: process.env['PATH'] ?? '' }
  const services: ServerServices = {
    ...openHomeServices(
      {
        paths,
        env,
        folder: rig.repository ?? folder.path,
        kernel: () => Promise.resolve(test.kernel),
        address: () => Promise.resolve(addressOf(test)),
        place: () => Promise.reject(new Error('a server restores nothing')),
      },
      () => readConfig(paths, env),
    ),
    settings: () => settings,
    files: {
      keep: (source, expected) =>
        store.storeStream(source, { ...expected, maxBytes: Number.POSITIVE_INFINITY }),
      open: (digest) => store.open(digest),
    },
    dispatch: () => Promise.reject(new Error('this server has no dispatcher')),
    dispatcherLack: () => Promise.resolve(null),
    orchestrator: (named) => Promise.resolve(named ?? 'lead'),
    whyContext: () => Promise.resolve({ caps: null, dispatcher: 'unknown' }),
    onPass: () => new DisposableStack(),
    database: null,
    ...rig.services,
  }
  const start = () =>
    startServer({
      kernel: test.kernel,
      services,
      paths,
      clock: test.clock,
      log,
      version: '0.0.0-test',
      ownerName: 'olga',
      dashboard: rig.dashboard ?? null,
      claimLock: 'testhost:1',
      tracing: null,
      treeOf: rig.treeOf ?? (() => []),
    })
  let running = await start()
  const { url } = running
  const port = Number(new URL(url).port)
  const owner = readFileSync(paths.serverToken, 'utf8').trim()

  const ask: TestServer['ask'] = (
    path,
    { method = 'GET', headers = {}, body, as = owner, leaves = false } = {},
  ) =>
    new Promise((resolve, reject) => {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array
      const bytes = body === undefined ? undefined : isRaw ? body : JSON.stringify(body)
      const sent = httpRequest(`${url}${path}`, {
        method,
        agent: false,
        headers: {
          ...(as === null ? {} : { authorization: `Bearer ${as}` }),
          ...(bytes === undefined ? {} : { 'content-length': Buffer.byteLength(bytes) }),
          ...(bytes === undefined || isRaw ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      })
      sent.on('error', reject)
      sent.on('response', (answer) => {
        const isStream = answer.headers['content-type']?.startsWith('application/json') !== true
        if (leaves && isStream) {
          const { statusCode: status = 0, headers: given } = answer
          resolve({ status, headers: given, bytes: Buffer.alloc(0), text: '', body: undefined })
          answer.destroy()
          return
        }
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () => {
          const received = Buffer.concat(parts)
          const text = received.toString('utf8')
          const isJson =
            answer.headers['content-type']?.startsWith('application/json') === true && text !== ''
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            bytes: received,
            text,
            body: isJson ? (JSON.parse(text) as unknown) : undefined,
          })
        })
      })
      sent.end(bytes)
    })

  const send = (id: OperationId, input: Record<string, unknown>, as?: string) => {
    const { method, path, query, body } = requestFor(id, input)
    return ask(`${MOUNTS[0]}${path}${query}`, {
      method,
      ...(body === undefined ? {} : { body }),
      ...(as === undefined ? {} : { as }),
    })
  }

  return {
    test,
    kernel: test.kernel,
    paths,
    url,
    owner,
    logged,
    get running() {
      return running
    },
    ask,
    async call(id, input, as) {
      const answer = await send(id, input, as)
      const { output, status } = OPERATIONS[id]
      if (answer.status !== status) throw new Error(`${id} gave ${answer.status}: ${answer.text}`)
      if (isMedia(output)) return answer.text as never
      return output.parse(answer.body) as never
    },
    async refusal(id, input, as) {
      const answer = await send(id, input, as)
      if (answer.status < 400) throw new Error(`${id} gave ${answer.status}: ${answer.text}`)
      return { status: answer.status, ...(answer.body as Omit<Refused, 'status'>) }
    },
    async token(scope) {
      const wanted = { kind: 'token', person: 'tom', label: scope, scope, expiresInSeconds: null } as const
      return (await test.kernel.issueCredential(wanted, alice)).secret
    },
    async session(scope = 'operate') {
      const login = await test.kernel.issueCredential(
        { kind: 'login', person: 'sue', label: 'link', scope, expiresInSeconds: 300 },
        alice,
      )
      const answer = await ask('/login', { method: 'POST', body: { code: login.secret }, as: null })
      return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    },
    runToken: ({ id, secret }) => runToken({ runId: id, secret }),
    events: (query = '', { headers = {}, as = owner } = {}) =>
      new EventClient(
        new WebSocket(`${url.replace('http', 'ws')}${MOUNTS[0]}/events${query}`, {
          headers: { ...(as === null ? {} : { authorization: `Bearer ${as}` }), ...headers },
        }),
      ),
    async restart() {
      await running[Symbol.asyncDispose]()
      settings = settingsFrom(`server:\n  port: ${port}\n  port_is_fixed: true\n`)
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]()
      await test[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Where each name of an input goes. */
function requestFor(id: OperationId, input: Readonly<Record<string, unknown>>) {
  const { method, path, params, query } = routeOf(id)
  const rest = { ...input }
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(rest[name])))
  for (const name of params) delete rest[name]
  const search = new URLSearchParams()
  for (const name of query) {
    if (rest[name] !== undefined) search.set(name, `${rest[name] as string}`)
    delete rest[name]
  }
  return {
    method,
    path: filled,
    query: search.size === 0 ? '' : `?${search.toString()}`,
    body: OPERATIONS[id].body === null && Object.keys(rest).length === 0 ? undefined : rest,
  }
}

export type Frame<Type extends StreamFrame['type'] = StreamFrame['type']> = Extract<
  StreamFrame,
  { type: Type }
>

/** A client of the stream that keeps every frame. */
export class EventClient implements AsyncDisposable {
  readonly socket: WebSocket
  readonly frames: StreamFrame[] = []
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  #wake = () => {}

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#wake()
      }),
    )
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => {
      this.frames.push(streamFrame.parse(JSON.parse(data.toString('utf8'))))
      this.#wake()
    })
  }

  /** Ids of all events so far, in the order in which they came. */
  get ids(): number[] {
    return this.frames.flatMap(({ events }) => events.map(({ id }) => id))
  }

  /** Waits until the frames so far satisfy the condition. */
  async until(condition: (client: this) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the stream is closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async frame<Type extends StreamFrame['type']>(type: Type): Promise<Frame<Type>> {
    await this.until(({ frames }) => frames.some((frame) => frame.type === type))
    return this.frames.find((frame) => frame.type === type) as Frame<Type>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
    await this.closed
  }
}

/** A client that comes back with its cursor, as the contract tells it to. */
export class Returning {
  readonly ids: number[] = []
  readonly #server: Pick<TestServer, 'url' | 'owner'>
  #cursor = 0
  #isOver = false
  #wake = () => {}
  #socket: WebSocket | undefined

  constructor(server: Pick<TestServer, 'url' | 'owner'>) {
    this.#server = server
    this.#connect()
  }

  async until(count: number): Promise<void> {
    while (this.ids.length < count || this.#socket?.readyState !== WebSocket.OPEN)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  stop(): void {
    this.#isOver = true
    this.#socket?.close()
  }

  #connect(): void {
    const { url, owner } = this.#server
    const socket = new WebSocket(
      `${url.replace('http', 'ws')}/api/plugins/kanban/events?since=${this.#cursor}`,
      {
        headers: { authorization: `Bearer ${owner}` },
      },
    )
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('open', () => this.#wake())
    socket.on('message', (data: Buffer) => {
      // Only what a client of the contract knows.
      const { events, cursor } = JSON.parse(data.toString('utf8')) as {
        events: { id: number }[]
        cursor: number
      }
      this.ids.push(...events.map(({ id }) => id))
      this.#cursor = cursor
      this.#wake()
    })
    socket.on('close', () => {
      if (!this.#isOver) setImmediate(() => this.#connect())
    })
  }
}
