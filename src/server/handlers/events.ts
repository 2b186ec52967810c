import { eventView } from '../../contract/views.ts'
import type { CheckedInput } from '../../contract/operations/table.ts'
import { invalid } from '../../domain/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { EventHub } from '../events/event-hub.ts'
import type { EventFilter } from '../events/filter.ts'
import { sseStream } from '../events/sse.ts'
import type { StandingConnections } from '../events/standing.ts'
import { Reply, type Handlers } from '../handler.ts'

export interface EventsDeps {
  readonly kernel: Kernel
  readonly hub: EventHub
  readonly standing: StandingConnections
}

const DEFAULT_EVENTS = 1_000

export const eventHandlers = ({ kernel, hub, standing }: EventsDeps) =>
  ({
    async listEvents({ input, request, presented }) {
      if (request.headers.get('accept')?.includes('text/event-stream')) {
        const { filter, since } = streamOf(input)
        // A client that comes again says so in a header.
        const last = /^\d{1,15}$/.exec(request.headers.get('last-event-id') ?? '')?.[0]
        const stream = sseStream({
          hub,
          filter,
          since: last === undefined ? since : Number(last),
          onOpen: (end) => standing.add({ presented, end }),
        })
        return new Reply(stream, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
      }
      const { since, task, run, kinds, tenant, assignee, limit = DEFAULT_EVENTS, newest } = input
      const { events, cursor } = await kernel.readEventPage({
        ...(since === undefined ? {} : { after: since }),
        ...(task === undefined ? {} : { taskId: task }),
        ...(run === undefined ? {} : { runId: run }),
        ...(kinds === undefined ? {} : { kinds }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(assignee === undefined ? {} : { assignee }),
        limit,
        newestFirst: newest ?? false,
      })
      return { events: events.map(eventView), cursor }
    },
  }) satisfies Partial<Handlers>

/** What a stream is asked for. A page of history and a stream are two things, so what only one of them knows is refused. */
export function streamOf(input: CheckedInput<'listEvents'>): {
  readonly filter: EventFilter
  readonly since: number | null
} {
  const { since, task, run, kinds, tenant, assignee, limit, newest } = input
  if ((limit ?? newest) !== undefined)
    throw invalid(
      'not_for_streams',
      'limit and newest are for a page of history, and a stream has no end. Leave them out.',
    )
  return {
    filter: {
      task: task ?? null,
      run: run ?? null,
      kinds: kinds ?? null,
      tenant: tenant ?? null,
      assignee: assignee ?? null,
    },
    since: since ?? null,
  }
}
