/** What the server answers beside the operations of the board. A test compares it with the routes there are. */
import { z } from 'zod'
import { SCOPES, type Scope } from '../../domain/credential.ts'
import { secondsOrNull, text } from '../../contract/operations/shapes.ts'
import { jsonSchema, type Json } from './json-schema.ts'
import { refusals, REQUEST_ID_HEADER } from './refusals.ts'
import { securityFor } from './security.ts'

interface Answer {
  readonly description: string
  readonly media: string
  readonly schema?: z.ZodType
  readonly example?: unknown
  readonly headers?: Json
}

interface SiteRoute {
  readonly id: string
  readonly method: 'get' | 'post'
  readonly path: string
  readonly about: string
  /** Null: for everybody. */
  readonly scope: Scope | null
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown; readonly media: readonly string[] }
  readonly answers: Readonly<Record<number, Answer>>
  readonly refused: Parameters<typeof refusals>[0]
}

const HTML = 'text/html'
const JSON_MEDIA = 'application/json'

const page = (description: string): Answer => ({ description, media: HTML })

const ROUTES: readonly SiteRoute[] = [
  {
    id: 'getHealth',
    method: 'get',
    path: '/healthz',
    about: 'Whether the process answers.',
    scope: null,
    answers: {
      200: {
        description: 'It does.',
        media: JSON_MEDIA,
        schema: z.strictObject({ status: z.literal('ok') }),
        example: { status: 'ok' },
      },
    },
    refused: [],
  },
  {
    id: 'getReadiness',
    method: 'get',
    path: '/readyz',
    about: 'Whether the server can read the board.',
    scope: null,
    answers: {
      200: {
        description: 'It can.',
        media: JSON_MEDIA,
        schema: z.strictObject({ status: z.literal('ready') }),
        example: { status: 'ready' },
      },
      503: {
        description: 'It cannot. What is wrong is said by `yard doctor`, not to strangers.',
        media: JSON_MEDIA,
        schema: z.strictObject({ status: z.literal('not ready') }),
        example: { status: 'not ready' },
      },
    },
    refused: [],
  },
  {
    id: 'getLoginPage',
    method: 'get',
    path: '/login',
    about:
      'The page on which a person logs in. The code of a link stands behind its #, which no server gets to see.',
    scope: null,
    answers: { 200: page('The page.') },
    refused: [],
  },
  {
    id: 'logIn',
    method: 'post',
    path: '/login',
    about:
      'Logs a browser in. The code is that of a link of `yard open`, good once and for five minutes, or the content of `server.token`. `DELETE /session` logs out.',
    scope: null,
    body: {
      schema: z.strictObject({
        code: text.describe('What stands behind the # of a login link, or the token.'),
      }),
      example: { code: 'yard_kq2Zr8m0Vt5nXw1yB7cD3eF6gH9jL4pS_aUoIxEzQvR' },
      media: [JSON_MEDIA, 'application/x-www-form-urlencoded'],
    },
    answers: {
      200: {
        description: 'The session has begun: the answer sets its cookie.',
        media: JSON_MEDIA,
        schema: z.strictObject({
          ok: z.literal(true),
          name: text.describe('In whose name the session acts.'),
          scope: z.enum(SCOPES),
          expires_at: secondsOrNull,
        }),
        example: { ok: true, name: 'alice', scope: 'operate', expires_at: 1_768_435_200 },
        headers: {
          'Set-Cookie': {
            description: 'The session, which scripts cannot read and other sites cannot send.',
            schema: { type: 'string' },
          },
        },
      },
      303: {
        description: 'The same to a form, which goes on to the first page.',
        media: HTML,
        headers: { Location: { schema: { type: 'string' } }, 'Set-Cookie': { schema: { type: 'string' } } },
      },
    },
    refused: [400, 401, 403, 413, 415, 429, 500, 503],
  },
  {
    id: 'getMetrics',
    method: 'get',
    path: '/metrics',
    about: 'Measures in the text format of Prometheus.',
    scope: 'read',
    answers: {
      200: {
        description: 'The measures as they are now.',
        media: 'text/plain',
        schema: text,
        example:
          '# HELP yard_tasks Tasks on the board.\n# TYPE yard_tasks gauge\nyard_tasks{status="ready"} 2\nyard_tasks{status="done"} 40\n',
      },
    },
    refused: [401, 403, 429, 500, 503],
  },
  {
    id: 'getDocument',
    method: 'get',
    path: '/api/openapi.json',
    about: 'This document.',
    scope: 'read',
    answers: {
      200: { description: 'OpenAPI 3.1.', media: JSON_MEDIA, schema: z.record(z.string(), z.unknown()) },
    },
    refused: [401, 403, 429, 500, 503],
  },
  {
    id: 'getDocumentPage',
    method: 'get',
    path: '/api/docs',
    about: 'The same for people, on one page.',
    scope: 'read',
    answers: {
      200: page('The page.'),
      303: {
        ...page('A person who is not logged in is sent to the login.'),
        headers: { Location: { schema: { type: 'string' } } },
      },
    },
    refused: [401, 403, 429, 500, 503],
  },
]

export function sitePaths(schemas: Record<string, Json>): Record<string, Record<string, Json>> {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of ROUTES) (paths[route.path] ??= {})[route.method] = describe(route, schemas)
  return paths
}

function describe(
  { id, about, scope, body, answers, refused }: SiteRoute,
  schemas: Record<string, Json>,
): Json {
  return {
    operationId: id,
    tags: ['Server'],
    summary: about.split(/(?<=[.:;]) /)[0]?.replace(/[.:;]$/, '') ?? about,
    description: `${about} ${scope === null ? 'Needs no credential.' : `Needs the scope \`${scope}\`.`}`,
    servers: [{ url: '/', description: 'The root of this server.' }],
    security: scope === null ? [] : securityFor(scope),
    ...(scope === null ? {} : { 'x-scope': scope }),
    parameters: [],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              body.media.map((media) => [
                media,
                { schema: jsonSchema(body.schema, 'input', schemas), example: body.example },
              ]),
            ),
          },
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, schemas)]),
      ),
      ...refusals(refused),
    },
  }
}

function answerOf(
  { description, media, schema, example, headers = {} }: Answer,
  schemas: Record<string, Json>,
): Json {
  const isData = media === JSON_MEDIA || media === 'text/plain'
  return {
    description,
    headers: { ...(isData ? REQUEST_ID_HEADER : {}), ...headers },
    content: {
      [media]: {
        schema: schema === undefined ? { type: 'string' } : jsonSchema(schema, 'output', schemas),
        ...(example === undefined ? {} : { example }),
      },
    },
  }
}
