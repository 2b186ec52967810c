/** The OpenAPI document: valid, complete, and true to what the server does. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { operations } from '../../src/contract/operations/table.ts'
import type { Env } from '../../src/server/http-app.ts'
import { openRoutes } from '../../src/server/open-routes.ts'
import { pageRoutes } from '../../src/server/page-routes.ts'
import { documentOf, operationsOf, type Document, type Json } from './document.ts'
import { openTestServer, type Answer } from './rig.ts'

/** What a reference within the document leads to. */
function resolved(document: Document, part: Json): Json {
  if (typeof part['$ref'] !== 'string') return part
  const [, , kind, name] = part['$ref'].split('/')
  const found = document.components[kind as keyof Document['components']][name ?? '']
  if (found === undefined) throw new Error(`${part['$ref']} is not in the document`)
  return found
}

/** Every part of the document with a schema and an example beside it, by where it is. */
function examplesIn(part: unknown, place = ''): { place: string; schema: Json; value: unknown }[] {
  if (typeof part !== 'object' || part === null) return []
  const { schema, example, examples } = part as Json
  const here =
    typeof schema !== 'object' || schema === null
      ? []
      : [
          ...(example === undefined ? [] : [{ place, schema: schema as Json, value: example }]),
          ...Object.entries((examples ?? {}) as Record<string, { value: unknown }>).map(
            ([name, { value }]) => ({ place: `${place}/${name}`, schema: schema as Json, value }),
          ),
        ]
  const below = Object.entries(part).flatMap(([name, each]) =>
    ['schema', 'example', 'examples'].includes(name) ? [] : examplesIn(each, `${place}/${name}`),
  )
  return [...here, ...below]
}

/** Checks a value against a schema of the document, as a client that was made from it would. */
function checkerOf({ components }: Document) {
  const local = (schema: unknown) =>
    JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as Json
  const $defs = local(components.schemas)
  return (schema: Json) =>
    z.fromJSONSchema({ ...local(schema), $defs } as Parameters<typeof z.fromJSONSchema>[0])
}

const answersOf = (operation: Json) => Object.entries(operation['responses'] as Record<string, Json>)
const contentOf = (part: Json) => (part['content'] ?? {}) as Record<string, Json>

describe('the document', () => {
  test('is a valid OpenAPI 3.1 document, and describes every operation', async () => {
    await using server = await openTestServer()
    const document = await documentOf(server)
    const validator = new Validator()
    const { valid, errors } = await validator.validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    )
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
    expect(validator.version).toBe('3.1')
    const described = operationsOf(document)
    expect(
      described.filter(({ isOfBoard }) => isOfBoard).map(({ operation }) => operation['operationId']),
    ).toEqual(expect.arrayContaining(operations.map(({ id }) => id)))
    for (const { operation } of described) {
      expect(operation['description']).toMatch(/^[A-Z].*\.$/s)
      expect(String(operation['summary']).length).toBeLessThan(120)
    }
    expect(Object.keys(document.components.schemas).filter((name) => name.startsWith('__'))).toEqual([])
  })

  test('says of each operation who may, what goes in, and what every answer is, with examples', async () => {
    await using server = await openTestServer()
    const document = await documentOf(server)
    for (const { operation } of operationsOf(document)) {
      const id = String(operation['operationId'])
      for (const { name, description, schema } of operation['parameters'] as Json[]) {
        expect([id, name, description]).toEqual([id, name, expect.stringMatching(/\w{2}.*\.$/)])
        expect(Object.keys(schema as Json)).not.toHaveLength(0)
      }
      const scope = operation['x-scope']
      for (const allowed of operation['security'] as Json[])
        for (const [scheme, scopes] of Object.entries(allowed)) {
          expect(document.components.securitySchemes[scheme]).toBeDefined()
          expect([id, scopes]).toEqual([id, [scope]])
        }
      const request = (operation['requestBody'] ?? {}) as Json
      for (const [media, content] of Object.entries(contentOf(request)))
        if (media !== '*/*') expect([id, 'example' in content]).toEqual([id, true])
      for (const [status, part] of answersOf(operation)) {
        const answer = resolved(document, part)
        expect([id, status, answer['description']]).toEqual([
          id,
          status,
          expect.stringMatching(/^[A-Z].*\.$/),
        ])
        const json = contentOf(answer)['application/json']
        if (json === undefined || id === 'getDocument') continue
        expect([id, status, 'example' in json || 'examples' in json]).toEqual([id, status, true])
        expect(Object.keys((answer['headers'] ?? {}) as Json)).toContain('X-Request-Id')
      }
    }
  })

  test('has only examples that fit their schemas', async () => {
    await using server = await openTestServer()
    const document = await documentOf(server)
    const examples = examplesIn(document)
    expect(examples.length).toBeGreaterThan(200)
    const check = checkerOf(document)
    for (const { place, schema, value } of examples) {
      const { error } = check(schema).safeParse(value)
      expect([place, error?.message]).toEqual([place, undefined])
    }
    const events = document.paths['/events']?.['get']?.['responses'] as Record<string, Json>
    const streamed = contentOf(events['200']!)['text/event-stream']!
    const frame = /^data: (.*)$/m.exec(String(streamed['example']))?.[1] ?? ''
    expect(check(streamed['x-frame'] as Json).safeParse(JSON.parse(frame)).error).toBeUndefined()
    // The checks themselves are worth something.
    const { schema } = examples.find(({ place }) => place.includes('/tasks/post/requestBody/'))!
    expect(check(schema).safeParse({ titel: 'Oops' }).success).toBe(false)
    expect(check(schema).safeParse({ title: 'x', surprise: 1 }).success).toBe(false)
  })

  test('can be read as a page, without a script or anything from elsewhere', async () => {
    await using server = await openTestServer()
    const { text, headers } = await server.ask('/api/docs')
    expect(headers['content-type']).toContain('text/html')
    const document = await documentOf(server)
    for (const { operation, path } of operationsOf(document)) {
      expect(text).toContain(`id="${String(operation['operationId'])}"`)
      expect(text).toContain(path)
    }
    for (const name of Object.keys(document.components.responses))
      expect(text).toContain(`id="${name.toLowerCase()}"`)
    expect(text).not.toMatch(/<script|https?:\/\/|\[object|undefined/)
  })
})

describe('what the document says', () => {
  test('of the addresses beside the board is all there is, and their answers are as described', async () => {
    const app = new Hono<Env>()
    openRoutes({} as never)(app)
    pageRoutes({} as never)(app)
    /** What pages are made of, and the dashboard. */
    const parts = ['/login.js', '/login.css', '/', '/*']
    const routes = app.routes.filter(({ path }) => !parts.includes(path))
    await using server = await openTestServer()
    const document = await documentOf(server)
    const beside = operationsOf(document).filter(({ isOfBoard }) => !isOfBoard)
    expect(beside.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    )
    const check = checkerOf(document)
    for (const { method, path, operation } of beside) {
      const isOpen = (operation['security'] as Json[]).length === 0
      const answer = await server.ask(path, {
        method,
        ...(isOpen ? { as: null } : {}),
        ...(method === 'POST' ? { body: { code: server.owner } } : {}),
      })
      const described = answersOf(operation).find(([status]) => status === String(answer.status))?.[1] ?? {}
      const media = answer.headers['content-type']?.split(';')[0] ?? ''
      expect([path, Object.keys(contentOf(described))]).toEqual([path, [media]])
      const schema = contentOf(described)[media]?.['schema'] as Json
      const { error } = check(schema).safeParse(answer.body ?? answer.text)
      expect([path, error?.message]).toEqual([path, undefined])
      expectHeaders(answer, described)
      const stranger = await server.ask(path, {
        method,
        as: null,
        ...(method === 'POST' ? { body: {} } : {}),
      })
      expect([path, Object.keys(operation['responses'] as Json)]).toEqual([
        path,
        expect.arrayContaining([String(stranger.status)]),
      ])
    }
  })

  test('of the cookie of a session is the name it has', async () => {
    await using server = await openTestServer()
    const { session } = (await documentOf(server)).components.securitySchemes
    expect(session).toMatchObject({ in: 'cookie', name: (await server.session()).split('=')[0] })
  })

  test('of headers is what the answers carry', async () => {
    await using server = await openTestServer()
    const document = await documentOf(server)
    const card = await server.test.given()
    const added = await server.ask(`/api/kanban/tasks/${card.id}/attachments?name=a.txt`, {
      method: 'POST',
      body: 'text',
    })
    const { id: file } = (added.body as { attachment: { id: number } }).attachment
    const tagged = operations.filter(({ tagged: is }) => is).map(({ id }) => id)
    const paths: Record<string, string> = {
      getBoard: '/api/kanban/board',
      getAttachment: `/api/kanban/tasks/${card.id}/attachments/${file}`,
    }
    expect(Object.keys(paths)).toEqual(tagged)
    for (const [id, path] of Object.entries(paths)) {
      const { operation } = operationsOf(document).find((each) => each.operation['operationId'] === id)!
      const [whole, same] = ['200', '304'].map(
        (status) => (operation['responses'] as Record<string, Json>)[status]!,
      )
      const answer = await server.ask(path)
      expect(answer.status).toBe(200)
      expectHeaders(answer, whole!)
      const again = await server.ask(path, { headers: { 'if-none-match': answer.headers.etag ?? '' } })
      expect(again.status).toBe(304)
      expectHeaders(again, same!)
    }
    const { operation } = operationsOf(document).find(
      (each) => each.operation['operationId'] === 'endSession',
    )!
    const left = await server.ask('/api/kanban/session', {
      method: 'DELETE',
      as: null,
      headers: { cookie: await server.session(), origin: server.url },
    })
    expectHeaders(left, (operation['responses'] as Record<string, Json>)['200']!)
  })

  test('of refusals is what the server says', async () => {
    await using server = await openTestServer()
    const { responses } = (await documentOf(server)).components
    const json = { 'content-type': 'application/json' }
    const guess = () => server.ask('/api/kanban/stats', { as: 'wrong' })
    const asked: Record<string, () => Promise<Answer>> = {
      BadRequest: () => server.ask('/api/kanban/tasks', { method: 'POST', body: { titel: 'Oops' } }),
      Unauthorised: () => server.ask('/api/kanban/stats', { as: null }),
      Forbidden: async () =>
        server.ask('/api/kanban/tasks', {
          method: 'POST',
          body: { title: 'x' },
          as: await server.token('read'),
        }),
      NotFound: () => server.ask('/api/kanban/tasks/t_00000000'),
      Conflict: () => server.ask('/api/kanban/resume', { method: 'POST', body: { scope: 'board' } }),
      TooLarge: () =>
        server.ask('/api/kanban/tasks', { method: 'POST', body: 'x'.repeat(9 * 2 ** 20), headers: json }),
      NotJson: () =>
        server.ask('/api/kanban/tasks', {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'text/plain' },
        }),
      TooManyAttempts: async () => {
        for (let attempt = 0; attempt < 10; attempt++) await guess()
        return guess()
      },
    }
    expect(Object.keys(responses)).toEqual([...Object.keys(asked), 'Failed', 'Unavailable'])
    for (const [name, ask] of Object.entries(asked)) {
      const answer = await ask()
      const described = responses[name]!
      const example = contentOf(described)['application/json']?.['example']
      const body = JSON.parse(answer.text.replaceAll(/Wait \d+ seconds/g, 'Wait 42 seconds')) as unknown
      expect([name, body]).toEqual([name, example])
      expectHeaders(answer, described)
    }
  })
})

function expectHeaders(answer: Answer, described: Json): void {
  const names = Object.keys((described['headers'] ?? {}) as Json).map((name) => name.toLowerCase())
  expect(Object.keys(answer.headers)).toEqual(expect.arrayContaining(names))
}
