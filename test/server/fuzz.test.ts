/** Requests made up from the OpenAPI document: some good, most of them not. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { databases } from '../helpers/boards.ts'
import { rowsOf } from '../helpers/rows.ts'
import { documentOf, operationsOf, type Document, type Json } from './document.ts'
import { openTestServer, type Answer } from './rig.ts'

/** Text that has broken programs before. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\uD800',
    '\u202Eabc',
    '../../etc/passwd',
    "'; drop table tasks; --",
    '<script>alert(1)</script>',
    '%',
    '__proto__',
    'constructor',
    '🂡'.repeat(30),
    'x'.repeat(600),
  ),
)
const anything: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.constant([[]]),
)

/** Mostly what the schema says; now and then anything at all. */
function valueFor(schema: Json, document: Document, known: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 15, arbitrary: fitting(schema, document, known) },
    { weight: 1, arbitrary: anything },
  )
}

function fitting(schema: Json, document: Document, known: readonly string[]): fc.Arbitrary<unknown> {
  if (typeof schema['$ref'] === 'string') {
    const target = document.components.schemas[schema['$ref'].split('/').at(-1) ?? '']
    if (target === undefined) throw new Error(`${schema['$ref']} is not in the document`)
    return fitting(target, document, known)
  }
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => fitting(choice, document, known)))
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  if (Array.isArray(schema['type']))
    return fc.oneof(...schema['type'].map((type: unknown) => fitting({ ...schema, type }, document, known)))
  switch (schema['type']) {
    case 'string':
      return fc.oneof(fc.constantFrom(...known), oddText)
    case 'integer': {
      const min = Number(schema['minimum'] ?? -5)
      const max = Number(schema['maximum'] ?? Number.MAX_SAFE_INTEGER)
      return fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min, max: Math.min(max, 5_000) }) },
        { weight: 1, arbitrary: fc.maxSafeInteger().filter((number) => number >= min && number <= max) },
      )
    }
    case 'number':
      return fc.double()
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valueFor((schema['items'] ?? {}) as Json, document, known), { maxLength: 4 })
    default: {
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
      const required = (schema['required'] ?? []) as string[]
      const values = Object.fromEntries(
        properties.map(([name, each]) => [name, valueFor(each, document, known)]),
      )
      const record = fc.record(values, { requiredKeys: required })
      // Sometimes something is missing, or there is something that nobody knows.
      return fc.oneof(
        { weight: 8, arbitrary: record },
        { weight: 1, arbitrary: fc.record({ ...values, surprise: anything }, { requiredKeys: [] }) },
      )
    }
  }
}

interface Made {
  readonly statuses: readonly string[]
  readonly method: string
  readonly path: string
  readonly body: unknown
}

function requests(
  document: Document,
  known: readonly string[],
  mount: string,
  isWanted: (operation: Json) => boolean = () => true,
): fc.Arbitrary<Made> {
  return fc.oneof(
    ...operationsOf(document)
      .filter(({ operation }) => isWanted(operation))
      .filter(({ isOfBoard }) => isOfBoard)
      // A ticket or a token that was made changes nothing on the board, and is not what is looked at here.
      .filter(({ operation }) => !['endSession'].includes(String(operation['operationId'])))
      .map(({ method, path, operation }) => {
        const parameters = (
          operation['parameters'] as { name: string; in: string; required: boolean; schema: Json }[]
        ).filter(({ in: place }) => place !== 'header')
        const content = (operation['requestBody'] as Json | undefined)?.['content'] as
          | Record<string, { schema: Json }>
          | undefined
        const schema = content?.['application/json']?.schema
        const isUpload = content?.['*/*'] !== undefined
        const given = fc.record(
          Object.fromEntries(
            parameters.map(({ name, schema: each }) => [name, valueFor(each, document, known)]),
          ),
          { requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name) },
        )
        const body = isUpload
          ? fc.uint8Array({ maxLength: 200 })
          : schema === undefined
            ? fc.constant(undefined)
            : valueFor(schema, document, known)
        return fc.tuple(given, body).map(([values, sent]) => {
          const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
          const query = new URLSearchParams()
          let filled = path
          for (const { name, in: place } of parameters) {
            if (!(name in values)) continue
            const value = text(values[name])?.toWellFormed() ?? ''
            if (place === 'query') query.append(name, value)
            else filled = filled.replace(`{${name}}`, encodeURIComponent(value) || '%20')
          }
          return {
            statuses: Object.keys(operation['responses'] as Json),
            method,
            path: `${mount}${filled}${query.size === 0 ? '' : `?${query.toString()}`}`,
            body: sent,
          }
        })
      }),
  )
}

function expectSensible(made: Made, answer: Answer): void {
  const about = `${made.method} ${made.path} ${JSON.stringify(made.body)} gave ${answer.status}: ${answer.text.slice(0, 500)}`
  expect(answer.status, about).toSatisfy((status: number) =>
    [200, 201, 400, 403, 404, 405, 409].includes(status),
  )
  // An address that was made up can be that of another operation.
  if (answer.status !== 405) expect(made.statuses, about).toContain(String(answer.status))
  if (answer.status < 400) return
  const { detail, code, next } = answer.body as Record<string, unknown>
  expect(detail, about).toMatch(/\w{2,}/)
  expect(code, about).toMatch(/^[a-z_]+$/)
  expect(next, about).toMatch(/\w{2,}/)
}

describe.each(databases)('F43: whatever is asked for, on $name', (database) => {
  test('the answer is sensible, and what was refused has changed nothing', async () => {
    await using server = await openTestServer({
      database,
      services: { dispatch: async () => EMPTY_REPORT },
    })
    const cards = []
    for (const status of ['triage', 'todo', 'ready', 'blocked', 'review', 'done', 'archived'] as const)
      cards.push(await server.test.given({ status }))
    const running = await server.test.run(await server.test.given())
    await running.start()
    const { profiles } = server.paths
    mkdirSync(profiles)
    writeFileSync(join(profiles, 'coder.md'), '---\nagent: shell\n---\n')
    const known = [
      ...cards.map(({ id }) => id),
      running.taskId,
      '1',
      'coder',
      'scratch',
      'acme',
      'a.txt',
      'kanban.max_running',
      '---\nagent: shell\n---\nBe brief.',
    ]
    const uploads: number[] = []
    const document = await documentOf(server)
    const state = async () => ({
      rows: await rowsOf(server.test.board),
      files: filesOf(server.paths.home, ['config.yaml', 'profiles', 'backups', 'trash']),
    })
    let before = await state()
    const askedFor = (made: fc.Arbitrary<Made>) =>
      fc.asyncProperty(made, async ({ statuses, method, path, body }) => {
        const answer = await server.ask(path, {
          method,
          leaves: true,
          ...(body === undefined
            ? {}
            : body instanceof Uint8Array
              ? { body }
              : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        })
        expectSensible({ statuses, method, path, body }, answer)
        if (body instanceof Uint8Array) uploads.push(answer.status)
        const after = await state()
        if (answer.status >= 400 || method === 'GET') expect(after).toEqual(before)
        before = after
      })
    const all = requests(document, known, '/api/kanban')
    const isSQLite = database.name === 'SQLite'
    await fc.assert(askedFor(all), { numRuns: isSQLite ? 600 : 150, endOnFailure: true })
    // One of many operations, and most files that are made up are refused: these are asked for by themselves.
    const files = requests(
      document,
      known,
      '/api/kanban',
      ({ operationId }) => operationId === 'addAttachment',
    )
    if (isSQLite) await fc.assert(askedFor(files), { numRuns: 300, endOnFailure: true })
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
    expect(Object.keys(Object.prototype)).toEqual([])
    if (isSQLite) expect(new Set(uploads)).toEqual(new Set([201, 400, 404]))
  }, 120_000)
})

/** What a home holds at these places, with its content. */
function filesOf(home: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const place = join(home, name)
      const stat = statSync(place, { throwIfNoEntry: false })
      if (stat === undefined) return []
      if (stat.isFile()) return [[name, readFileSync(place, 'latin1')] as const]
      return Object.entries(filesOf(place, readdirSync(place))).map(
        ([below, text]) => [`${name}/${below}`, text] as const,
      )
    }),
  )
}

const EMPTY_REPORT = {
  spawned: [],
  skipped_unassigned: [],
  reclaimed: [],
  promoted: [],
  crashed: [],
  timed_out: [],
  auto_blocked: [],
  preflight_failed: [],
  adopted: [],
  waiting: [],
}

test('bodies that are no JSON, too long, too deep or not said to be JSON are refused in the same words', async () => {
  await using server = await openTestServer()
  const post = (
    body: string | Uint8Array,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) => server.ask('/api/kanban/tasks', { method: 'POST', body, headers })
  const refusals: [Promise<Answer>, number, string][] = [
    [post('{'), 400, 'bad_json'],
    [post('"text"'), 400, 'bad_request'],
    [post('null'), 400, 'bad_request'],
    [post(Buffer.from([0x7b, 0xff, 0x7d])), 400, 'bad_text'],
    [post('{"title":"x"}', { 'content-type': 'text/plain' }), 415, 'not_json'],
    [post('title=x', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'not_json'],
    [post(`{"title":"x","body":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 400, 'bad_request'],
    [post(`{"title":"${'x'.repeat(9 * 2 ** 20)}"}`), 413, 'body_too_large'],
  ]
  for (const [answer, status, code] of refusals)
    expect(await answer).toMatchObject({
      status,
      body: { code, detail: expect.any(String), next: expect.any(String) },
    })
  const deep = `{"metadata":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)},"status":"done"}`
  const card = await server.test.given()
  const answer = await server.ask(`/api/kanban/tasks/${card.id}`, {
    method: 'PATCH',
    body: deep,
    headers: { 'content-type': 'application/json' },
  })
  expect(answer).toMatchObject({ status: 400, body: { code: 'too_deep' } })
  expect((await server.test.task(card.id)).status).toBe('ready')
})

describe('a request that cannot be understood', () => {
  const detailOf = async (answer: Promise<Answer>) => {
    const { status, body } = await answer
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'bad_request' } })
    return (body as { detail: string }).detail
  }

  test('is told the value that is wrong, and what would be right, also of a list in a query', async () => {
    await using server = await openTestServer()
    expect(await detailOf(server.ask('/api/kanban/tasks?status=todo,zz'))).toBe(
      'This request cannot be understood: status in the query is "zz", and must be one of triage, todo, ready, running, blocked, review, done, archived.',
    )
    expect(await detailOf(server.ask('/api/kanban/tasks?status=zz&status=yy&limit=many'))).toBe(
      'This request cannot be understood: status in the query is "zz", and must be one of triage, todo, ready, running, blocked, review, done, archived; status in the query is "yy", and must be one of triage, todo, ready, running, blocked, review, done, archived; limit in the query: must be a whole number.',
    )
    const values = {
      [`${'['.repeat(50_000)}${']'.repeat(50_000)}`]: 'a list',
      '{"a":1}': 'an object',
      [`"${'x'.repeat(200)}"`]: `"${'x'.repeat(79)}…`,
      7: '7',
    }
    for (const [value, told] of Object.entries(values))
      expect(
        await detailOf(
          server.ask('/api/kanban/tasks/t_1', {
            method: 'PATCH',
            body: `{"status":${value}}`,
            headers: { 'content-type': 'application/json' },
          }),
        ),
      ).toContain(`status in the body is ${told}, and must be one of triage,`)
  })

  test('names ten of its faults and counts the others, however many there are', async () => {
    await using server = await openTestServer()
    const names = Array.from({ length: 400_000 }, (_, index) => [`key${index}`, 1] as const)
    const detail = await detailOf(
      server.ask('/api/kanban/tasks', { method: 'POST', body: Object.fromEntries(names) }),
    )
    expect(detail.match(/which is not known/g)).toHaveLength(9)
    expect(detail).toMatch(/title in the body is missing; .*; and 399991 more like that\.$/)
    const value = Array.from({ length: 2_000_000 }, () => 0)
    expect(
      await detailOf(
        server.ask('/api/kanban/settings/kanban.max_running', { method: 'PUT', body: { value } }),
      ),
    ).toBe('This request cannot be understood: value in the body is too long: 1000 is the most.')
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([])
  })
})
