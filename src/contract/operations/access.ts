/** Who may come in: the session of whoever asks, and bearer tokens. */
import { z } from 'zod'
import { SCOPES } from '../../domain/credential.ts'
import { optional, rowId } from './fields.ts'
import { operation } from './operation.ts'
import { ok, seconds, secondsOrNull, text } from './shapes.ts'

const scope = z.enum(SCOPES)

const token = z
  .strictObject({
    id: z.int(),
    kind: z.enum(['token', 'session']).describe('For a program, or of a browser that is logged in.'),
    name: text.describe('In whose name it acts.'),
    label: text.describe('What it is for; of a session, which browser.'),
    scope,
    created_at: seconds,
    created_by: text,
    expires_at: secondsOrNull,
  })
  .meta({ id: 'Token' })

export const accessOperations = {
  getSession: operation('getSession', {
    subject: 'Access',
    about: 'Who you are here, and what you may do.',
    scope: 'read',
    workers: 'anywhere',
    gives: 'The caller, with the board and the server that was asked.',
    output: z.strictObject({
      name: text.describe('In whose name the caller acts.'),
      scope: scope.nullable().describe('Null for the worker of a run.'),
      kind: z
        .enum(['owner', 'session', 'token', 'worker'])
        .describe('By the token file of the home, a session, a token, or the token of a run.'),
      expires_at: secondsOrNull,
      run: z
        .strictObject({ run_id: z.int(), task_id: text })
        .nullable()
        .describe('The run whose worker it is, and its task.'),
      board: text.describe('The identity of the board.'),
      version: text.describe('The version of the server.'),
    }),
  }),

  endSession: operation('endSession', {
    subject: 'Access',
    about: 'Logs out: the session of this browser ends.',
    scope: 'read',
    headers: { 'Set-Cookie': 'Takes the cookie of the session away.' },
    gives: 'The session has ended, and the cookie is taken away.',
    output: ok,
  }),

  createTicket: operation('createTicket', {
    subject: 'Access',
    about:
      'A ticket that opens one WebSocket within 30 seconds, as /events?ticket=…, for clients that cannot send a header with it.',
    scope: 'read',
    gives: 'The ticket, and when it is no longer good.',
    output: z.strictObject({ ticket: text, expires_at: seconds }),
    status: 201,
  }),

  listTokens: operation('listTokens', {
    subject: 'Access',
    about: 'Tokens and sessions that are good now. What they are made of is not kept, so it cannot be shown.',
    scope: 'operate',
    gives: 'The tokens and sessions.',
    output: z.strictObject({ tokens: z.array(token) }),
  }),

  createToken: operation('createToken', {
    subject: 'Access',
    about: 'Makes a bearer token. It is shown once.',
    scope: 'operate',
    body: z.strictObject({
      label: text.describe('What it is for.'),
      scope,
      name: optional(text).describe('In whose name it acts; yours by default.'),
      expires_in_seconds: optional(
        z
          .int()
          .min(60)
          .max(10 * 365 * 86_400),
      ).describe('Never by default.'),
    }),
    gives: 'The secret, which is shown this once, and what is kept of it.',
    output: z.strictObject({ secret: text.describe('Send it as Authorization: Bearer.'), token }),
    status: 201,
  }),

  revokeToken: operation('revokeToken', {
    subject: 'Access',
    about: 'Ends a token or a session, at once.',
    scope: 'operate',
    params: { id: rowId.describe('The number of the token or session, as GET /tokens lists it.') },
    gives: 'It is good for nothing any more.',
    output: ok,
  }),
}
