// A plugin for the build: puts the texts of the store's statements in the place of their builders, and has Kysely loaded by
// the first query that is built at run time. Building them took a third of the time in which a runner gets ready.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as kysely from 'kysely'
import { rolldown } from 'rolldown'
import { parseSync, Visitor } from 'rolldown/utils'
import { at } from './lib.mjs'

const STORE = at('src', 'store')
const { version } = JSON.parse(readFileSync(at('node_modules', 'kysely', 'package.json'), 'utf8'))
/** Beside the other files of dist; the one file that has Kysely. */
export const KYSELY_FILE = `kysely-${version}.cjs`

const STAND_IN = '\0stand-in:kysely'

const declaring = readdirSync(STORE, { recursive: true })
  .map((name) => join(STORE, name))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .filter((path) => path !== join(STORE, 'statement.ts') && /\bstatement</.test(readFileSync(path, 'utf8')))

/** Where `statement<…>()(builder)` stands in a file, in its order. */
function declarationsIn(path, code) {
  const found = []
  new Visitor({
    CallExpression(call) {
      const { callee } = call
      if (callee.type !== 'CallExpression' || callee.callee.name !== 'statement') return
      found.push({
        start: call.start,
        end: call.end,
        builder: [call.arguments[0].start, call.arguments[0].end],
      })
    },
  }).visit(parseSync(path, code).program)
  return found
}

/** The file with each of its declarations written anew. */
function withDeclarations(path, code, written) {
  let result = ''
  let from = 0
  for (const [index, { start, end, builder }] of declarationsIn(path, code).entries()) {
    result += code.slice(from, start) + written(index, code.slice(...builder))
    from = end
  }
  return result + code.slice(from)
}

/** By file, by declaration: the texts of the statements it made when its file was loaded, in their order. */
async function readTexts(shared) {
  const made = (globalThis.__statements = new Map())
  const record = {
    name: 'record-statements',
    transform: (code, path) =>
      declaring.includes(path)
        ? withDeclarations(
            path,
            code,
            (index, builder) =>
              `globalThis.__statements.get(${JSON.stringify(path)})[${index}](statement()(${builder}))`,
          )
        : undefined,
  }
  for (const path of declaring) {
    const lists = declarationsIn(path, readFileSync(path, 'utf8')).map(() => [])
    made.set(
      path,
      Object.assign(
        lists.map((list) => (one) => (list.push(one), one)),
        { lists },
      ),
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-build-'))
  try {
    const entry = join(folder, 'statements.ts')
    writeFileSync(entry, declaring.map((path) => `import ${JSON.stringify(path)}`).join('\n'))
    const build = await rolldown({ ...shared, input: entry, plugins: [record], treeshake: false })
    const file = join(folder, 'statements.mjs')
    await build.write({ file, format: 'esm', codeSplitting: false })
    await build.close()
    await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    delete globalThis.__statements
  }
  for (const [path, { lists }] of made)
    if (lists.some((list) => list.length === 0))
      throw new Error(
        `a statement in ${path} is not made when its file is loaded: declare it at the top level`,
      )
  return new Map(
    [...made].map(([path, { lists }]) => [
      path,
      lists.map((list) =>
        list.map((one) => ({ sqlite: one.text('sqlite'), postgres: one.text('postgres') })),
      ),
    ]),
  )
}

/** The plugin, which has read them. */
export async function statementTexts(shared) {
  const texts = await readTexts(shared)
  return {
    name: 'statement-texts',
    resolveId(id, importer) {
      // Left as it is written: it is a neighbour in dist, not in the sources.
      if (id === `./${KYSELY_FILE}`) return { id, external: 'absolute' }
      return id === 'kysely' && importer !== undefined
        ? { id: STAND_IN, moduleSideEffects: false }
        : undefined
    },
    load: (id) => (id === STAND_IN ? lateKysely : undefined),
    transform(code, path) {
      const ofFile = texts.get(path)
      if (ofFile === undefined) return undefined
      // One that is declared in a function is made each time the function is called, in the order it was when they were read.
      const lists = ofFile.map((list, index) => `const texts${index} = ${JSON.stringify(list)}\n`)
      const imported = `import { Statement as Made } from ${JSON.stringify(join(STORE, 'statement.ts'))}\n`
      return (
        imported +
        lists.filter((_, index) => ofFile[index].length > 1).join('') +
        withDeclarations(path, code, (index) =>
          ofFile[index].length > 1
            ? `new Made(texts${index}.shift())`
            : `/* @__PURE__ */ new Made(${JSON.stringify(ofFile[index][0])})`,
        )
      )
    },
  }
}

// Functions that are called, made with new, used as tags and asked for their properties: a stand-in for each of them.
const lateKysely = `
let loaded
const late = () => (loaded ??= require('./${KYSELY_FILE}'))
const standIn = (name) =>
  new Proxy(Object.bind(), {
    apply: (_, self, rest) => late()[name](...rest),
    construct: (_, rest, made) => Reflect.construct(late()[name], rest, made),
    get: (_, key) => late()[name][key],
  })
${Object.keys(kysely)
  .map((name) => `export const ${name} = /* @__PURE__ */ standIn('${name}')`)
  .join('\n')}
`
