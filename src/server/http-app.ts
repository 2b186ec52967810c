/** Every route of the server, and what stands before all of them. */
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono, type Context } from 'hono'
import { METHOD_NAME_ALL } from 'hono/router'
import { MOUNTS } from '../contract/operations/routes.ts'
import { operations } from '../contract/operations/table.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { nearest } from '../lib/nearest.ts'
import {
  admit,
  allowedPage,
  checkPlace,
  presentedBy,
  type Admitted,
  type GateDeps,
  type Knock,
} from './gate.ts'
import type { Handlers } from './handler.ts'
import { carryOut } from './operation-route.ts'
import { bugProblem, problemOf, Refusal } from './refusal.ts'
import { requestIdOf } from './request-id.ts'
import { data, problem, redirect } from './respond.ts'
import type { RequestTrace, Tracing } from './tracing/tracing.ts'

export interface AppDeps {
  readonly kernel: Kernel
  readonly gate: GateDeps
  readonly handlers: Handlers
  readonly log: Log
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** How a request knocks, as far as its connection tells. */
  readonly knockOf: (incoming: IncomingMessage) => Knock
  /** What answers without a credential: login and health. */
  readonly open: (app: Hono<Env>) => void
  /** What answers with a credential, beside the operations: pages, documents, metrics. */
  readonly pages: (app: Hono<Env>) => void
  /** Null when nobody collects traces. */
  readonly tracing: Pick<Tracing, 'request'> | null
  /** Told of every answer. */
  readonly onAnswer: (answer: Answered) => void
}

export interface Answered {
  readonly method: string
  /** The route, not the address: `/api/kanban/tasks/:id`. */
  readonly route: string
  readonly status: number
  readonly ms: number
}

export interface Env {
  readonly Bindings: HttpBindings
  readonly Variables: {
    trace: RequestTrace | null
    requestId: string
    knock: Knock
    admitted: Admitted
    version: string
  }
}

export function buildApp(deps: AppDeps): Hono<Env> {
  const { kernel, gate, handlers } = deps
  const app = new Hono<Env>()

  app.use(async (context, next) => {
    const startedAt = deps.clock.monotonicMs()
    context.set('requestId', requestIdOf(context.req.header('x-request-id')))
    context.set('knock', deps.knockOf(context.env.incoming))
    context.set('trace', traceOf(deps, context))
    await next()
    record(deps, context, deps.clock.monotonicMs() - startedAt)
  })
  app.use(async (context, next) => {
    const { knock } = context.var
    checkPlace(knock, gate.hosts())
    const allowed = allowedPage(knock, gate.hosts())
    if (allowed === null) return next()
    // A browser asks first, without any credential, whether a page of that origin may ask at all.
    if (context.req.method === 'OPTIONS') return preflight(allowed, context.var.requestId)
    await next()
    for (const [name, value] of Object.entries(shareWith(allowed))) context.res.headers.set(name, value)
    return undefined
  })
  app.onError((error, context) => {
    const { requestId } = context.var
    const known = problemOf(error)
    if (known === null)
      deps.log.error(`${context.req.method} ${context.req.path} failed`, {
        request: requestId,
        ...(context.var.trace === null ? {} : { trace_id: context.var.trace.traceId }),
        error,
      })
    return problem(known ?? bugProblem(requestId), requestId)
  })
  app.notFound((context) =>
    problem(problemOf(wrongMethod(app.routes, context) ?? noSuchRoute(context)), context.var.requestId),
  )

  deps.open(app)
  const open = [...app.routes]
  app.use((context, next) => {
    const refusal = wrongMethod(open, context)
    if (refusal !== null) throw refusal
    return next()
  })

  app.use(async (context, next) => {
    const { knock } = context.var
    const version = await kernel.deps.store.version()
    context.set('version', version)
    const presented = presentedBy(knock, gate.cookieName)
    if (presented?.by !== 'bearer' && isPageVisit(context)) {
      const caller = presented === null ? null : await gate.authenticator.identify(presented, version)
      if (caller === null) return redirect('/login')
    }
    context.set('admitted', await admit(knock, presented, version, gate))
    return next()
  })

  // Fixed names come before places that take any name.
  for (const operation of operations.toSorted(
    (a, b) => a.path.split(':').length - b.path.split(':').length,
  )) {
    const handler = handlers[operation.id]
    app.on(
      operation.method,
      MOUNTS.map((mount) => mount + operation.path),
      (context) =>
        carryOut(operation, handler, {
          request: context.req.raw,
          requestId: context.var.requestId,
          params: context.req.param(),
          query: searchOf(context.req.url),
          admitted: context.var.admitted,
          version: context.var.version,
        }),
    )
  }
  deps.pages(app)
  return app
}

/** A person who follows a link, rather than a program: for them a page says more than a refusal. */
const isPageVisit = ({ req }: Context<Env>): boolean =>
  req.method === 'GET' &&
  (!req.path.startsWith('/api/') || req.path === '/api/docs') &&
  req.header('accept')?.includes('text/html') === true

const searchOf = (url: string): string => {
  const at = url.indexOf('?')
  return at === -1 ? '' : url.slice(at)
}

/** Lets a page elsewhere, which the settings name, read the answer. Its cookie never comes along, so it needs a token. */
const shareWith = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'content-disposition, etag, x-request-id, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
  vary: 'origin',
})

const preflight = (origin: string, requestId: string): Response =>
  data(null, requestId, {
    status: 204,
    headers: {
      ...shareWith(origin),
      'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers':
        'authorization, content-type, if-none-match, last-event-id, x-request-id',
      'access-control-max-age': '600',
    },
  })

const traceOf = ({ tracing }: AppDeps, { req, var: { requestId } }: Context<Env>): RequestTrace | null =>
  tracing?.request({
    method: req.method,
    path: req.path,
    requestId,
    traceparent: req.header('traceparent'),
  }) ?? null

function record({ log, onAnswer }: AppDeps, context: Context<Env>, ms: number): void {
  const { method, path, routePath } = context.req
  const { status } = context.res
  const { trace } = context.var
  trace?.end({ route: routePath, status })
  onAnswer({ method, route: routePath, status, ms })
  const fields = {
    request: context.var.requestId,
    ...(trace === null ? {} : { trace_id: trace.traceId, span_id: trace.spanId }),
    method,
    path,
    status,
    ms: Math.round(ms * 10) / 10,
    who: context.get('admitted')?.caller.name,
    from: context.var.knock.address,
  }
  // Reading is what a board is for all day; what changed it, and what was refused, is worth a line.
  const isNews = method !== 'GET' || status >= 400
  log[isNews ? 'info' : 'debug'](`${method} ${path} ${status}`, fields)
}

/** For an address that is one of these routes, and a method that is none of its; null for any other address. */
function wrongMethod(routes: Hono<Env>['routes'], { req }: Context<Env>): Refusal | null {
  const here = routes.filter(({ method, path }) => method !== METHOD_NAME_ALL && isAt(path, req.path))
  if (here.length === 0) return null
  const methods = [...new Set(here.map(({ method }) => method))]
  if (methods.includes('GET')) methods.push('HEAD')
  return new Refusal(
    405,
    'no_such_method',
    `${req.method} cannot be used on ${req.path}.`,
    `Use ${methods.join(' or ')}; see /api/docs.`,
    { allow: methods.join(', ') },
  )
}

/** A route that takes whatever is left is none that an address belongs to. */
const isAt = (route: string, path: string): boolean =>
  route === path || (route.includes(':') && new RegExp(`^${route.replace(/:\w+/g, '[^/]+')}$`).test(path))

function noSuchRoute({ req }: Context<Env>): Refusal {
  const path = MOUNTS.reduce<string>(
    (rest, mount) => (rest.startsWith(`${mount}/`) ? rest.slice(mount.length) : rest),
    req.path,
  )
  const near = nearest(
    path,
    operations.map((operation) => operation.path),
  )
  return new Refusal(
    404,
    'no_such_route',
    `There is nothing at ${req.path}.`,
    near === null ? 'See /api/docs for what there is.' : `Did you mean ${MOUNTS[0]}${near}? See /api/docs.`,
  )
}
