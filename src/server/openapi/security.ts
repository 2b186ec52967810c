import type { Scope } from '../../domain/credential.ts'
import type { Json } from './json-schema.ts'

export const securitySchemes = (cookieName: string): Record<string, Json> => ({
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'For programs: the content of `server.token`, a token of `yard token create` or `POST /tokens`, or the token of a run, which its worker finds in its environment.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: cookieName,
    description:
      'For browsers: what `POST /login` sets. The name belongs to this board. A change is taken with it only from a page of this server.',
  },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description:
      'For a WebSocket that cannot send a header: the ticket of `POST /tickets`, good once and for 30 seconds.',
  },
  token: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description:
      'For a WebSocket that can neither send a header nor get a ticket: the bearer token in the address, where logs on the way may keep it.',
  },
})

/** Whoever has one of these, with at least this scope, may ask. `upgrades`: also as a WebSocket. */
export const securityFor = (scope: Scope, upgrades = false): Json[] =>
  ['bearer', 'session', ...(upgrades ? ['ticket', 'token'] : [])].map((name) => ({ [name]: [scope] }))
