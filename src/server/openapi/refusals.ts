/** The refusals of the document: one answer for each status, with the headers it carries and what it looks like. */
import type { Operation } from '../../contract/operations/operation.ts'
import { bugProblem, type Problem, type RefusalStatus } from '../refusal.ts'
import type { Json } from './json-schema.ts'

export const REQUEST_ID_HEADER: Json = {
  'X-Request-Id': { $ref: '#/components/headers/RequestId' },
}

interface Refused {
  readonly name: string
  readonly description: string
  readonly headers?: Json
  readonly example: Problem['body']
}

const RETRY_AFTER: Json = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }

type Told = Exclude<RefusalStatus, 405 | 408 | 417 | 431>

const REFUSED: Readonly<Record<Told, Refused>> = {
  400: {
    name: 'BadRequest',
    description:
      'The request is wrong in itself: something is missing, malformed, not known or not possible. Nothing was changed.',
    example: {
      detail:
        'This request cannot be understood: title in the body is missing; the body holds "titel", which is not known (did you mean title?).',
      code: 'bad_request',
      next: 'Correct it; what it may hold is at /api/docs#createTask',
    },
  },
  401: {
    name: 'Unauthorised',
    description: 'There is no credential, or none that is good any more.',
    headers: {
      'WWW-Authenticate': {
        description: 'The way in that programs use.',
        schema: { type: 'string' },
        example: 'Bearer realm="yardmaster"',
      },
    },
    example: {
      detail: 'This needs a credential, and the request has none.',
      code: 'unauthorised',
      next: 'In a browser: yard open. In a program: Authorization: Bearer, with the content of server.token or a token of yard token create.',
    },
  },
  403: {
    name: 'Forbidden',
    description:
      'The credential is good and may not do this, or the request comes under a foreign name or from a foreign page.',
    example: {
      detail: 'This needs the scope write, and the token has read.',
      code: 'scope_too_narrow',
      next: 'Make a token that may: yard token create --scope write',
    },
  },
  404: {
    name: 'NotFound',
    description: 'There is no such thing.',
    example: {
      detail: 'task t_00000000 not found. List the board with: yard list --archived',
      code: 'task_not_found',
      next: 'yard list --archived',
    },
  },
  409: {
    name: 'Conflict',
    description:
      'The state it is in forbids it. Read it again and decide anew; the same request may be right later.',
    example: {
      detail: 'Cannot resume the board: it is not paused. See what is held with: yard doctor',
      code: 'not_paused',
      next: 'yard doctor',
    },
  },
  413: {
    name: 'TooLarge',
    description:
      'The body is longer than 8 MiB, or the file larger than attachments.max_mb. The connection ends.',
    example: {
      detail: 'The body of this request is longer than 8 MiB.',
      code: 'body_too_large',
      next: 'Put long material into a file and attach it: POST /tasks/{id}/attachments.',
    },
  },
  415: {
    name: 'NotJson',
    description: 'The body is not said to be JSON.',
    example: {
      detail: 'The body of this request is said to be text/plain, and JSON is needed.',
      code: 'not_json',
      next: 'Send it with the header: Content-Type: application/json',
    },
  },
  429: {
    name: 'TooManyAttempts',
    description: 'Too many wrong credentials came from this address. A right one is taken at any time.',
    headers: RETRY_AFTER,
    example: {
      detail:
        'The credential of this request is not good, or not any more. There were too many attempts from your address.',
      code: 'too_many_attempts',
      next: 'Wait 42 seconds. A right credential is taken at any time.',
    },
  },
  500: {
    name: 'Failed',
    description: "A bug. The gateway's log has the details, under the X-Request-Id of the answer.",
    example: bugProblem('5f0c2b8e-7d3a-4a51-9a6e-2f4f6d1c9b10').body,
  },
  503: {
    name: 'Unavailable',
    description: 'The board cannot be reached now; the same request may be right in a moment.',
    headers: RETRY_AFTER,
    example: {
      detail:
        'Cannot write to the board /home/alice/.yardmaster/kanban.db: the disk is full. Nothing was changed. Free space there, for example with: yard gc',
      code: 'disk_full',
      next: 'yard gc',
    },
  },
}

const STATUSES = Object.keys(REFUSED).map(Number) as Told[]

export const problemResponses = (): Record<string, Json> =>
  Object.fromEntries(
    STATUSES.map((status) => {
      const { name, description, headers = {}, example } = REFUSED[status]
      const content = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' }, example } }
      return [name, { description, headers: { ...REQUEST_ID_HEADER, ...headers }, content }]
    }),
  )

/** Those of these statuses, as parts of an operation. */
export const refusals = (statuses: readonly Told[]): Json =>
  Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${REFUSED[status].name}` }]),
  )

export function refusalsOf({ method, params, query, body, upload }: Operation): Json {
  const hasPlace = Object.keys(params.shape).length > 0
  const queried = Object.keys(query.shape)
  const hasInput = hasPlace || queried.length > 0 || body !== null
  return refusals([
    ...(hasInput ? [400 as const] : []),
    401,
    403,
    ...(hasPlace || queried.includes('task') ? [404 as const] : []),
    ...(hasPlace || method !== 'GET' ? [409 as const] : []),
    ...(body === null && upload === null ? [] : [413 as const]),
    ...(body === null ? [] : [415 as const]),
    429,
    500,
    503,
  ])
}
