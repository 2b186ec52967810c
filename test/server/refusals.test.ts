/** How requests are refused: always in the same words and with the same headers, and with what to do next. */
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { conflict, invalid, notFound, taskNotFound, unavailable } from '../../src/domain/errors.ts'
import { nextStep } from '../../src/domain/transitions.ts'
import { TASK_STATUSES } from '../../src/domain/task.ts'
import { problemOf } from '../../src/server/refusal.ts'
import { databases } from '../helpers/boards.ts'
import { openTestServer, type TestServer } from './rig.ts'

const nextOf = (message: string, details: Record<string, unknown> = {}) =>
  problemOf(conflict('code', message, details))?.body.next

test('the next step is one command, without the sentence around it', () => {
  const told = {
    'Cannot stop t_1: it is ready. Keep it from running with: yard pause t_1': 'yard pause t_1',
    'Cannot stop t_1: nothing runs; see: yard why t_1.': 'yard why t_1',
    'It may or may not have been. Look at the card with: yard show <id>. Then repeat the change.':
      'yard show <id>',
    'Cannot do it: nobody has decided. Use yard release t_1 or yard reject t_1 first.': 'yard release t_1',
    'Compare them with: yard proposals t_1, then take it with --anyway or ask again with: yard specify t_1':
      'yard proposals t_1',
    'It is kept as report 2; a person can accept it with: yard accept-late t_1 2. Stop working now.':
      'yard accept-late t_1 2',
    'Cannot read it: a line is wrong.\nCorrect it, then try again. It is at: yard config path':
      'yard config path',
    'A worker cannot do that. Say what you need with: yard block <your card> "<question>"':
      'yard block <your card> "<question>"',
    'Cannot pause a profile without its name. Write: yard pause <name>': 'yard pause <name>',
  }
  for (const [message, next] of Object.entries(told))
    expect([message, nextOf(message)]).toEqual([message, next])
  for (const status of TASK_STATUSES)
    expect(nextOf(`Cannot do it: it is ${status}. ${nextStep({ id: 't_1', status })}`)).toMatch(
      /^yard [a-z-]+ t_1( ready)?$/,
    )
  expect(problemOf(taskNotFound('t_1'))?.body.next).toBe('yard list --archived')
})

test('without a command it is what to do by the kind of refusal, or what the refusal says itself', () => {
  const message =
    'Cannot open the board: this yard knows versions up to 3. Install: npm install -g yardmaster'
  expect(problemOf(unavailable('newer', message))?.body.next).toContain('Try again in a moment')
  expect(problemOf(invalid('code', 'The yard is closed.'))?.body.next).toContain('Correct the request')
  expect(problemOf(notFound('code', 'Nothing is there.'))?.body.next).toContain('GET /search')
  expect(nextOf('Cannot do it: yard stop t_1', { next: 'Ask the server on elsewhere.' })).toBe(
    'Ask the server on elsewhere.',
  )
})

test.each(databases)('a worker whose run has ended is told to stop, on $name', async (database) => {
  await using server = await openTestServer({ database })
  const run = await server.test.run(await server.test.given())
  await run.start()
  await run.end('crashed')
  expect(
    await server.refusal('completeTask', { id: run.taskId, summary: 'late' }, server.runToken(run)),
  ).toMatchObject({
    status: 409,
    code: 'run_ended',
    detail: expect.stringContaining(`yard accept-late ${run.taskId} 1. Stop working now.`),
    next: 'Stop working now.',
  })
})

/** Sends bytes as they are; gives what came back until the server, or else we, had enough. */
const raw = ({ url }: Pick<TestServer, 'url'>, bytes: string) =>
  new Promise<{ status: number; headers: Headers; body: string }>((resolve) => {
    const { port } = new URL(url)
    let answer = ''
    const socket = connect({ port: Number(port), host: '127.0.0.1' }, () => socket.end(bytes))
    socket.on('error', () => undefined)
    socket.on('data', (part) => (answer += part.toString()))
    socket.on('close', () => {
      const [head = '', ...rest] = answer.split('\r\n\r\n')
      const [line = '', ...lines] = head.split('\r\n')
      const headers = new Headers(lines.map((each) => each.split(/: (.*)/).slice(0, 2) as [string, string]))
      resolve({ status: Number(line.split(' ')[1]), headers, body: rest.join('\r\n\r\n') })
    })
  })

const SAFE = {
  'content-type': 'application/json',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

describe('what is no request that a route could answer', () => {
  test('is refused in the same words as everything else, and the server goes on', async () => {
    await using server = await openTestServer()
    const host = 'Host: 127.0.0.1\r\n'
    const token = `Authorization: Bearer ${server.owner}\r\n`
    const stats = 'GET /api/kanban/stats HTTP/1.1\r\n'
    const upgrade = 'Upgrade: websocket\r\nConnection: upgrade\r\n'
    const requests: readonly [string, number, string][] = [
      ['GET /api/kanban/stats HTTP/1.0\r\n', 400, 'bad_address'],
      [`${stats}Host: 127.0.0.1@evil.example\r\n`, 400, 'bad_address'],
      [stats, 400, 'bad_address'],
      [`${stats}Host: \r\n`, 400, 'bad_address'],
      ['GET http://evil.example/api/kanban/stats HTTP/1.1\r\nHost: evil.example\r\n', 403, 'unknown_host'],
      ['GET /api/kanban/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n', 404, 'no_such_route'],
      [`${stats}${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`, 400, 'no_http'],
      [`FETCH /api/kanban/stats HTTP/1.1\r\n${host}`, 400, 'no_http'],
      [`get /api/kanban/stats HTTP/1.1\r\n${host}`, 400, 'no_http'],
      ['\0\0', 400, 'no_http'],
      ['\x16\x03\x01\x02\0\x01\0\x01', 400, 'no_http'],
      [`${stats}${host}X-Long: ${'x'.repeat(20_000)}\r\n`, 431, 'headers_too_long'],
      [`${stats}${host}Expect: foo\r\n`, 417, 'unknown_expectation'],
      [`GET /api/kanban/nothing HTTP/1.1\r\n${host}${upgrade}`, 404, 'no_such_route'],
      [`GET /api/kanban/events HTTP/1.1\r\n${host}${upgrade}`, 400, 'no_handshake'],
    ]
    for (const [head, status, code] of requests) {
      const answer = await raw(server, `${head}${token}\r\n`)
      const about = { head, ...answer, headers: Object.fromEntries(answer.headers) }
      expect(about).toMatchObject({ head, status, headers: SAFE })
      expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
      expect(JSON.parse(answer.body)).toEqual({
        detail: expect.stringMatching(/^[A-Z].*\.$/),
        code,
        next: expect.stringMatching(/\w{2,}/),
      })
    }
    expect((await server.ask('/api/kanban/stats')).status).toBe(200)
  })

  test('does not break an answer that has begun', async () => {
    await using server = await openTestServer()
    const follow = `GET /api/kanban/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${server.owner}\r\n\r\n`
    const { port } = new URL(server.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1' })
    let answer = ''
    const over = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.on('data', (part) => {
      answer += part.toString()
      if (answer.includes('event: hello')) socket.write('nonsense\r\n\r\n')
    })
    socket.write(follow)
    await over
    expect(answer).toContain('HTTP/1.1 200')
    expect(answer).not.toContain('no_http')
  })
})

test('a method that an address does not know is told the ones it does, on pages and measures as on the board', async () => {
  await using server = await openTestServer()
  const known: readonly [string, string, string | null, string][] = [
    ['POST', '/healthz', null, 'GET, HEAD'],
    ['DELETE', '/readyz', null, 'GET, HEAD'],
    ['PUT', '/login', null, 'GET, POST, HEAD'],
    ['POST', '/metrics', server.owner, 'GET, HEAD'],
    ['POST', '/api/docs', server.owner, 'GET, HEAD'],
    ['DELETE', '/api/openapi.json', server.owner, 'GET, HEAD'],
    ['POST', '/', server.owner, 'GET, HEAD'],
    ['PUT', '/api/kanban/board', server.owner, 'GET, HEAD'],
    ['PUT', '/api/plugins/kanban/tasks/t_1', server.owner, 'GET, PATCH, HEAD'],
    ['GET', '/api/kanban/links', server.owner, 'POST, DELETE'],
  ]
  for (const [method, path, as, allow] of known) {
    const { status, headers, body } = await server.ask(path, { method, as })
    expect({ method, path, status, allow: headers.allow, ...(body as object) }).toMatchObject({
      method,
      path,
      status: 405,
      allow,
      code: 'no_such_method',
      detail: `${method} cannot be used on ${path}.`,
    })
    for (const good of allow.split(', ').filter((each) => each === 'HEAD' || each === 'GET'))
      expect([path, (await server.ask(path, { method: good, as })).status]).not.toEqual([path, 405])
  }
  expect(await server.ask('/metrics', { method: 'POST', as: null })).toMatchObject({ status: 401 })
  expect(await server.ask('/nothing', { method: 'POST' })).toMatchObject({ status: 404 })
})
