/** The interface on one page for people, made from the same document as everything else. No script, nothing from elsewhere. */
import { html } from 'hono/html'
import type { OpenApiDocument } from '../openapi.ts'

type Json = Record<string, unknown>

interface Described {
  readonly method: string
  readonly path: string
  readonly operation: Json
}

export function docsPage(document: OpenApiDocument) {
  const all: Described[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const subjects = document.tags.map(({ name }) => String(name))
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Yardmaster: HTTP interface</title>
        <link rel="stylesheet" href="/login.css" />
      </head>
      <body>
        <h1>Yardmaster ${String(document.info['version'])}: HTTP interface</h1>
        <p>
          Paths are below <code>${String(document.servers[0]?.['url'])}</code>, and the same below
          <code>${String(document.servers[1]?.['url'])}</code>. Every request needs
          <code>Authorization: Bearer …</code> or the cookie of a browser that is logged in. For programs:
          <a href="/api/openapi.json">openapi.json</a>.
        </p>
        <p>
          A refusal is JSON: <code>detail</code> says what could not be done, the fact and the next step,
          <code>code</code> is stable for programs, <code>next</code> is what to do.
        </p>
        ${subjects.map((subject) => html`<p><a href="#${subject}">${subject}</a></p>`)}
        ${subjects.map(
          (subject) =>
            html` <h2 id="${subject}">${subject}</h2>
              ${all.filter(({ operation }) => (operation['tags'] as string[]).includes(subject)).map(section)}`,
        )}
        <h2 id="shapes">Shapes</h2>
        ${Object.entries(document.components.schemas).map(
          ([name, schema]) =>
            html`<h3 id="shape-${name}">${name}</h3>
              <pre>${shapeText(schema as Json)}</pre>`,
        )}
      </body>
    </html>`
}

function section({ method, path, operation }: Described) {
  const parameters = operation['parameters'] as Json[]
  const body = jsonOf(operation['requestBody'] as Json | undefined)
  const answer = Object.entries(operation['responses'] as Record<string, Json>).find(
    ([status]) => status < '300',
  )
  const output = jsonOf(answer?.[1])
  return html` <h3 id="${String(operation['operationId'])}"><code>${method} ${path}</code></h3>
    <p>${String(operation['description'])}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table>
            ${parameters.map(
              ({ name, in: place, required, schema, description }) =>
                html`<tr>
                  <td><code>${String(name)}</code></td>
                  <td>${String(place)}${required === true ? ', required' : ''}</td>
                  <td>
                    ${shapeText(schema as Json)}
                    <span class="quiet">${typeof description === 'string' ? description : ''}</span>
                  </td>
                </tr>`,
            )}
          </table>`
    }
    ${body === null ? '' : html`<pre>${shapeText(body)}</pre>`}
    ${
      output === null
        ? ''
        : html`<p class="quiet">Gives ${answer?.[0] ?? ''}</p>
            <pre>${shapeText(output)}</pre>`
    }`
}

function jsonOf(content: Json | undefined): Json | null {
  const media = (content?.['content'] as Record<string, Json> | undefined)?.['application/json']
  return (media?.['schema'] as Json | undefined) ?? null
}

/** A shape as people write one down. */
function shapeText(schema: Json, indent = ''): string {
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('/').at(-1) ?? ''
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
  if (choices !== undefined) return choices.map((choice) => shapeText(choice, indent)).join(' | ')
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema['const'])
  if (schema['type'] === 'array') return `[${shapeText((schema['items'] ?? {}) as Json, indent)}]`
  if (schema['type'] !== 'object') return plainText(schema)
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  if (properties.length === 0) return '{…}'
  const required = (schema['required'] ?? []) as string[]
  const lines = properties.map(([name, each]) => {
    const about = typeof each['description'] === 'string' ? `  // ${each['description']}` : ''
    return `${indent}  ${name}${required.includes(name) ? '' : '?'}: ${shapeText(each, `${indent}  `)}${about}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}

interface PlainSchema {
  readonly type?: string | readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

function plainText(schema: Json): string {
  const { type, minimum, maximum } = schema as PlainSchema
  const types = [type ?? 'anything'].flat().join(' | ')
  const from = minimum === undefined ? '' : ` from ${minimum}`
  const to = maximum === undefined ? '' : ` to ${maximum}`
  return `${types}${from}${to}`
}
