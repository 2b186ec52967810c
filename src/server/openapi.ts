/** The OpenAPI document, made from the table of operations: there is no second place where it could say something else. */
import { z } from 'zod'
import { MOUNTS } from '../contract/operations/routes.ts'
import { isMedia, type Operation } from '../contract/operations/operation.ts'
import { operations } from '../contract/operations/table.ts'
import { streamFrame } from '../contract/operations/events.ts'
import { problem } from '../contract/operations/shapes.ts'

type Json = Record<string, unknown>

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Json
  readonly servers: readonly Json[]
  readonly security: readonly Json[]
  readonly tags: readonly Json[]
  readonly paths: Record<string, Record<string, Json>>
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json; readonly responses: Json }
}

export function openApiDocument(version: string): OpenApiDocument {
  const schemas: Json = {}
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    ;(paths[path] ??= {})[operation.method.toLowerCase()] = describe(operation, schemas)
  }
  // Named among the components, though no operation gives them as its answer.
  for (const shape of [problem, streamFrame]) jsonSchema(shape, 'output', schemas)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Yardmaster',
      version,
      description:
        'The board over HTTP. Every request needs a credential: `Authorization: Bearer` with the content of `server.token` or with a token of `yard token create`, or the cookie of a browser that followed the link of `yard open`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: MOUNTS.map((url) => ({ url })),
    security: [{ bearer: [] }, { session: [] }],
    tags: [...new Set(operations.map(({ subject }) => subject))].map((name) => ({ name })),
    paths,
    components: {
      schemas: sorted(schemas),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'yard_<board>' },
      },
      responses: {
        Problem: {
          description: 'Refused, or failed: what could not be done, the fact, and the next step.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

function describe(operation: Operation, schemas: Json): Json {
  const { id, subject, about, scope, workers, body, upload, output, status } = operation
  const who = `Needs the scope \`${scope}\`${workers === null ? '' : `; the worker of a run may use it (${workers})`}.`
  const content = isMedia(output)
    ? { [output.media]: { schema: {} } }
    : { 'application/json': { schema: jsonSchema(output, 'output', schemas) } }
  return {
    operationId: id,
    tags: [subject],
    summary: about.split(/(?<=[.:;]) /)[0]?.replace(/[.:;]$/, '') ?? about,
    description: `${about} ${who}`,
    'x-scope': scope,
    ...(workers === null ? {} : { 'x-workers': workers }),
    parameters: [
      ...parametersOf(operation.params, 'path', schemas),
      ...parametersOf(operation.query, 'query', schemas),
    ],
    ...(body === null
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { 'application/json': { schema: jsonSchema(body, 'input', schemas) } },
          },
        }),
    ...(upload === null
      ? {}
      : { requestBody: { required: true, description: upload, content: { '*/*': { schema: {} } } } }),
    responses: {
      [status]: { description: isMedia(output) ? output.about : 'Done.', content },
      ...Object.fromEntries(
        refusalsOf(operation).map((code) => [code, { $ref: '#/components/responses/Problem' }]),
      ),
    },
  }
}

const refusalsOf = ({ method, params, query, body, upload }: Operation): number[] => {
  const names = [params, query].flatMap((shape) => Object.keys(shape.shape))
  return [
    ...(names.length > 0 || body !== null ? [400] : []),
    401,
    403,
    ...(Object.keys(params.shape).length > 0 ? [404] : []),
    ...(method === 'GET' ? [] : [409]),
    ...(body === null ? [] : [413, 415]),
    ...(upload === null ? [] : [413]),
    429,
    503,
  ]
}

const parametersOf = (object: z.ZodObject, place: 'path' | 'query', schemas: Json): Json[] =>
  Object.entries(object.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const schema = jsonSchema(field, 'input', schemas)
    const { description, ...rest } = schema
    return {
      name,
      in: place,
      required: place === 'path' || !field.safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })

/** Shapes with a name of their own are described once, among the components. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const {
    $schema: _,
    $defs: defs = {},
    id,
    ...own
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => {
      const shown = z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.['shown'] as Json | undefined
      if (shown !== undefined) replace(made, shown)
      // Every whole number is one that JavaScript can hold; saying so each time says nothing.
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
    },
  }) as Json & { $defs?: Record<string, Json>; id?: string }
  for (const [name, { id: __, ...definition }] of Object.entries(defs))
    if (!name.startsWith('__')) schemas[name] = hoisted(definition)
  if (id === undefined) return hoisted(own)
  schemas[id] = hoisted(own)
  return { $ref: `#/components/schemas/${id}` }
}

/** Keeps what it is called and described as. */
function replace(made: Json, shown: Json): void {
  const { description } = made
  for (const key of Object.keys(made)) delete made[key]
  Object.assign(made, shown, description === undefined ? {} : { description })
}

const hoisted = (schema: Json): Json =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) => (key === 'shown' ? undefined : value)).replaceAll(
      '"#/$defs/',
      '"#/components/schemas/',
    ),
  ) as Json

const sorted = (schemas: Json): Json =>
  Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => a.localeCompare(b)))
