/** Requests that want to become a WebSocket: the same way in as for all others, and only one place to go. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { MOUNTS } from '../contract/operations/routes.ts'
import { OPERATIONS } from '../contract/operations/table.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Log } from '../lib/log.ts'
import { answerByHand } from './answer-by-hand.ts'
import type { Presented } from './auth/authenticator.ts'
import type { Tickets } from './auth/tickets.ts'
import { assertMay } from './caller.ts'
import { checkInput } from './check-input.ts'
import type { StandingConnections } from './events/standing.ts'
import type { EventSockets, Upgrade } from './events/websocket.ts'
import { admit, checkPlace, presentedBy, type GateDeps, type Knock } from './gate.ts'
import { streamOf } from './handlers/events.ts'
import { queryOf } from './operation-route.ts'
import { bugProblem, problemOf, Refusal, unreadable } from './refusal.ts'
import { requestIdOf } from './request-id.ts'
import { problem } from './respond.ts'

export interface UpgradeDeps {
  readonly kernel: Kernel
  readonly gate: GateDeps
  readonly tickets: Tickets
  readonly sockets: EventSockets
  readonly standing: StandingConnections
  readonly log: Log
  readonly knockOf: (incoming: IncomingMessage) => Knock
}

const PLACES: ReadonlySet<string> = new Set(MOUNTS.map((mount) => `${mount}${OPERATIONS.listEvents.path}`))

export const upgradeListener =
  (deps: UpgradeDeps) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Until it is a WebSocket nobody else listens for its errors.
    socket.on('error', () => socket.destroy())
    void upgrade(deps, { request, socket, head }).catch((error: unknown) => {
      const requestId = requestIdOf(deps.knockOf(request).header('x-request-id'))
      const known = problemOf(error)
      if (known === null) deps.log.error('an upgrade to a WebSocket failed', { request: requestId, error })
      const refused = known ?? bugProblem(requestId)
      const { status, body } = refused
      deps.log.info(`upgrade refused ${status}`, { request: requestId, status, code: body.code })
      return answerByHand(socket, problem(refused, requestId))
    })
  }

async function upgrade(deps: UpgradeDeps, wanted: Upgrade): Promise<void> {
  const { kernel, gate, sockets, standing } = deps
  const knock = deps.knockOf(wanted.request)
  checkPlace(knock, gate.hosts())
  const address = URL.parse(wanted.request.url ?? '/', 'http://localhost')
  if (address === null) throw unreadable()
  const { pathname, search } = address
  if (!PLACES.has(pathname))
    throw new Refusal(
      404,
      'no_such_route',
      `There is no WebSocket at ${pathname}.`,
      `It is at ${MOUNTS[0]}/events.`,
    )
  const query = queryOf(search)
  const presented = presentedIn(query, deps, knock)
  delete query['ticket']
  delete query['token']
  const version = await kernel.deps.store.version()
  try {
    const admitted = await admit(knock, presented, version, gate)
    assertMay(admitted.caller, OPERATIONS.listEvents, undefined)
  } catch (error) {
    // Clients of this protocol see why a socket was closed, but not why it was never opened.
    if (error instanceof Refusal) return sockets.refuse(wanted, error.code)
    throw error
  }
  const input = checkInput(OPERATIONS.listEvents, { params: {}, query, body: undefined })
  const { filter, since } = streamOf(input)
  sockets.accept(wanted, {
    filter,
    since,
    onOpen: (end) => (presented === null ? new DisposableStack() : standing.add({ presented, end })),
  })
}

/** A browser cannot send a header with a WebSocket, so here a ticket or a token may stand in the address. */
function presentedIn(
  query: Readonly<Record<string, string>>,
  { tickets, gate }: UpgradeDeps,
  knock: Knock,
): Presented | null {
  const { ticket, token } = query
  if (ticket !== undefined) return tickets.redeem(ticket) ?? { secret: '', by: 'bearer' }
  if (token !== undefined) return { secret: token, by: 'bearer' }
  return presentedBy(knock, gate.cookieName)
}
