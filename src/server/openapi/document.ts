/** The OpenAPI document, made from the table of operations: there is no second place where it could say something else. */
import type { z } from 'zod'
import { EXAMPLES, type AnyExample } from '../../contract/examples/examples.ts'
import { isMedia, type Operation } from '../../contract/operations/operation.ts'
import { MOUNTS } from '../../contract/operations/routes.ts'
import { problem } from '../../contract/operations/shapes.ts'
import { operations } from '../../contract/operations/table.ts'
import type { Scope } from '../../domain/credential.ts'
import { ABOUT, SUBJECTS } from './about.ts'
import { jsonSchema, type Json } from './json-schema.ts'
import { problemResponses, refusalsOf, REQUEST_ID_HEADER } from './refusals.ts'
import { securityFor, securitySchemes } from './security.ts'
import { sitePaths } from './site.ts'

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Json
  readonly servers: readonly Json[]
  readonly security: readonly Json[]
  readonly tags: readonly Json[]
  readonly paths: Record<string, Record<string, Json>>
  readonly components: Readonly<
    Record<'schemas' | 'securitySchemes' | 'headers' | 'responses', Record<string, Json>>
  >
}

export interface DocumentOptions {
  readonly version: string
  /** Of the cookie of a session; each board has a name of its own. */
  readonly cookieName: string
}

export function openApiDocument({ version, cookieName }: DocumentOptions): OpenApiDocument {
  const schemas: Record<string, Json> = {}
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    ;(paths[path] ??= {})[operation.method.toLowerCase()] = describe(operation, schemas)
  }
  Object.assign(paths, sitePaths(schemas))
  // Named among the components, though no operation gives it as its answer.
  jsonSchema(problem, 'output', schemas)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Yardmaster',
      version,
      summary: 'A durable kanban board that runs AI agents, over HTTP.',
      description: ABOUT,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: MOUNTS[0], description: 'This server.' },
      { url: MOUNTS[1], description: 'The same, for clients that know this path.' },
    ],
    security: securityFor('read'),
    tags: Object.entries(SUBJECTS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: sorted(schemas),
      securitySchemes: securitySchemes(cookieName),
      headers: HEADERS,
      responses: problemResponses(),
    },
  }
}

const HEADERS: Record<string, Json> = {
  RequestId: {
    description: 'The name of this request in the log of the gateway: yours if you sent one, else a new one.',
    schema: { type: 'string' },
    example: '5f0c2b8e-7d3a-4a51-9a6e-2f4f6d1c9b10',
  },
  RetryAfter: {
    description: 'When to come again, in seconds.',
    schema: { type: 'integer', minimum: 1 },
    example: 2,
  },
  ETag: {
    description:
      'What this answer is known by. Give it as If-None-Match to be told only when there is another one.',
    schema: { type: 'string' },
    example: 'W/"q0aUbZ0c7y1nM5uS1b2x3A"',
  },
}

function describe(operation: Operation, schemas: Record<string, Json>): Json {
  const { id, subject, about, scope, workers, params, query, tagged, stream } = operation
  const example: AnyExample = EXAMPLES[id]
  return {
    operationId: id,
    tags: [subject],
    summary: about.split(/(?<=[.:;]) /)[0]?.replace(/[.:;]$/, '') ?? about,
    description: `${about} ${mayUse(scope, workers)}`,
    security: securityFor(scope, stream !== null),
    'x-scope': scope,
    ...(workers === null ? {} : { 'x-workers': workers }),
    parameters: [
      ...parametersOf(params, 'path', example, schemas),
      ...parametersOf(query, 'query', example, schemas),
      ...(tagged ? [IF_NONE_MATCH] : []),
      ...(stream === null ? [] : [LAST_EVENT_ID]),
    ],
    ...requestOf(operation, example, schemas),
    responses: { ...answersOf(operation, example, schemas), ...refusalsOf(operation) },
  }
}

const mayUse = (scope: Scope, workers: Operation['workers']): string =>
  `Needs the scope \`${scope}\`${workers === null ? '' : `; the worker of a run may use it (${workers})`}.`

const IF_NONE_MATCH: Json = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of the answer you have. While it is still right, you get a 304 without a body.',
  schema: { type: 'string' },
}

const LAST_EVENT_ID: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description:
    'Of a stream of server-sent events: where it goes on, instead of since. An EventSource that comes again sends it by itself.',
  schema: { type: 'integer', minimum: 0 },
}

function parametersOf(
  object: z.ZodObject,
  place: 'path' | 'query',
  { input = {} }: AnyExample,
  schemas: Record<string, Json>,
): Json[] {
  return Object.entries(object.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const { description, ...schema } = jsonSchema(field, 'input', schemas)
    return {
      name,
      in: place,
      required: place === 'path' || !field.safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema,
      ...(name in input ? { example: inAddress(input[name]) } : {}),
    }
  })
}

/** Lists are written as one text in an address. */
const inAddress = (value: unknown): unknown => (Array.isArray(value) ? value.join(',') : value)

function requestOf(
  { params, query, body, upload }: Operation,
  { input = {} }: AnyExample,
  schemas: Record<string, Json>,
): Json {
  if (upload !== null)
    return { requestBody: { required: true, description: upload, content: { '*/*': { schema: {} } } } }
  if (body === null) return {}
  const elsewhere = [params, query].flatMap(({ shape }) => Object.keys(shape))
  const example = Object.fromEntries(Object.entries(input).filter(([name]) => !elsewhere.includes(name)))
  const content = { 'application/json': { schema: jsonSchema(body, 'input', schemas), example } }
  return { requestBody: { required: !body.safeParse({}).success, content } }
}

function answersOf(operation: Operation, example: AnyExample, schemas: Record<string, Json>): Json {
  const { status, gives, tagged, headers, stream } = operation
  const etag = tagged ? { ETag: { $ref: '#/components/headers/ETag' } } : {}
  const own = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  const answers: Json = {
    [status]: {
      description: gives,
      headers: { ...REQUEST_ID_HEADER, ...etag, ...Object.fromEntries(own) },
      content: {
        ...contentOf(operation, example, schemas),
        ...(stream === null ? {} : streamed(stream, schemas)),
      },
    },
  }
  if (stream !== null) answers[101] = UPGRADED
  if (tagged)
    answers[304] = {
      description: 'You have this answer already: it is the one your If-None-Match names.',
      headers: { ...REQUEST_ID_HEADER, ...etag },
    }
  return answers
}

function contentOf({ output }: Operation, example: AnyExample, schemas: Record<string, Json>): Json {
  if (isMedia(output)) {
    const text = example.text === undefined ? {} : { example: example.text }
    return { [output.media]: { schema: output.media.startsWith('text/') ? { type: 'string' } : {}, ...text } }
  }
  const { output: usual, others } = example
  const examples =
    others === undefined
      ? { example: usual }
      : {
          examples: Object.fromEntries(
            [['As usual', usual] as const, ...Object.entries(others)].map(([summary, value]) => [
              summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
              { summary, value },
            ]),
          ),
        }
  return { 'application/json': { schema: jsonSchema(output, 'output', schemas), ...examples } }
}

const streamed = (frame: z.ZodType, schemas: Record<string, Json>): Json => ({
  'text/event-stream': {
    schema: {
      type: 'string',
      description:
        'Messages with `id`, which is the cursor, `event`, which is the type of the frame, and `data`, which is the frame as JSON on one line.',
    },
    'x-frame': jsonSchema(frame, 'output', schemas),
    example:
      'id: 41\nevent: hello\ndata: {"type":"hello","events":[],"cursor":41,"version":"0.1.0","board":"0b3f…","heartbeat_seconds":30,"now":1767225600}\n\n',
  },
})

const UPGRADED: Json = {
  description:
    'The connection is a WebSocket now, and each of its messages one StreamFrame. It is closed with 1008 when the credential is not good or not any more, and with 1012 when the server restarts.',
  headers: {
    Upgrade: { schema: { const: 'websocket' } },
    Connection: { schema: { const: 'Upgrade' } },
    'Sec-WebSocket-Accept': { schema: { type: 'string' } },
  },
}

const sorted = (schemas: Record<string, Json>): Record<string, Json> =>
  Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => a.localeCompare(b)))
