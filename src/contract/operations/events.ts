/** The history of the board; the same path streams it live, as a WebSocket or as server-sent events. */
import { z } from 'zod'
import { EVENT_KINDS } from '../../domain/event.ts'
import { flag, rowId, taskId, wholeNumber, word, words } from './fields.ts'
import { operation } from './operation.ts'
import { card, event, text } from './shapes.ts'

const kind = z.enum(EVENT_KINDS)

export const eventOperations = {
  listEvents: operation('listEvents', {
    subject: 'Events',
    about:
      'Events after a cursor, oldest first. Asked for as text/event-stream, or upgraded to a WebSocket, it goes on with every new one.',
    scope: 'read',
    query: {
      since: wholeNumber(0)
        .optional()
        .describe('Only events with a greater id. A stream without it begins now.'),
      task: taskId.optional(),
      run: rowId.optional(),
      kinds: words(kind).optional(),
      tenant: word.optional(),
      assignee: word.optional(),
      limit: wholeNumber(1, 5_000).optional().describe('1,000 by default.'),
      newest: flag.optional().describe('Newest first.'),
    },
    output: z.strictObject({
      events: z.array(event),
      cursor: z.int().describe('Give it as since to go on from here.'),
    }),
  }),
}

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

export type StreamFrame = z.output<typeof streamFrame>
