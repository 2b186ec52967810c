/** The interface on one page for people, made from the same document as everything else. No script, nothing from elsewhere. */
import { html } from 'hono/html'
import { pageFrame } from './page-frame.ts'
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
  return pageFrame({
    title: 'Yardmaster: HTTP interface',
    content: html`<h1>Yardmaster ${String(document.info['version'])}: HTTP interface</h1>
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
      <nav aria-label="Subjects">
        <ul class="plain">
          ${[...subjects, 'Shapes'].map(
            (subject) => html`<li><a href="#${anchor(subject)}">${subject}</a></li>`,
          )}
        </ul>
      </nav>
      ${subjects.map(
        (subject) =>
          html` <h2 id="${anchor(subject)}">${subject}</h2>
            ${all.filter(({ operation }) => (operation['tags'] as string[]).includes(subject)).map(section)}`,
      )}
      <h2 id="shapes">Shapes</h2>
      ${Object.entries(document.components.schemas).map(
        ([name, schema]) =>
          html`<h3 id="shape-${name}">${name}</h3>
            ${shape(schema as Json)}`,
      )}`,
  })
}

const anchor = (subject: string): string => subject.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/** What stands between backticks is code. */
const prose = (text: string) =>
  text.split('`').map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`))

/** Wide ones scroll by themselves, with the keyboard as well. */
const shape = (schema: Json) => html`<pre tabindex="0">${shapeText(schema)}</pre>`

function section({ method, path, operation }: Described) {
  const parameters = operation['parameters'] as Json[]
  const body = jsonOf(operation['requestBody'] as Json | undefined)
  const answer = Object.entries(operation['responses'] as Record<string, Json>).find(
    ([status]) => status < '300',
  )
  const output = jsonOf(answer?.[1])
  return html` <h3 id="${String(operation['operationId'])}"><code>${method} ${path}</code></h3>
    <p>${prose(String(operation['description']))}</p>
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
    ${body === null ? '' : shape(body)}
    ${
      output === null
        ? ''
        : html`<p class="quiet">Gives ${answer?.[0] ?? ''}</p>
            ${shape(output)}`
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
