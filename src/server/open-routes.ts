/** What answers without a credential: the login page and whether the server is well. */
import type { Context, Hono } from 'hono'
import { invalid } from '../domain/errors.ts'
import { cookieNameOf, logIn, sessionCookie, type LoginDeps } from './auth/login.ts'
import { wrongCredential, type GateDeps } from './gate.ts'
import type { Env } from './http-app.ts'
import { loginPage, LOGIN_SCRIPT } from './pages/login-page.ts'
import { PAGE_STYLE } from './pages/page-frame.ts'
import { readForm, readJson } from './request-body.ts'
import { Refusal } from './refusal.ts'
import { json, page, redirect } from './respond.ts'

export interface OpenDeps {
  readonly gate: GateDeps
  readonly login: LoginDeps
  readonly boardId: string
  /** What keeps the server from doing its work; null when nothing does. */
  readonly lack: () => Promise<string | null>
}

const HTML = 'text/html; charset=utf-8'

export const openRoutes =
  (deps: OpenDeps) =>
  (app: Hono<Env>): void => {
    app.get('/healthz', ({ var: { requestId } }) => json({ status: 'ok' }, requestId))
    app.get('/readyz', async ({ var: { requestId } }) => {
      const lack = await deps.lack()
      return json({ status: lack === null ? 'ready' : 'not ready' }, requestId, {
        status: lack === null ? 200 : 503,
      })
    })
    app.get('/login', async () => page(String(await loginPage()), HTML))
    app.get('/login.js', () => page(LOGIN_SCRIPT, 'text/javascript; charset=utf-8'))
    app.get('/login.css', () => page(PAGE_STYLE, 'text/css; charset=utf-8'))
    app.post('/login', (context) => enter(deps, context))
  }

async function enter(deps: OpenDeps, context: Context<Env>): Promise<Response> {
  const { knock, requestId } = context.var
  const isForm = (knock.header('content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  const code = isForm ? await readForm(context.req.raw, 'code') : codeOf(await readJson(context.req.raw))
  const label = labelOf(knock.header('user-agent'))
  const session = await logIn(deps.login, code.trim(), label)
  if (session === null) {
    const refusal = refused(deps, knock.address)
    if (!isForm) throw refusal
    return page(String(await loginPage(`${refusal.message} ${refusal.next}`)), HTML, {
      status: refusal.status,
      headers: refusal.headers,
    })
  }
  const cookie = sessionCookie(cookieNameOf(deps.boardId), session.secret, {
    seconds: deps.login.sessionSeconds(),
    secure: knock.scheme === 'https',
  })
  if (isForm) return redirect('/', { 'set-cookie': cookie })
  const { person, scope, expiresAt } = session.credential
  return json({ ok: true, name: person, scope, expires_at: expiresAt }, requestId, {
    headers: { 'set-cookie': cookie },
  })
}

function refused({ gate }: OpenDeps, address: string): Refusal {
  const { status, code, message, next, headers } = wrongCredential(
    gate.throttle.failed(address),
    'This code is not good, or not any more: a link is good once and for a few minutes.',
  )
  return new Refusal(status, code, message, status === 401 ? 'Get a new one with: yard open' : next, headers)
}

function codeOf(body: unknown): string {
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
  if (typeof code !== 'string')
    throw invalid('bad_request', 'Logging in takes {"code": "…"}, the code of a login link.', {
      next: 'Get one with: yard open',
    })
  return code
}

const BROWSERS = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari', 'curl'] as const

/** How a session is called in the list of sessions. */
const labelOf = (agent: string | undefined): string =>
  BROWSERS.find((name) => agent?.includes(`${name}/`)) ?? 'browser'
