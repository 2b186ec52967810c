/**
 * The exchanges that agents really have with a run's tools, answered without the library of the protocol: loading it costs
 * every run of an agent about 15 MB and a tenth of a second of a processor. Only what is in perfect order is answered here,
 * and as the library would answer it (test/mcp/plain-exchange.test.ts compares them); everything else is the library's.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { CAPABILITIES, IMPLEMENTATION, type ServedTools } from './served-tools.ts'

/** Versions in which a client introduces itself once. */
const CONNECTED = new Set<unknown>(['2025-03-26', '2025-06-18', '2025-11-25'])
/** The version in which every request says who asks. */
const SELF_CONTAINED = '2026-07-28'
const META = 'io.modelcontextprotocol'

export interface PlainRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface PlainReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Null when the library is to answer. */
export async function answerPlainly(tools: ServedTools, request: PlainRequest): Promise<PlainReply | null> {
  if (request.method !== 'POST') return NO_STREAM
  const message = messageOf(request)
  if (message === null) return null
  if (message.id === undefined)
    return message.method === 'notifications/initialized' && eraOf(message, request.headers) === 'connected'
      ? { status: 202, headers: {}, body: '' }
      : null
  const era = eraOf(message, request.headers)
  const result = era === null ? null : await (era === 'connected' ? connected : selfContained)(tools, message)
  return result === null ? null : json(200, { result, jsonrpc: '2.0', id: message.id })
}

const json = (status: number, body: object): PlainReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** Nothing is ever sent unasked, and there are no sessions to end. */
const NO_STREAM: PlainReply = {
  ...json(405, { jsonrpc: '2.0', error: { code: -32_000, message: 'Method not allowed.' }, id: null }),
  headers: { 'content-type': 'application/json', allow: 'POST' },
}

type Fields = Readonly<Record<string, unknown>>

interface Message {
  /** Undefined for a notification. */
  readonly id: string | number | undefined
  readonly method: string
  readonly params: Fields
  readonly meta: Fields
}

function messageOf({ headers, body }: PlainRequest): Message | null {
  const accepted = headers.accept ?? ''
  if (!accepted.includes('application/json') || !accepted.includes('text/event-stream')) return null
  if (!/^application\/json\s*(;|$)/.test(headers['content-type'] ?? '')) return null
  const parsed = parsedJson(body)
  if (!isFields(parsed) || !hasOnly(parsed, ['jsonrpc', 'id', 'method', 'params'])) return null
  const { jsonrpc, id, method, params = {} } = parsed
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !isFields(params)) return null
  if ('id' in parsed && typeof id !== 'string' && !Number.isSafeInteger(id)) return null
  const { _meta: meta = {} } = params
  if (!isFields(meta)) return null
  return { id: id as string | number | undefined, method, params, meta }
}

function eraOf({ method, params, meta }: Message, headers: IncomingHttpHeaders) {
  const claimed = meta[`${META}/protocolVersion`]
  const named = headers['mcp-protocol-version']
  if (claimed === undefined) return named === undefined || CONNECTED.has(named) ? 'connected' : null
  const isInOrder =
    claimed === SELF_CONTAINED &&
    named === SELF_CONTAINED &&
    headers['mcp-method'] === method &&
    headers['mcp-name'] === params['name'] &&
    isImplementation(meta[`${META}/clientInfo`]) &&
    isFields(meta[`${META}/clientCapabilities`])
  return isInOrder ? 'self-contained' : null
}

async function connected(tools: ServedTools, message: Message): Promise<object | null> {
  const { method, params } = message
  switch (method) {
    case 'initialize':
      return CONNECTED.has(params['protocolVersion']) &&
        isFields(params['capabilities']) &&
        isImplementation(params['clientInfo']) &&
        hasOnly(params, ['protocolVersion', 'capabilities', 'clientInfo', '_meta'])
        ? {
            protocolVersion: params['protocolVersion'],
            capabilities: CAPABILITIES,
            serverInfo: IMPLEMENTATION,
            instructions: tools.instructions,
          }
        : null
    case 'ping':
      return {}
    default:
      return ofTools(tools, message)
  }
}

async function selfContained(tools: ServedTools, message: Message): Promise<object | null> {
  const _meta = { [`${META}/serverInfo`]: IMPLEMENTATION }
  const fresh = { ttlMs: 0, cacheScope: 'private' }
  if (message.method !== 'server/discover') {
    const result = await ofTools(tools, message)
    const keeping = message.method === 'tools/list' ? fresh : {}
    return result && { ...result, resultType: 'complete', ...keeping, _meta }
  }
  if (!hasOnly(message.params, ['_meta'])) return null
  return {
    supportedVersions: [SELF_CONTAINED],
    capabilities: CAPABILITIES,
    instructions: tools.instructions,
    resultType: 'complete',
    ...fresh,
    _meta,
  }
}

async function ofTools(tools: ServedTools, { method, params }: Message): Promise<object | null> {
  switch (method) {
    case 'tools/list':
      return hasOnly(params, ['_meta']) ? { tools: tools.list() } : null
    case 'tools/call': {
      const { name, arguments: given } = params
      return typeof name === 'string' &&
        (given === undefined || isFields(given)) &&
        hasOnly(params, ['name', 'arguments', '_meta'])
        ? tools.call(name, given)
        : null
    }
    default:
      return null
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isImplementation = (value: unknown): boolean =>
  isFields(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'

const hasOnly = (fields: Fields, known: readonly string[]): boolean =>
  Object.keys(fields).every((name) => known.includes(name))

function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
