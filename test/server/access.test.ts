import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { OPERATIONS, operations, type OperationId, type Output } from '../../src/contract/operations/table.ts'
import { MOUNTS } from '../../src/contract/operations/routes.ts'
import { SCOPES, allows } from '../../src/domain/credential.ts'
import { databases } from '../helpers/boards.ts'
import { alice } from '../helpers/kernel.ts'
import { rowsOf } from '../helpers/rows.ts'
import { openTestServer, type Answer, type Ask, type TestServer } from './rig.ts'

/** Names in a path, filled in with what they could be. */
const filled = (
  path: string,
  { task, row, file = '1' }: { readonly task: string; readonly row: string; readonly file?: string },
): string =>
  path
    .replace(':id', path.startsWith('/tasks/') ? task : row)
    .replace(':attachment', file)
    .replace(':name', 'coder')
    .replace(':key', 'kanban.max_running')

interface Route {
  readonly method: string
  readonly path: string
  readonly id: OperationId | null
}

/** Every address this server answers, at both mounts, and one it does not. */
const ROUTES: readonly Route[] = [
  ...MOUNTS.flatMap((mount) =>
    operations.map(({ id, method, path }) => ({
      id,
      method,
      path: mount + filled(path, { task: 't_00000001', row: '1' }),
    })),
  ),
  ...[
    '/api/openapi.json',
    '/api/docs',
    '/metrics',
    '/',
    '/index.html',
    '/assets/app.js',
    '/nothing',
    '/api/nothing',
  ].map((path) => ({ method: 'GET', path, id: null })),
]
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' }
const OPEN = ['/healthz', '/readyz', '/login', '/login.js', '/login.css']

const send = (server: TestServer, { method, path }: Route, ask: Ask): Promise<Answer> =>
  server.ask(path, { method, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }), ...ask })

describe.each(databases)('F17: the way in, on $name', (database) => {
  test('without a good credential no route says anything, and nothing changes', async () => {
    await using server = await openTestServer({ database })
    const { kernel } = server
    const issue = (kind: 'token' | 'session' | 'login', expiresInSeconds: number | null = null) =>
      kernel.issueCredential({ kind, person: 'tom', label: 'x', scope: 'operate', expiresInSeconds }, alice)
    const expired = await issue('token', 60)
    server.test.clock.advance(61)
    const revoked = await issue('token')
    await kernel.revokeCredential(revoked.credential.id, alice)
    const session = await issue('session')
    const login = await issue('login')
    const card = await server.test.given()
    const run = await server.test.run(card)
    const credentials: Record<string, Ask> = {
      none: { as: null },
      empty: { as: '' },
      wrong: { as: `${server.owner.slice(0, -1)}x` },
      'the scheme of another': {
        as: null,
        headers: { authorization: `Basic ${btoa(`owner:${server.owner}`)}` },
      },
      expired: { as: expired.secret },
      revoked: { as: revoked.secret },
      'a session as a token': { as: session.secret },
      'a login link as a token': { as: login.secret },
      'the hash of a token': { as: 'a'.repeat(64) },
      'a token as a cookie': {
        as: null,
        headers: { ...OWN_PAGE, cookie: `${cookieOf(server)}=${server.owner}` },
      },
      'a cookie of another board': {
        as: null,
        headers: { ...OWN_PAGE, cookie: `yard_00000000=${session.secret}` },
      },
      'a run with the secret of nobody': { as: `yardrun_${run.id}_${'x'.repeat(43)}` },
      'a run that is not there': { as: `yardrun_999_${run.secret}` },
    }
    const before = await rowsOf(server.test.board)
    for (const [name, ask] of Object.entries(credentials)) {
      for (const route of ROUTES) {
        const { status, body, headers } = await send(server, route, ask)
        // After many attempts the answer is that there were many; never anything else.
        expect({ name, route, status: status === 429 ? 401 : status }).toEqual({ name, route, status: 401 })
        expect(body).toEqual({
          detail: expect.any(String),
          code: expect.any(String),
          next: expect.any(String),
        })
        expect(headers['set-cookie']).toBeUndefined()
      }
    }
    for (const path of OPEN) expect((await server.ask(path, { as: null })).status).toBe(200)
    expect(await rowsOf(server.test.board)).toEqual(before)
  }, 120_000)

  test('a credential that is too narrow is told which scope is needed, and nothing changes', async () => {
    await using server = await openTestServer({ database })
    const before = await rowsOf(server.test.board)
    const narrow = SCOPES.filter((scope) => scope !== 'operate')
    for (const scope of narrow) {
      const token = await server.token(scope)
      const cookie = await server.session(scope)
      const asks: Ask[] = [{ as: token }, { as: null, headers: { ...OWN_PAGE, cookie } }]
      for (const route of ROUTES) {
        if (route.id === null || allows(scope, OPERATIONS[route.id].scope)) continue
        for (const ask of asks) {
          const { status, body } = await send(server, route, ask)
          expect({ route, scope, status }).toEqual({ route, scope, status: 403 })
          expect(body).toMatchObject({ code: 'scope_too_narrow' })
        }
      }
    }
    const after = await rowsOf(server.test.board)
    expect({ ...after, credentials: null }).toEqual({ ...before, credentials: null })
  }, 120_000)
})

describe('F17: names and pages', () => {
  test('under a foreign name, or from a page of another site, nothing is answered, whatever the credential', async () => {
    await using server = await openTestServer()
    const cookie = await server.session()
    const before = await rowsOf(server.test.board)
    const port = new URL(server.url).port
    const foreign: Record<string, Record<string, string>> = {
      'a name that was pointed here': { host: `evil.example:${port}` },
      'a name that begins like ours': { host: `localhost.evil.example:${port}` },
      'another site': { origin: 'https://evil.example' },
      'another port': { origin: 'http://127.0.0.1:1' },
      'another scheme': { origin: `https://127.0.0.1:${port}` },
      'a page without an origin': { origin: 'null' },
    }
    for (const [name, headers] of Object.entries(foreign)) {
      for (const route of [...ROUTES, ...OPEN.map((path) => ({ method: 'GET', path, id: null }))]) {
        for (const ask of [{ headers }, { as: null, headers: { ...headers, cookie } }]) {
          const { status, body, headers: given } = await send(server, route, ask)
          expect({ name, route, status }).toEqual({ name, route, status: 403 })
          expect(body).toMatchObject({ code: expect.stringMatching(/^(unknown_host|foreign_origin)$/) })
          expect(given['access-control-allow-origin']).toBeUndefined()
        }
      }
    }
    expect(await rowsOf(server.test.board)).toEqual(before)
  }, 120_000)

  test('a cookie changes something only from our own page', async () => {
    await using server = await openTestServer()
    const cookie = await server.session()
    const create = (headers: Record<string, string>) =>
      server.ask('/api/kanban/tasks', {
        method: 'POST',
        as: null,
        headers: { cookie, ...headers },
        body: { title: 'x' },
      })
    expect((await create({})).status).toBe(403)
    expect((await create({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await create({ 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await create({ origin: server.url, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await create({ origin: server.url })).status).toBe(200)
    expect((await create({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    const read = { as: null, headers: { cookie, 'sec-fetch-site': 'cross-site' } }
    expect((await server.ask('/api/kanban/tasks', read)).status).toBe(403)
  })

  test('names and pages that were allowed may ask', async () => {
    await using server = await openTestServer({
      settings:
        'server:\n  port: 0\n  allowed_hosts: [board.example]\n  allowed_origins: ["https://page.example"]\n',
    })
    const status = async (headers: Record<string, string>) =>
      (await server.ask('/api/kanban/stats', { headers })).status
    expect(await status({ host: 'board.example' })).toBe(200)
    expect(await status({ host: 'BOARD.example:8443', origin: 'http://board.example:8443' })).toBe(200)
    expect(await status({ origin: 'https://page.example' })).toBe(200)
    expect(await status({ origin: 'https://page.example.evil' })).toBe(403)
  })

  test('a page that was allowed may read the answers, with a token; any other page is told nothing', async () => {
    await using server = await openTestServer({
      settings: 'server:\n  port: 0\n  allowed_origins: ["https://page.example"]\n',
    })
    const ask = (origin: string, method: string, as: string | null = server.owner) =>
      server.ask('/api/kanban/stats', {
        method,
        as,
        headers: { origin, 'access-control-request-method': 'GET', 'sec-fetch-site': 'cross-site' },
      })
    expect(await ask('https://page.example', 'OPTIONS', null)).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': 'https://page.example' },
    })
    expect(await ask('https://page.example', 'GET')).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': 'https://page.example', vary: 'origin' },
    })
    expect((await ask('https://page.example', 'GET', null)).status).toBe(401)
    expect(
      (await ask('https://page.example', 'GET')).headers['access-control-allow-credentials'],
    ).toBeUndefined()
    const other = await ask('https://other.example', 'OPTIONS', null)
    expect(other.status).toBe(403)
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
    const own = await server.ask('/api/kanban/stats', { headers: { origin: server.url } })
    expect(own.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('a proxy in front is believed only when the settings say there is one', async () => {
    const headers = { host: 'board.example', origin: 'https://board.example', 'x-forwarded-proto': 'https' }
    const hosts = 'server:\n  port: 0\n  allowed_hosts: [board.example]\n'
    await using plain = await openTestServer({ settings: hosts })
    expect((await plain.ask('/api/kanban/stats', { headers })).status).toBe(403)
    await using proxied = await openTestServer({ settings: `${hosts}  trust_proxy: true\n` })
    expect((await proxied.ask('/api/kanban/stats', { headers })).status).toBe(200)
  })
})

describe('the owner of the home', () => {
  test('the token file is private, and whoever replaces it ends the old token at once', async () => {
    await using server = await openTestServer()
    expect(statSync(server.paths.serverToken).mode & 0o777).toBe(0o600)
    expect((await server.ask('/api/kanban/session')).body).toMatchObject({
      name: 'olga',
      scope: 'operate',
      kind: 'owner',
    })
    rmSync(server.paths.serverToken)
    expect((await server.ask('/api/kanban/session')).status).toBe(401)
    const other = `yard_${'o'.repeat(43)}`
    writeFileSync(server.paths.serverToken, `${other}\n`, { mode: 0o600 })
    expect((await server.ask('/api/kanban/session')).status).toBe(401)
    expect((await server.ask('/api/kanban/session', { as: other })).status).toBe(200)
  })

  test('a token file that others can read is good for nothing, and replaced at the next start', async () => {
    await using server = await openTestServer()
    chmodSync(server.paths.serverToken, 0o644)
    expect((await server.ask('/api/kanban/session')).status).toBe(401)
    await server.restart()
    const replaced = readFileSync(server.paths.serverToken, 'utf8').trim()
    expect(replaced).not.toBe(server.owner)
    expect((await server.ask('/api/kanban/session', { as: replaced })).status).toBe(200)
    expect(server.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('could be read by others') }),
    )
  })

  test('what is no token, and a link to one, is good for nothing, and replaced at the next start', async () => {
    await using server = await openTestServer()
    const file = server.paths.serverToken
    const elsewhere = `${file}.elsewhere`
    const good = `yard_${'o'.repeat(43)}`
    writeFileSync(elsewhere, `${good}\n`, { mode: 0o600 })
    const faults: Record<string, () => void> = {
      'holds no token': () => writeFileSync(file, 'short\n', { mode: 0o600 }),
      'is no plain file': () => symlinkSync(elsewhere, file),
    }
    for (const [fault, make] of Object.entries(faults)) {
      rmSync(file)
      make()
      for (const as of ['short', good])
        expect([fault, (await server.ask('/api/kanban/session', { as })).status]).toEqual([fault, 401])
      await server.restart()
      const replaced = readFileSync(file, 'utf8').trim()
      expect((await server.ask('/api/kanban/session', { as: replaced })).status).toBe(200)
      expect(server.logged).toContainEqual(
        expect.objectContaining({ level: 'warn', message: expect.stringContaining(fault) }),
      )
    }
    expect(readFileSync(elsewhere, 'utf8').trim()).toBe(good)
  })
})

describe('browsers', () => {
  test('a login link opens one session, once, and for a few minutes', async () => {
    await using server = await openTestServer()
    const link = async () =>
      (
        await server.kernel.issueCredential(
          { kind: 'login', person: 'sue', label: 'yard open', scope: 'write', expiresInSeconds: 300 },
          alice,
        )
      ).secret
    const enter = (code: string) => server.ask('/login', { method: 'POST', as: null, body: { code } })
    const code = await link()
    const first = await enter(code)
    expect(first.status).toBe(200)
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(
      /^yard_[0-9a-f]{8}=yard_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=1209600$/,
    )
    const ask = (path: string) =>
      server.ask(path, { as: null, headers: { cookie: cookie.split(';')[0] ?? '' } })
    expect((await ask('/api/kanban/session')).body).toMatchObject({
      name: 'sue',
      scope: 'write',
      kind: 'session',
    })
    expect(await enter(code)).toMatchObject({
      status: 401,
      body: { next: expect.stringContaining('yard open') },
    })
    const late = await link()
    server.test.clock.advance(301)
    expect((await enter(late)).status).toBe(401)
    server.test.clock.advance(14 * 86_400)
    expect((await ask('/api/kanban/session')).status).toBe(401)
  })

  test('a person who follows a link without a session lands on the login page', async () => {
    await using server = await openTestServer()
    const visit = (path: string, headers: Record<string, string> = {}) =>
      server.ask(path, { as: null, headers: { accept: 'text/html,*/*', ...headers } })
    for (const path of ['/', '/api/docs', '/tasks/t_1'])
      expect(await visit(path)).toMatchObject({ status: 303, headers: { location: '/login' } })
    expect((await visit('/', { cookie: `${cookieOf(server)}=nonsense` })).status).toBe(303)
    expect((await visit('/api/kanban/board')).status).toBe(401)
    expect((await visit('/api/docs', { cookie: await server.session() })).status).toBe(200)
  })

  test('only hashes of secrets are kept', async () => {
    await using server = await openTestServer()
    const cookie = await server.session()
    const token = await server.token('write')
    const stored = JSON.stringify(await rowsOf(server.test.board))
    for (const secret of [cookie.split('=')[1] ?? '', token, server.owner])
      expect(stored).not.toContain(secret)
    expect(JSON.stringify(server.logged)).not.toContain(cookie.split('=')[1])
  })

  test('logging out ends the session and takes the cookie away; so does whoever may revoke it', async () => {
    await using server = await openTestServer()
    const session = async (cookie: string, method = 'GET') =>
      server.ask('/api/kanban/session', { method, as: null, headers: { cookie, origin: server.url } })
    const mine = await server.session()
    const other = await server.session()
    const left = await session(mine, 'DELETE')
    expect(left.body).toEqual({ ok: true })
    expect(left.headers['set-cookie']).toEqual([
      `${cookieOf(server)}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`,
    ])
    expect((await session(mine)).status).toBe(401)
    expect((await session(other)).status).toBe(200)
    const { tokens } = await server.call('listTokens', {})
    expect(tokens).toHaveLength(1)
    await server.call('revokeToken', { id: tokens[0]!.id })
    expect((await session(other)).status).toBe(401)
  })

  test('the owner may log in with the token itself, also by a plain form', async () => {
    await using server = await openTestServer()
    const form = await server.ask('/login', {
      method: 'POST',
      as: null,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.url },
      body: `code=${encodeURIComponent(server.owner)}`,
    })
    expect(form).toMatchObject({ status: 303, headers: { location: '/' } })
    const wrong = await server.ask('/login', {
      method: 'POST',
      as: null,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'code=%3Cscript%3Ealert(1)%3C/script%3E',
    })
    expect(wrong.status).toBe(401)
    expect(wrong.text).not.toContain('<script>alert')
  })

  test('guessing is slowed down, and a right code is taken all the same', async () => {
    await using server = await openTestServer()
    const enter = (code: string) => server.ask('/login', { method: 'POST', as: null, body: { code } })
    const statuses = []
    for (let attempt = 0; attempt < 15; attempt++) statuses.push((await enter(`wrong ${attempt}`)).status)
    expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(5).fill(429)])
    const limited = await enter('wrong')
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    expect(await server.session()).toMatch(/^yard_/)
    expect((await server.ask('/api/kanban/session')).status).toBe(200)
  })

  test('guessing writes nothing, and keeps nobody from writing', async () => {
    await using server = await openTestServer()
    const { store } = server.kernel.deps
    const before = await store.version()
    const guesses = await store.write(async () =>
      Promise.all(
        Array.from({ length: 5 }, (_, index) =>
          server.ask('/login', { method: 'POST', as: null, body: { code: `wrong ${index}` } }),
        ),
      ),
    )
    expect(guesses.map(({ status }) => status)).toEqual(Array<number>(5).fill(401))
    expect(await store.version()).toBe(before)
  })

  test('what a browser gets says to keep nothing, guess nothing and frame nothing', async () => {
    await using server = await openTestServer()
    for (const path of [
      '/login',
      '/login.js',
      '/healthz',
      '/api/docs',
      '/api/kanban/board',
      '/api/kanban/nothing',
    ]) {
      const { headers } = await server.ask(path)
      expect({ path, ...headers }).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['content-security-policy']).not.toContain('unsafe')
      expect(headers['cache-control']).toMatch(/no-store|private, no-cache/)
    }
  })
})

describe('tokens', () => {
  test('a token acts in the name of a person, within its scope, until it is revoked or expires', async () => {
    await using server = await openTestServer()
    const { secret, token } = await server.call('createToken', {
      label: 'ci',
      scope: 'write',
      name: 'ci-bot',
      expires_in_seconds: 3600,
    })
    expect(token).toMatchObject({ name: 'ci-bot', scope: 'write', created_by: 'olga' })
    const { task } = await server.call('createTask', { title: 'from ci' }, secret)
    expect(task.created_by).toBe('ci-bot')
    const [created] = (await server.call('getTask', { id: task.id })).events
    expect(created).toMatchObject({ kind: 'created', actor: 'ci-bot', door: 'http' })
    expect(JSON.stringify(await server.call('listTokens', {}))).not.toContain(secret)
    server.test.clock.advance(3601)
    expect(await server.refusal('createTask', { title: 'late' }, secret)).toMatchObject({ status: 401 })
    const again = await server.call('createToken', { label: 'ci', scope: 'write' })
    await server.call('revokeToken', { id: again.token.id })
    expect(await server.refusal('createTask', { title: 'late' }, again.secret)).toMatchObject({ status: 401 })
    expect(await server.refusal('revokeToken', { id: 99 })).toMatchObject({
      status: 404,
      code: 'token_not_found',
    })
  })
})

test.each(['', '  '])('a token says what it is for, and %j says nothing', async (label) => {
  await using server = await openTestServer()
  expect(await server.refusal('createToken', { label, scope: 'read' })).toMatchObject({
    status: 400,
    code: 'no_label',
    detail: expect.stringContaining('Say in a word or two what it is for.'),
  })
  expect((await server.call('listTokens', {})).tokens).toEqual([])
})

/** Its log is not on this machine. */
const isFound = (status: number): boolean => status === 200 || status === 404

describe('F15: the token of a run', () => {
  /** They end or change the run itself, and have tests of their own. */
  const REPORTS: readonly OperationId[] = ['heartbeatTask', 'completeTask', 'blockTask', 'reviewTask']
  const upload = async (server: TestServer, task: string) => {
    const path = `${MOUNTS[0]}/tasks/${task}/attachments?name=file.txt`
    const { body } = await server.ask(path, { method: 'POST', body: 'text' })
    return (body as Output<'addAttachment'>).attachment.id
  }

  test('sees its own card and run, and nothing else', async () => {
    await using server = await openTestServer()
    const [mine, other] = [await server.test.given(), await server.test.given()]
    const run = await server.test.run(mine)
    const otherRun = await server.test.run(other)
    const as = server.runToken(run)
    const files = new Map<string, number>()
    for (const { id } of [mine, other]) files.set(id, await upload(server, id))
    for (const { id, method, path, workers, scope } of operations) {
      for (const [task, runId] of [
        [mine.id, run.id],
        [other.id, otherRun.id],
      ] as const) {
        const file = String(files.get(task))
        const address = MOUNTS[0] + filled(path, { task, row: String(runId), file })
        const { status, body } = await send(server, { id, method, path: address }, { as, leaves: true })
        const isOwn = workers === 'anywhere' || (workers !== null && task === mine.id)
        const about = { id, task: task === mine.id ? 'own' : 'other', status, body }
        // Who asks is right: what is refused now is refused for its content, here an empty body.
        if (isOwn && scope === 'read') expect(about).toMatchObject({ status: expect.toSatisfy(isFound) })
        else if (isOwn && REPORTS.includes(id)) continue
        else if (isOwn) expect(about).toMatchObject({ status: 400 })
        else expect(about).toMatchObject({ status: 403, body: { code: 'worker_denied' } })
      }
    }
    for (const path of ['/metrics', '/'])
      expect((await server.ask(path, { as })).status).toBeGreaterThanOrEqual(403)
  })

  test('creates and comments in its own name, and is told when its run is over', async () => {
    await using server = await openTestServer()
    const run = await server.test.run(await server.test.given())
    await run.start()
    const as = server.runToken(run)
    expect(await server.call('getSession', {}, as)).toMatchObject({
      kind: 'worker',
      name: 'coder',
      scope: null,
      run: { run_id: run.id },
    })
    const { task } = await server.call('createTask', { title: 'a child' }, as)
    expect(task.created_by).toBe('coder')
    await server.call('addComment', { id: task.id, body: 'hello', author: 'somebody else' }, as)
    const shown = await server.call('getTask', { id: task.id })
    expect(shown.comments).toMatchObject([{ author: 'coder' }])
    expect(shown.events).toMatchObject([
      { kind: 'created', run_id: run.id },
      { kind: 'commented', run_id: run.id },
    ])
    // Asked for again, the child is there; what somebody else made under the same key is not its to see.
    const keyed = { title: 'a keyed child', idempotency_key: 'mine' }
    const made = await server.call('createTask', keyed, as)
    expect(await server.call('createTask', keyed, as)).toEqual({ ...made, created: false })
    const theirs = { title: 'secret plan', idempotency_key: 'theirs' }
    const { task: hidden } = await server.call('createTask', theirs)
    expect(await server.refusal('createTask', { ...theirs, title: 'x' }, as)).toMatchObject({
      status: 409,
      code: 'key_taken',
      detail: expect.stringContaining(hidden.id) as string,
    })
    await run.end('crashed')
    expect(await server.refusal('getTask', { id: run.taskId }, as)).toMatchObject({
      status: 403,
      code: 'worker_denied',
    })
  })
})

test('what leads out of the server is refused, and the server goes on', async () => {
  await using server = await openTestServer()
  for (const path of ['/..%2f..%2fetc/passwd', '//evil.example/', '/%00', '/%ff', '/api/kanban/tasks/%2e%2e'])
    expect([path, (await server.ask(path)).status]).toEqual([path, 404])
  expect((await server.ask('/api/kanban/stats')).status).toBe(200)
})

const cookieOf = ({ kernel }: TestServer): string => `yard_${kernel.deps.store.boardId.slice(0, 8)}`
