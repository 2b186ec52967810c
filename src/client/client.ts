/**
 * The board from TypeScript: every operation of the HTTP interface as a method, and the stream of events to iterate over.
 * What is bytes rather than JSON goes in as `content`, and comes back as the `Response`, to be read as a stream or a Blob.
 */
import {
  DOWNLOADS,
  MOUNTS,
  ROUTES,
  UPLOADS,
  routeOf,
  type OperationId,
} from '../contract/operations/routes.ts'
import { eventStream, type EventStreamOptions, type StreamItem } from './event-stream.ts'
import { YardError } from './yard-error.ts'
import type { Board, CardBoard, Inputs, Outputs, UploadContent } from './types.ts'

export interface ClientOptions {
  /** Where the server is, for example `http://127.0.0.1:7433`. In a page of the server itself it can be left out. */
  readonly url?: string
  /** The content of `server.token`, or a token of `yard token create`. A page has its cookie instead. */
  readonly token?: string
  /** Takes the place of the global one. */
  readonly fetch?: typeof fetch
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Inputs without a name that must be given may be left out. */
type Arguments<Input> = {} extends Input
  ? [input?: Input, options?: CallOptions]
  : [input: Input, options?: CallOptions]

type Calls = {
  readonly [Id in Exclude<OperationId, 'getBoard'>]: (...args: Arguments<Inputs[Id]>) => Promise<Outputs[Id]>
}

export interface YardClient extends Calls {
  /** The whole board; with `fields: 'card'` the slim form for large ones. */
  getBoard(input: Inputs['getBoard'] & { fields: 'card' }, options?: CallOptions): Promise<CardBoard>
  getBoard(input?: Inputs['getBoard'] & { fields?: 'all' }, options?: CallOptions): Promise<Board>
  /**
   * Every event after a cursor, as it happens, across restarts of the server. Ends with the signal or the loop; throws when
   * the server will not have us, or was not there in the first place.
   */
  events(options?: EventStreamOptions): AsyncIterable<StreamItem>
}

type Send = (
  id: OperationId,
  input: Readonly<Record<string, unknown>>,
  options: CallOptions,
) => Promise<unknown>

/** Throws for an address that can be none of a server. */
export function openClient(options: ClientOptions = {}): YardClient {
  const { url } = options
  const given = url === undefined ? null : addressOf(url)
  const server = () => given ?? pageOrigin()
  const send = sender(server, options)
  const calls = Object.keys(ROUTES).map((id) => [
    id,
    (input: Readonly<Record<string, unknown>> = {}, call: CallOptions = {}) =>
      send(id as OperationId, input, call),
  ])
  const client = Object.fromEntries(calls) as Calls & Pick<YardClient, 'getBoard'>
  return {
    ...client,
    events: (wanted = {}) =>
      eventStream({
        ...wanted,
        server,
        address: async (query, signal) => {
          const base = new URL(`${server()}${MOUNTS[0]}/events`)
          base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
          for (const [name, value] of Object.entries(query)) base.searchParams.set(name, value)
          // A socket cannot be opened with a header everywhere, so a token is exchanged for a ticket first.
          if (options.token !== undefined)
            base.searchParams.set('ticket', (await client.createTicket({}, { signal })).ticket)
          return base.href
        },
      }),
  }
}

/** Without a slash at its end. */
function addressOf(url: string): string {
  const { protocol, origin, pathname } = URL.canParse(url) ? new URL(url) : { protocol: '' }
  if (protocol === 'http:' || protocol === 'https:') return `${origin}${pathname}`.replace(/\/+$/, '')
  throw new TypeError(
    `openClient cannot use the url ${JSON.stringify(url)}: it must begin with http:// or https://. Give for example "http://127.0.0.1:7433".`,
  )
}

/** Of the page that runs us; only a page may leave the address out. */
function pageOrigin(): string {
  const { location } = globalThis as { location?: { readonly origin: string } }
  if (location === undefined)
    throw new TypeError('openClient needs the url of the server here: { url: "http://127.0.0.1:7433" }')
  return location.origin
}

function sender(server: () => string, { token, fetch: given }: ClientOptions): Send {
  return async (id, input, { signal }) => {
    const { method, path, params, query } = routeOf(id)
    const rest: Record<string, unknown> = { ...input }
    const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(textOf(rest[name])))
    for (const name of params) delete rest[name]
    const search = new URLSearchParams()
    for (const name of query) {
      if (rest[name] !== undefined) search.set(name, textOf(rest[name]))
      delete rest[name]
    }
    const body = bodyOf(id, rest)
    const url = server()
    /** Whoever gave up is told so, and not that there is no answer. */
    const because = (reason: (cause: unknown) => YardError) => (error: unknown) => {
      throw signal?.aborted === true ? error : reason(error)
    }
    const answer = await (given ?? fetch)(
      `${url}${MOUNTS[0]}${filled}${search.size === 0 ? '' : `?${search.toString()}`}`,
      {
        method,
        headers: {
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === null ? {} : { 'content-type': body.type }),
        },
        ...(body === null ? {} : { body: body.content }),
        // A stream is sent as it comes, and the answer read when it has ended.
        ...(body?.content instanceof ReadableStream ? { duplex: 'half' as const } : {}),
        ...(signal === undefined ? {} : { signal }),
      },
    ).catch(because((cause) => YardError.unreachable(url, cause)))
    if (!answer.ok) throw await YardError.from(answer)
    return DOWNLOADS.includes(id)
      ? answer
      : answer.json().catch(because((cause) => YardError.unreadable(answer, cause)))
  }
}

interface Body {
  readonly type: string
  readonly content: UploadContent
}

/** Null when there is nothing to send. */
function bodyOf(id: OperationId, rest: Readonly<Record<string, unknown>>): Body | null {
  if (UPLOADS.includes(id)) {
    const content = rest['content'] as UploadContent
    const type = content instanceof Blob && content.type !== '' ? content.type : 'application/octet-stream'
    return { type, content }
  }
  if (Object.keys(rest).length === 0) return null
  return { type: 'application/json', content: JSON.stringify(rest) }
}

/** A list is written with commas. */
const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? Object.values(value).join() : String(value)
