/** The board over HTTP and WebSocket: everything put together, listening, and taken down again. */
import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import { newUuid } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { HomePaths } from '../lib/paths.ts'
import { Authenticator } from './auth/authenticator.ts'
import { cookieNameOf } from './auth/login.ts'
import { OwnerToken } from './auth/owner-token.ts'
import { Throttle } from './auth/throttle.ts'
import { Tickets } from './auth/tickets.ts'
import { BoardBytes } from './board-bytes.ts'
import { EventHub } from './events/event-hub.ts'
import { StandingConnections } from './events/standing.ts'
import { EventSockets } from './events/websocket.ts'
import type { GateDeps, Knock } from './gate.ts'
import { allHandlers } from './handlers.ts'
import { hostPolicy, type HostPolicy } from './hosts.ts'
import { buildApp } from './http-app.ts'
import type { InspectDeps } from './inspect-run.ts'
import { listenOn, listenOnSocket } from './listen.ts'
import { openMetrics } from './metrics/metrics.ts'
import { openRoutes } from './open-routes.ts'
import { pageRoutes } from './page-routes.ts'
import { StaticFiles } from './pages/static-files.ts'
import { problemOf, unreadable } from './refusal.ts'
import { problem } from './respond.ts'
import { RunWatch } from './run-watch.ts'
import { removeServerState, writeServerState } from './server-state.ts'
import type { ServerServices } from './services.ts'
import {
  assertConsent,
  exposureOf,
  localServer,
  serverFor,
  urlOf,
  warnOf,
  type ServerSettings,
} from './serving.ts'
import type { Tracing } from './tracing/tracing.ts'
import { answerUnreadable } from './unreadable.ts'
import { upgradeListener } from './upgrades.ts'

export interface ServerOptions {
  readonly kernel: Kernel
  readonly services: ServerServices
  readonly paths: HomePaths
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  /** In whose name the token file of the home acts. */
  readonly ownerName: string
  /** The built dashboard; null when there is none. */
  readonly dashboard: string | null
  readonly treeOf: InspectDeps['treeOf']
  /** Null when nobody collects traces. */
  readonly tracing: Tracing | null
  /** What the dispatcher of this process writes into its claims. */
  readonly claimLock: string
}

export interface RunningServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string
}

/** Clients have this long to take their leave, in milliseconds. */
const FAREWELL_MS = 1_000

/** Listens when it returns. Refuses settings that cannot work, with what to change. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { kernel, services, paths, log, version } = options
  const settings = services.settings().server
  assertConsent(settings)
  // Before anything is watched: what it refuses leaves nothing to take down.
  const server = serverFor(settings)
  const owner = new OwnerToken(paths.serverToken, (message) => log.warn(message))
  owner.prepare()
  const parts = assemble(options, owner)
  attach(server, parts, log)
  const servers = [server]
  try {
    const port = await listenOn(server, {
      host: settings.host,
      port: settings.port,
      isFixed: settings.port_is_fixed,
    })
    if (settings.socket !== null) {
      const local = localServer()
      attach(local, parts, log)
      servers.push(local)
      await listenOnSocket(local, settings.socket)
    }
    const url = urlOf(settings, port)
    writeServerState(paths, { version, url, socket: settings.socket, exposure: exposureOf(settings) })
    warnOf(settings, log)
    log.info(`serving ${kernel.deps.store.location} at ${url}`, { url, socket: settings.socket })
    return {
      url,
      async [Symbol.asyncDispose]() {
        removeServerState(paths)
        await takeDown(servers, parts)
      },
    }
  } catch (error) {
    await takeDown(servers, parts)
    throw error
  }
}

interface Parts {
  readonly onRequest: ReturnType<typeof getRequestListener>
  readonly onUpgrade: ReturnType<typeof upgradeListener>
  readonly sockets: EventSockets
  readonly toDispose: readonly Disposable[]
}

function assemble(options: ServerOptions, owner: OwnerToken): Parts {
  const { kernel, services, clock, log, version, ownerName, paths, tracing } = options
  const { boardId } = kernel.deps.store
  const settings = () => services.settings().server
  const authenticator = new Authenticator({ kernel, owner, ownerName, clock })
  const gate: GateDeps = {
    authenticator,
    throttle: new Throttle(clock),
    hosts: hostsOf(settings),
    cookieName: cookieNameOf(boardId),
  }
  const tickets = new Tickets(clock)
  const bytes = new BoardBytes(clock)
  const standing = new StandingConnections({
    authenticator,
    watch: (listener) => kernel.deps.store.watch(listener),
    log,
  })
  const hub = new EventHub({ kernel, checkStanding: () => standing.look(), clock, log, version })
  const sockets = new EventSockets(hub)
  const knockOf = knockIn(settings)
  const metrics = openMetrics({
    kernel,
    clock,
    version,
    stream: () => ({ clients: hub.size, lagMs: hub.lagMs }),
    database: services.database,
  })
  const runs = new RunWatch({ kernel, clock, log, lock: options.claimLock }, [
    metrics.runs,
    ...(tracing === null ? [] : [tracing.runs]),
  ])
  const app = buildApp({
    kernel,
    gate,
    log,
    clock,
    knockOf,
    handlers: allHandlers({
      kernel,
      services,
      tickets,
      bytes,
      hub,
      standing,
      version,
      paths,
      clock,
      logs: paths.runLogs,
      inspect: { host: kernel.deps.host, clock, treeOf: options.treeOf },
    }),
    open: openRoutes({
      gate,
      boardId,
      login: { kernel, owner, ownerName, sessionSeconds: () => settings().session_days * 86_400 },
      lack: () => lackOf(kernel),
    }),
    pages: pageRoutes({
      version,
      cookieName: gate.cookieName,
      files: new StaticFiles(options.dashboard),
      location: kernel.deps.store.location,
      metrics: metrics.text,
    }),
    tracing,
    onAnswer: metrics.answered,
  })
  return {
    onRequest: getRequestListener(app.fetch, {
      errorHandler: () => problem(problemOf(unreadable()), newUuid()),
    }),
    onUpgrade: upgradeListener({ kernel, gate, tickets, sockets, standing, log, knockOf }),
    sockets,
    toDispose: [
      hub,
      standing,
      bytes,
      runs,
      services.onPass(metrics.passed),
      ...(tracing === null ? [] : [services.onPass(tracing.passed)]),
    ],
  }
}

function attach(server: Server, { onRequest, onUpgrade }: Parts, log: Log): void {
  server.on('request', (incoming, outgoing) => void onRequest(incoming, outgoing))
  server.on('upgrade', onUpgrade)
  answerUnreadable(server, log)
}

/** Asks everybody to leave, then closes what is still open. */
async function takeDown(servers: readonly Server[], { sockets, toDispose }: Parts): Promise<void> {
  for (const part of toDispose) part[Symbol.dispose]()
  sockets.close()
  const closed = servers.map(
    (server) =>
      new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
  )
  const timer = setTimeout(() => {
    sockets.terminate()
    for (const server of servers) server.closeAllConnections()
  }, FAREWELL_MS)
  for (const server of servers) server.closeIdleConnections()
  await Promise.all(closed)
  clearTimeout(timer)
}

/** The names this server goes by; worked out again only when the settings changed. */
function hostsOf(settings: () => ServerSettings): () => HostPolicy {
  let made: { readonly from: ServerSettings; readonly policy: HostPolicy } | undefined
  return () => {
    const from = settings()
    if (made?.from !== from)
      made = {
        from,
        policy: hostPolicy(from.host, { hosts: from.allowed_hosts, origins: from.allowed_origins }),
      }
    return made.policy
  }
}

/** A proxy in front is believed only when the settings say that there is one. */
const knockIn =
  (settings: () => ServerSettings) =>
  (incoming: IncomingMessage): Knock => {
    const { trust_proxy: isBehindProxy } = settings()
    const header = (name: string) => {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    }
    const isEncrypted = 'encrypted' in incoming.socket && incoming.socket.encrypted === true
    const forwarded = isBehindProxy ? header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
    const isForwardedTls = isBehindProxy && header('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https'
    return {
      method: incoming.method ?? 'GET',
      header,
      address:
        forwarded !== undefined && isIP(forwarded) !== 0
          ? forwarded
          : (incoming.socket.remoteAddress ?? 'local'),
      scheme: isEncrypted || isForwardedTls ? 'https' : 'http',
    }
  }

async function lackOf({ deps: { store } }: Kernel): Promise<string | null> {
  try {
    await store.version()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
