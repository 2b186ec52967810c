// A plugin for the build: parts of Node that take milliseconds to load are loaded by the first call of one of their
// functions. A command that lists cards needs none of them, and every command would pay for all.
import { createRequire } from 'node:module'
import { sep } from 'node:path'

const require = createRequire(import.meta.url)

// Measured one by one in an otherwise empty script: 4, 2, 1 and 1 ms, where Node itself takes 20.
const LATE = ['node:crypto', 'node:child_process', 'node:fs/promises', 'node:stream/promises']

// Our own modules call functions of these and nothing else; so does commander. What other packages do with them is their business.
const takesPart = (importer) =>
  !importer.includes(`${sep}node_modules${sep}`) ||
  importer.includes(`${sep}node_modules${sep}commander${sep}`)

const isLate = (id, importer) =>
  LATE.includes(id) && importer !== undefined && !importer.startsWith('\0') && takesPart(importer)

// The library that serves HTTP asks of every request whether it came by HTTP/2. Ours speaks HTTP/1.1, and none ever did.
const isUnused = (id, importer) =>
  id === 'node:http2' && importer?.includes(`${sep}node_modules${sep}@hono${sep}`) === true
const UNUSED = '\0unused:http2'
const unusedHttp2 = `
export class Http2ServerRequest {}
export const constants = {}
`

/** Whether something else is put in the place of this part of Node. */
export const isReplaced = (id, importer) => isLate(id, importer) || isUnused(id, importer)

const PREFIX = '\0late:'

export const lateBuiltins = {
  name: 'late-builtins',
  resolveId(id, importer) {
    if (isUnused(id, importer)) return { id: UNUSED, moduleSideEffects: false }
    return isLate(id, importer) ? { id: PREFIX + id, moduleSideEffects: false } : undefined
  },
  load(id) {
    if (id === UNUSED) return unusedHttp2
    return id.startsWith(PREFIX) ? sourceOf(id.slice(PREFIX.length)) : undefined
  },
}

const sourceOf = (id) => `
const late = () => process.getBuiltinModule('${id}')
const promised = Symbol.for('nodejs.util.promisify.custom')
const func = (name) =>
  Object.defineProperty((...rest) => late()[name](...rest), promised, { get: () => late()[name][promised] })
const object = (name) => new Proxy({}, { get: (_, key) => late()[name][key] })
${Object.entries(require(id))
  .map(
    ([name, value]) =>
      `export const ${name} = /* @__PURE__ */ ${typeof value === 'function' ? 'func' : 'object'}('${name}')`,
  )
  .join('\n')}
export default /* @__PURE__ */ new Proxy({}, { get: (_, name) => late()[name] })
`
