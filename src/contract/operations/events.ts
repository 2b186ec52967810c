/** The history of the board; the same path streams it live, as a WebSocket or as server-sent events. */
import { z } from 'zod'
import { EVENT_KINDS } from '../../domain/event.ts'
import { flag, rowId, taskId, wholeNumber, word, words } from './fields.ts'
import { operation } from './operation.ts'
import { card, event, text } from './shapes.ts'

const kind = z.enum(EVENT_KINDS)

/** Every frame of the stream has these two; a client that knows nothing else can follow the board. */
const frame = { events: z.array(event), cursor: z.int() }

export const streamFrame = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('hello'),
      ...frame,
      version: text.describe('The version of the server.'),
      board: text.describe('The identity of the board.'),
      heartbeat_seconds: z
        .int()
        .describe('Something arrives at least this often; twice that silence means a dead line.'),
      now: z.int(),
    }),
    z.strictObject({
      type: z.literal('events'),
      ...frame,
      cards: z
        .array(card)
        .describe('The cards these events touched, as they are now: put them in place of yours.'),
      left: z
        .array(taskId)
        .describe('Cards that had the assignee and tenant you asked for, and no longer do: take them away.'),
    }),
    z.strictObject({ type: z.literal('ping'), ...frame, now: z.int() }),
    z.strictObject({
      type: z.literal('resync'),
      ...frame,
      reason: text.describe('Read the board again, then go on from its latest_event_id.'),
    }),
  ])
  .meta({ id: 'StreamFrame' })

export const eventOperations = {
  listEvents: operation('listEvents', {
    subject: 'Events',
    about:
      'Events after a cursor, oldest first. The same address streams them, without limit and newest: to a request with `Accept: text/event-stream` as server-sent events, to one that upgrades as a WebSocket. Both go on with every new event until either side leaves, and a client that comes again with the last cursor misses nothing and gets nothing twice.',
    scope: 'read',
    query: {
      since: wholeNumber(0)
        .optional()
        .describe('Only events with a greater id. A stream without it begins now.'),
      task: taskId.optional().describe('Only events of this task.'),
      run: rowId.optional().describe('Only events of this run, by its number.'),
      kinds: words(kind).optional().describe('Only events of these kinds, separated by commas.'),
      tenant: word.optional().describe('Only events of tasks of this tenant.'),
      assignee: word.optional().describe('Only events of tasks of this assignee.'),
      limit: wholeNumber(1, 5_000).optional().describe('1,000 by default.'),
      newest: flag.optional().describe('Newest first.'),
    },
    stream: streamFrame,
    gives: 'A page of events, and the cursor to go on from.',
    output: z.strictObject({
      events: z.array(event),
      cursor: z.int().describe('Give it as since to go on from here.'),
    }),
  }),
}

export type StreamFrame = z.output<typeof streamFrame>
