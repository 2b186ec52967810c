/** What is answered without the library of the protocol is what the library would answer. */
import fc from 'fast-check'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { beforeAll, describe, expect, test } from 'vitest'
import { answerPlainly } from '../../src/mcp/plain-exchange.ts'
import { ServedTools } from '../../src/mcp/served-tools.ts'
import { toolServers } from '../../src/mcp/tool-server.ts'
import { behaviour } from '../behaviours.ts'
import { databases } from '../helpers/boards.ts'
import { openTestKernel } from '../helpers/kernel.ts'

interface Sent {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const BOTH = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
const OLD = { ...BOTH, 'mcp-protocol-version': '2025-06-18' }
const me = { name: 'client', version: '1.2.3' }
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': me,
  'io.modelcontextprotocol/clientCapabilities': { roots: { listChanged: true } },
}

const post = (headers: Record<string, string>, body: unknown): Sent => ({
  method: 'POST',
  headers,
  body: JSON.stringify(body),
})
const request = (method: string, params?: object, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
})
const old = (method: string, params?: object, id: unknown = 1) => post(OLD, request(method, params, id))
const self = (method: string, params: { name?: string; arguments?: object } = {}, id: unknown = 'a') =>
  post(
    {
      ...BOTH,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
    },
    request(method, { ...params, _meta: META }, id),
  )
const initialize = (version: unknown, more: object = {}) =>
  post(BOTH, request('initialize', { protocolVersion: version, capabilities: {}, clientInfo: me, ...more }))

/** What agents send: none of it may need the library. */
const USUAL: Readonly<Record<string, Sent>> = {
  'a look for a stream': { method: 'GET', headers: { accept: 'text/event-stream' }, body: '' },
  'the end of a session': { method: 'DELETE', headers: {}, body: '' },
  'an introduction': initialize('2025-11-25'),
  'an introduction of an older client': initialize('2025-03-26', {
    capabilities: { roots: {}, sampling: {} },
  }),
  'the end of the introduction': post(OLD, { jsonrpc: '2.0', method: 'notifications/initialized' }),
  'a sign of life': old('ping', undefined, 'p1'),
  'the list': old('tools/list'),
  'the list, with progress': old('tools/list', { _meta: { progressToken: 0 } }),
  'a call': old('tools/call', { name: 'kanban_heartbeat', arguments: {} }),
  'a call without input': old('tools/call', { name: 'kanban_show' }),
  'a call that is refused': old('tools/call', { name: 'kanban_complete', arguments: { sumary: 'x' } }),
  'a call of an unknown tool': old('tools/call', { name: 'kanban_dance', arguments: {} }),
  'a call with words of its own': old('tools/call', {
    name: 'kanban_heartbeat',
    arguments: { note: 'é"\\\n' },
    _meta: { callId: 'call_1', 'x-turn': { sandbox: 'on' }, progressToken: 3 },
  }),
  'who are you': self('server/discover', {}, 'probe-1'),
  'the list, self-contained': self('tools/list'),
  'a call, self-contained': self('tools/call', { name: 'kanban_heartbeat', arguments: { note: 'on it' } }, 7),
  'a refused call, self-contained': self('tools/call', { name: 'kanban_block', arguments: {} }, 8),
}

/** What is left to the library, or answered as it does. */
const UNUSUAL: readonly Sent[] = [
  initialize('1999-01-01'),
  initialize(7),
  initialize('2025-06-18', { clientInfo: { name: 'x' } }),
  initialize('2025-06-18', { capabilities: 'all' }),
  initialize('2025-06-18', { more: 1 }),
  old('tools/call', { name: 7 }),
  old('tools/call', { name: 'kanban_show', arguments: [] }),
  old('tools/call', { name: 'kanban_show', task: { ttl: 1 } }),
  old('resources/list'),
  old('tools/list', { cursor: 'x' }),
  old('ping', undefined, null),
  old('ping', undefined, 1.5),
  old('ping', undefined, {}),
  post(OLD, [request('ping')]),
  post(OLD, { ...request('ping'), more: true }),
  post(OLD, { ...request('ping'), jsonrpc: '1.0' }),
  post(OLD, { jsonrpc: '2.0', id: 1, result: {} }),
  post(OLD, 'ping'),
  post(OLD, null),
  { method: 'POST', headers: OLD, body: '{' },
  { method: 'POST', headers: OLD, body: '' },
  post({ ...OLD, 'mcp-protocol-version': '2030-01-01' }, request('tools/list')),
  post({ ...OLD, accept: 'application/json' }, request('tools/list')),
  post({ ...OLD, 'content-type': 'text/plain' }, request('tools/list')),
  self('ping'),
  self('subscriptions/listen', { notifications: {} } as never),
  post({ ...self('tools/list').headers, 'mcp-method': 'ping' }, request('tools/list', { _meta: META })),
  post(self('tools/list').headers, request('tools/call', { name: 'kanban_show', _meta: META })),
  post(BOTH, request('tools/list', { _meta: META })),
  post(self('tools/list').headers, request('tools/list')),
  post(
    self('tools/list').headers,
    request('tools/list', { _meta: { ...META, [Object.keys(META)[1]!]: 'x' } }),
  ),
  post(
    self('tools/list').headers,
    request('tools/list', { _meta: { ...META, [Object.keys(META)[2]!]: [] } }),
  ),
]

/** Of what a message may hold; the last name may have points in it. */
const PATHS = [
  'none',
  'jsonrpc',
  'id',
  'method',
  'params',
  'more',
  'params.name',
  'params.arguments',
  'params.cursor',
  'params.protocolVersion',
  'params.capabilities',
  'params.clientInfo',
  'params._meta',
  ...Object.keys(META).map((key) => `params._meta.${key}`),
]

let tools: ServedTools
let library: ReturnType<typeof createMcpHandler>
beforeAll(async () => {
  const board = await openTestKernel(databases[0]!)
  const card = await board.given({ assignee: 'coder' })
  const run = await board.run(card)
  await run.start()
  const context = {
    kernel: board.kernel,
    actor: {
      kind: 'worker',
      name: 'coder',
      door: 'mcp',
      capability: { runId: run.id, secret: run.secret },
    },
    run: { id: run.id, taskId: card.id },
    orchestrator: false,
    mask: (text: string) => text,
    keepFile: null,
    profiles: null,
    missingSkills: null,
  } as const
  tools = new ServedTools(context, (error) => expect.fail(String(error)))
  library = createMcpHandler(toolServers(tools))
  return () => board[Symbol.asyncDispose]()
})

const plainly = async ({ method, headers, body }: Sent) => {
  const reply = await answerPlainly(tools, { method, headers, body: Buffer.from(body) })
  return (
    reply && { status: reply.status, allow: reply.headers['allow'] ?? null, message: messageIn(reply.body) }
  )
}

/** The same message; the library sends some of its answers as the one event of a stream. */
async function byLibrary({ method, headers, body }: Sent) {
  const response = await library.fetch(
    new Request('http://127.0.0.1/mcp', { method, headers, ...(method === 'POST' ? { body } : {}) }),
  )
  const text = await response.text()
  return {
    status: response.status,
    allow: response.headers.get('allow'),
    message: messageIn(/^event: message\ndata: (.*)\n\n$/.exec(text)?.[1] ?? text),
  }
}

const messageIn = (text: string): unknown => (text === '' ? null : JSON.parse(text))

describe('a run’s tools without the library of the protocol', () => {
  for (const [name, sent] of Object.entries(USUAL))
    behaviour('tools.eras', `answer as it does: ${name}`, async () => {
      const answer = await plainly(sent)
      expect(answer).not.toBeNull()
      expect(answer).toEqual(await byLibrary(sent))
    })

  test('leave to it what is not in perfect order', async () => {
    for (const sent of UNUSUAL) expect(await plainly(sent), sent.body).toBeNull()
  })

  test('never answer otherwise than it does, whatever is changed in a message', async () => {
    const odd = fc.oneof(
      fc.constantFrom(null, '', 'x', '2.0', '2025-06-18', '2026-07-28', 0, 1.5, true, {}, [], { _meta: {} }),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(USUAL).filter(({ method }) => method === 'POST')),
        fc.constantFrom('accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'none'),
        fc.constantFrom('', 'x', '*/*', 'application/json', '2025-11-25', '2026-07-28', 'tools/list'),
        fc.constantFrom(...PATHS),
        odd,
        async (usual, header, value, path, changed) => {
          const headers = header === 'none' ? usual.headers : { ...usual.headers, [header]: value }
          const body = path === 'none' ? usual.body : JSON.stringify(withChanged(usual.body, path, changed))
          const answer = await plainly({ ...usual, headers, body })
          if (answer !== null) expect(answer).toEqual(await byLibrary({ ...usual, headers, body }))
        },
      ),
      { numRuns: 1_000 },
    )
  }, 60_000)
})

function withChanged(body: string, path: string, value: unknown): unknown {
  const message = JSON.parse(body) as Record<string, unknown>
  const [, first = '', , second = '', , third = ''] = /^(\w+)(\.(\w+)(\.(.*))?)?$/.exec(path) ?? []
  const inner = second === '' ? null : ((message[first] ??= {}) as Record<string, unknown>)
  if (inner === null) message[first] = value
  else if (third === '') inner[second] = value
  else ((inner[second] ??= {}) as Record<string, unknown>)[third] = value
  return message
}
