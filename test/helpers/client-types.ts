/**
 * The shapes of the HTTP interface as plain TypeScript, so that whoever uses the client needs no validator to compile. Made
 * from the same document as everything else; a test compares the file with the table.
 */
import { createHash } from 'node:crypto'
import { openApiDocument } from '../../src/server/openapi/document.ts'
import { OPERATIONS, type OperationId } from '../../src/contract/operations/table.ts'
import { isMedia } from '../../src/contract/operations/operation.ts'

type Json = Record<string, unknown>

/** With its own digest in its head, which is what a formatter leaves alone. */
export function clientTypes(): string {
  const text = shapes()
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `// Written by \`npm run client:types\` from the table of operations (${digest}); edit src/contract/operations instead.\n\n${text}`
}

function shapes(): string {
  const document = openApiDocument({ version: '', cookieName: '' })
  const components = document.components.schemas as Record<string, Json>
  const inputs: string[] = []
  const outputs: string[] = []
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    const id = operation['operationId'] as OperationId
    if (!(id in OPERATIONS)) continue
    const about = `  /** ${String(operation['description'])} */\n`
    inputs.push(`${about}  ${id}: ${inputType(operation)}\n`)
    outputs.push(`  ${id}: ${isMedia(OPERATIONS[id].output) ? 'Response' : outputType(operation)}\n`)
  }
  return [
    ...Object.entries(components)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, schema]) => `${comment(schema, '')}export type ${name} = ${typeOf(schema, '')}\n`),
    `/** The bytes of a file: all of them, or a stream. */\nexport type UploadContent = Blob | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | string\n`,
    `/** What each operation takes: path, query and body together. */\nexport interface Inputs {\n${inputs.join('')}}\n`,
    `/** What each operation gives when all went well. */\nexport interface Outputs {\n${outputs.join('')}}\n`,
  ].join('\n')
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly schema: Json
  readonly description?: string
}

function inputType(operation: Json): string {
  const parameters = (operation['parameters'] as Parameter[]).filter(({ in: place }) => place !== 'header')
  const body = jsonOf(operation['requestBody'])
  const upload = operation['requestBody'] as { description: string } | undefined
  const own = typeOf(
    {
      type: 'object',
      properties: Object.fromEntries(
        parameters.map(({ name, schema, description }) => [
          name,
          { ...schema, ...(description === undefined ? {} : { description }) },
        ]),
      ),
      required: parameters.filter(({ required }) => required).map(({ name }) => name),
    },
    '  ',
  )
  if (body === null && upload !== undefined)
    return `${own} & {\n    /** ${upload.description} */\n    content: UploadContent\n  }`
  if (body === null) return own
  if (parameters.length === 0) return typeOf(body, '  ')
  const rest = typeOf(body, '  ')
  return rest === '{}' ? own : `${own} & ${rest}`
}

function outputType(operation: Json): string {
  const responses = Object.entries(operation['responses'] as Json)
  const schema = jsonOf(responses.find(([status]) => status.startsWith('2'))?.[1])
  return schema === null ? 'null' : typeOf(schema, '  ')
}

const jsonOf = (value: unknown): Json | null => {
  const content = (value as Json | undefined)?.['content'] as Record<string, { schema: Json }> | undefined
  return content?.['application/json']?.schema ?? null
}

const comment = ({ description }: Json, indent: string): string =>
  typeof description === 'string' ? `${indent}/** ${description.replaceAll('*/', '* /')} */\n` : ''

function typeOf(schema: Json, indent: string): string {
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('/').at(-1) ?? ''
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
  if (choices !== undefined) return choices.map((choice) => typeOf(choice, indent)).join(' | ')
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema['const'])
  const { type } = schema
  if (Array.isArray(type))
    return type.map((each: unknown) => typeOf({ ...schema, type: each }, indent)).join(' | ')
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const each = typeOf((schema['items'] ?? {}) as Json, indent)
      return each.includes('|') && !each.startsWith('{') ? `(${each})[]` : `${each}[]`
    }
    case 'object':
      return objectType(schema, indent)
    default:
      return 'unknown'
  }
}

function objectType(schema: Json, indent: string): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  const rest = schema['additionalProperties']
  if (properties.length === 0) {
    if (typeof rest === 'object' && rest !== null && Object.keys(rest).length > 0)
      return `Partial<Record<string, ${typeOf(rest as Json, indent)}>>`
    return rest !== undefined && rest !== false ? 'Record<string, unknown>' : '{}'
  }
  const required = (schema['required'] ?? []) as string[]
  const inner = `${indent}  `
  const lines = properties.map(([name, each]) => {
    const isOptional = !required.includes(name)
    return `${comment(each, inner)}${inner}${name}${isOptional ? '?' : ''}: ${typeOf(each, inner)}${isOptional ? ' | undefined' : ''}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}
