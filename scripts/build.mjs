// npm run build: one file per process to start, plus chunks for what is shared or loaded lazily.
// Everything is bundled, so the published package installs nothing besides itself.
//
// Files are replaced one by one and chunks of an earlier build stay for a day (--clean drops them):
// a gateway that runs from this checkout must still find the chunks it has not loaded yet.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { isReplaced, lateBuiltins } from './late-builtins.mjs'
import { at, fail, root, run } from './lib.mjs'
import { KYSELY_FILE, statementTexts } from './statement-texts.mjs'

const dist = at('dist')
const version = JSON.parse(readFileSync(at('package.json'), 'utf8')).version
const MIN_NODE = 24
const KEEP_OLD_CHUNKS_MS = 24 * 60 * 60 * 1000

// Each becomes dist/<name>.cjs: CommonJS starts faster, and therefore has no top-level await. `main` is started by dist/bin.cjs, which first looks at the Node version.
const processes = { main: 'src/bin.ts' }
// What other programs import; each becomes dist/<name>.mjs with its types.
const library = Object.fromEntries(
  Object.entries({ index: 'src/index.ts', client: 'src/client/index.ts' }).filter(([, file]) =>
    existsSync(at(file)),
  ),
)

// pg and ws ask for them and do without.
const NATIVE_TWINS = ['pg-native', 'bufferutil', 'utf-8-validate']

const shared = {
  cwd: root,
  platform: 'node',
  external: (id, importer) =>
    NATIVE_TWINS.includes(id) || (id.startsWith('node:') && !isReplaced(id, importer)),
  plugins: [lateBuiltins],
  transform: { target: `node${MIN_NODE}`, define: { __YARD_VERSION__: JSON.stringify(version) } },
}
const output = {
  dir: dist,
  keepNames: true,
  // Smaller, but with the names and lines a stack trace needs.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  comments: false,
}

async function bundle(input, options, plugins = shared.plugins) {
  const build = await rolldown({ ...shared, input, plugins })
  try {
    return (await build.generate({ ...output, ...options })).output
  } catch (error) {
    return fail(error.message)
  } finally {
    await build.close()
  }
}

// Parsed by whatever node a machine has, so: no syntax younger than Node 12.
const guard = `'use strict'
if (parseInt(process.versions.node, 10) >= ${MIN_NODE}) {
  require('./main.cjs')
} else {
  process.stderr.write(
    'yard needs Node.js ${MIN_NODE} or newer; found ' + process.version + ' at ' + process.execPath +
      '. Install it from nodejs.org or run it from a checkout with npm start.\\n'
  )
  process.exitCode = 1
}
`

/**
 * One character beyond Latin-1 doubles what the whole text of a file takes in memory, in every process that loads it. Each is
 * written as its escape, which means the same in texts and in patterns, but not in raw templates.
 */
function inAscii({ fileName, code }) {
  if (/\braw`[^`]*\P{ASCII}/u.test(code))
    fail(`a raw template in ${fileName} has a character that cannot be escaped.`)
  return code.replace(/\P{ASCII}/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

function write(name, content) {
  const path = join(dist, name)
  const partial = `${path}.${process.pid}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(partial, content)
  renameSync(partial, path)
}

/** The packages whose code ended up in a bundle, with their licence texts. */
function thirdPartyNotices(chunks) {
  const folders = new Set()
  for (const id of chunks.flatMap((chunk) => chunk.moduleIds)) {
    const match = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/'))
    if (match) folders.add(match[1])
  }
  const notices = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : 'No licence file in the package.'
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return `Yardmaster contains code from these packages.\n\n${notices.join(`\n${'-'.repeat(78)}\n\n`)}`
}

/** Notes since when a file of an earlier build is no longer part of dist, and removes it when that is long ago. */
function retire(current, keepMs) {
  const ledger = join(dist, '.files.json')
  const known = existsSync(ledger) ? JSON.parse(readFileSync(ledger, 'utf8')) : {}
  const now = Date.now()
  const retired = Object.entries(known)
    .filter(([name]) => !current.includes(name))
    .map(([name, retiredAt]) => [name, retiredAt ?? now])
  const isKept = ([, retiredAt]) => now - retiredAt < keepMs
  for (const [name] of retired.filter((entry) => !isKept(entry))) rmSync(join(dist, name), { force: true })
  const kept = [...current.map((name) => [name, null]), ...retired.filter(isKept)]
  write('.files.json', JSON.stringify(Object.fromEntries(kept), null, 2))
}

const startedAt = performance.now()
const missing = Object.values(processes).filter((file) => !existsSync(at(file)))
if (missing.length > 0) fail(`cannot build, for want of ${missing.join(' and ')}.`)

const plugins = [...shared.plugins, await statementTexts(shared)]
const chunks = await bundle(
  processes,
  { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunk-[name]-[hash].cjs' },
  plugins,
)
chunks.push(
  // Of its own, so that it shares no file with what it does not need: one is started for every run.
  ...(await bundle(
    { runner: 'src/runner/main.ts' },
    { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'runner-[name]-[hash].cjs' },
    plugins,
  )),
  ...(await bundle({ kysely: 'kysely' }, { format: 'cjs', entryFileNames: KYSELY_FILE })),
  ...(await bundle(library, {
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunk-[name]-[hash].mjs',
  })),
)

// Chunks first: whoever reads an entry point finds what it points to.
const byEntry = chunks.toSorted((a, b) => Number(a.isEntry ?? false) - Number(b.isEntry ?? false))
for (const file of byEntry) write(file.fileName, file.type === 'chunk' ? inAscii(file) : file.source)
write('THIRD_PARTY_NOTICES.txt', thirdPartyNotices(chunks.filter((file) => file.type === 'chunk')))
write('bin.cjs', guard)
retire(
  [...chunks.map((file) => file.fileName), 'bin.cjs', 'THIRD_PARTY_NOTICES.txt'],
  process.argv.includes('--clean') ? 0 : KEEP_OLD_CHUNKS_MS,
)

rmSync(join(dist, 'types'), { recursive: true, force: true })
const code = await run('tsc', ['-p', 'tsconfig.build.json'])
if (code !== 0)
  fail(`the type declarations of ${Object.values(library).join(' and ')} could not be written.`, code)

const size = chunks.reduce(
  (sum, file) => sum + (file.type === 'chunk' ? file.code.length : file.source.length),
  0,
)
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
console.log(`built dist: ${chunks.length} files, ${Math.round(size / 1024)} kB, ${seconds} s`)
