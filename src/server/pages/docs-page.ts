/** The interface on one page for people, made from the same document as everything else. No script, nothing from elsewhere. */
import { html } from 'hono/html'
import { pageFrame } from './page-frame.ts'
import type { Json } from '../openapi/json-schema.ts'
import type { OpenApiDocument } from '../openapi/document.ts'

interface Described {
  readonly method: string
  readonly path: string
  readonly operation: Json
}

export function docsPage(document: OpenApiDocument) {
  const all: Described[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const subjects = document.tags as readonly { readonly name: string; readonly description: string }[]
  const { schemas, securitySchemes, responses } = document.components
  return pageFrame({
    title: 'Yardmaster: HTTP interface',
    content: html`<h1>Yardmaster ${String(document.info['version'])}: HTTP interface</h1>
      <p>
        Paths are below <code>${String(document.servers[0]?.['url'])}</code>, and the same below
        <code>${String(document.servers[1]?.['url'])}</code>. For programs:
        <a href="/api/openapi.json">openapi.json</a>.
      </p>
      ${String(document.info['description'])
        .split('\n\n')
        .map((paragraph) => html`<p>${prose(paragraph)}</p>`)}
      <nav aria-label="Subjects">
        <ul class="plain">
          ${['Credentials', ...subjects.map(({ name }) => name), 'Refusals', 'Shapes'].map(
            (subject) => html`<li><a href="#${anchor(subject)}">${subject}</a></li>`,
          )}
        </ul>
      </nav>
      <h2 id="credentials">Credentials</h2>
      <table>
        ${Object.entries(securitySchemes).map(
          ([name, { description, in: place = 'header', name: what = 'Authorization' }]) =>
            html`<tr>
              <td><code>${name}</code></td>
              <td>${String(place)} <code>${String(what)}</code></td>
              <td>${prose(String(description))}</td>
            </tr>`,
        )}
      </table>
      ${subjects.map(
        ({ name, description }) =>
          html` <h2 id="${anchor(name)}">${name}</h2>
            <p>${prose(description)}</p>
            ${all.filter(({ operation }) => (operation['tags'] as string[]).includes(name)).map(section)}`,
      )}
      <h2 id="refusals">Refusals</h2>
      ${Object.entries(responses).map(
        ([name, answer]) =>
          html`<h3 id="${anchor(name)}">${statusOf(name, all)} ${name}</h3>
            <p>${prose(String(answer['description']))} ${headersOf(answer)}</p>
            ${Object.values(contentOf(answer)).map((content) => examplesOf(content))}`,
      )}
      <h2 id="shapes">Shapes</h2>
      ${Object.entries(schemas).map(
        ([name, schema]) =>
          html`<h3 id="shape-${name}">${name}</h3>
            ${shape(schema)}`,
      )}`,
  })
}

const anchor = (subject: string): string => subject.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/** What stands between backticks is code, and between pairs of stars strong. */
const prose = (text: string) =>
  text
    .split(/(`[^`]*`|\*\*[^*]*\*\*)/)
    .map((part) =>
      part.startsWith('`')
        ? html`<code>${part.slice(1, -1)}</code>`
        : part.startsWith('**')
          ? html`<strong>${part.slice(2, -2)}</strong>`
          : part,
    )

/** Wide ones scroll by themselves, with the keyboard as well. */
const block = (text: string) => html`<pre tabindex="0">${text}</pre>`

const shape = (schema: Json) => block(shapeText(schema))

function section({ method, path, operation }: Described) {
  const parameters = operation['parameters'] as Json[]
  const responses = Object.entries(operation['responses'] as Record<string, Json>)
  return html` <h3 id="${String(operation['operationId'])}"><code>${method} ${path}</code></h3>
    <p>${prose(String(operation['description']))}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table>
            ${parameters.map(parameterRow)}
          </table>`
    }
    ${requestOf(operation['requestBody'] as Json | undefined)}
    ${responses.filter(([, answer]) => !('$ref' in answer)).map(([status, answer]) => answerOf(status, answer))}
    ${refusalsOf(responses)}`
}

const parameterRow = ({ name, in: place, required, schema, description }: Json) =>
  html`<tr>
    <td><code>${String(name)}</code></td>
    <td>${String(place)}${required === true ? ', required' : ''}</td>
    <td>
      ${shapeText(schema as Json)}
      <span class="quiet">${prose(String(description))}</span>
    </td>
  </tr>`

function requestOf(request: Json | undefined) {
  if (request === undefined) return ''
  const { description } = request
  return html`<p class="quiet">
      Takes${request['required'] === true ? '' : ', if anything'}:
      ${typeof description === 'string' ? prose(description) : ''}
    </p>
    ${Object.entries(contentOf(request)).map(media)}`
}

const answerOf = (status: string, answer: Json) =>
  html`<p class="quiet">Gives ${status}: ${prose(String(answer['description']))} ${headersOf(answer)}</p>
    ${Object.entries(contentOf(answer)).map(media)}`

/** Named, but for the one that every answer has. */
function headersOf(answer: Json) {
  const names = Object.keys((answer['headers'] ?? {}) as Json).filter((name) => name !== 'X-Request-Id')
  if (names.length === 0) return ''
  return html`With ${names.map((name, at) => html`${at === 0 ? '' : ', '}<code>${name}</code>`)}.`
}

/** JSON goes without saying. */
function media([type, content]: [string, Json]) {
  const { schema, 'x-frame': frame } = content as { schema: Json; 'x-frame'?: Json }
  const isJson = type === 'application/json'
  return html`${isJson ? '' : html`<p class="quiet">As <code>${type}</code>${frame === undefined ? '' : `, each data a ${shapeText(frame)}`}</p>`}
  ${isJson ? shape(schema) : ''} ${examplesOf(content)}`
}

function examplesOf({ example, examples }: Json, isJson = true) {
  const all =
    examples === undefined
      ? [{ summary: 'Example', value: example }]
      : Object.values(examples as Record<string, { summary: string; value: unknown }>).map(
          ({ summary, value }) => ({ summary: `Example: ${summary}`, value }),
        )
  return all
    .filter(({ value }) => (isJson ? value !== undefined : typeof value === 'string'))
    .map(
      ({ summary, value }) =>
        html`<details>
          <summary>${summary}</summary>
          ${block(typeof value === 'string' ? value : JSON.stringify(value, null, 2))}
        </details>`,
    )
}

function refusalsOf(responses: readonly (readonly [string, Json])[]) {
  const refused = responses.filter(([, answer]) => '$ref' in answer)
  if (refused.length === 0) return ''
  return html`<p class="quiet">
    Refuses with
    ${refused.map(([status, answer], at) => html`${at === 0 ? '' : ', '}<a href="#${anchor(nameOf(answer))}">${status}</a>`)}
  </p>`
}

/** What a reference names. */
const nameOf = ({ $ref: ref }: Json): string => String(ref).split('/').at(-1) ?? ''

/** The status that operations refuse with in this way. */
const statusOf = (name: string, all: readonly Described[]): string | undefined =>
  all
    .flatMap(({ operation }) => Object.entries(operation['responses'] as Record<string, Json>))
    .find(([, answer]) => '$ref' in answer && nameOf(answer) === name)?.[0]

const contentOf = (part: Json): Record<string, Json> => (part['content'] ?? {}) as Record<string, Json>

/** A shape as people write one down. */
function shapeText(schema: Json, indent = ''): string {
  if ('$ref' in schema) return nameOf(schema)
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
