// npm run check: everything that must hold before a change goes in, one step after the other.
// All steps run even when one fails; the last line counts the steps and the single tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { root, run } from './lib.mjs'

const STEPS = [
  { name: 'format', command: ['oxfmt', '--check'], hint: 'npm run format repairs it' },
  { name: 'lint', command: ['oxlint'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'unused', command: ['knip', '--no-config-hints'] },
  {
    name: 'docs',
    command: ['node', 'scripts/write-reference.ts', '--check'],
    hint: 'npm run reference repairs it',
  },
  { name: 'build', command: ['node', 'scripts/build.mjs'] },
]

const label = (name) => name.padEnd(8)
const secondsSince = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`
const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`

async function checkStep({ name, command, hint }) {
  const start = performance.now()
  let output = ''
  const code = await run(command[0], command.slice(1), { onOutput: (text) => (output += text) })
  if (code === 0) {
    console.log(`ok    ${label(name)} ${secondsSince(start)}`)
    return { passed: 1, failed: 0 }
  }
  console.log(`${output.trimEnd()}\nFAIL  ${label(name)} ${secondsSince(start)}${hint ? ` (${hint})` : ''}`)
  return { passed: 0, failed: 1 }
}

async function checkTests() {
  const start = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-check-'))
  const report = join(folder, 'tests.json')
  try {
    const code = await run('vitest', [
      'run',
      // Real agents are installed from the registry first: `npm run test:agents` does that on demand.
      '--project=!agents',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ])
    const { numPassedTests: passed, numFailedTests, testResults } = readReport(report)
    // A file that does not load, or an error outside a test, fails the run without failing a test.
    const failed = code === 0 ? numFailedTests : Math.max(1, numFailedTests)
    console.log(
      `${failed > 0 ? 'FAIL ' : 'ok   '} ${label('tests')} ${secondsSince(start)} (${plural(passed, 'test')} passed)`,
    )
    for (const line of failures(testResults)) console.log(line)
    return { passed, failed }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] }
  }
}

const REASON_LINES = 20

/** What failed and why in a few lines each, once more at the end: the reports themselves are thousands of lines above. */
function* failures(files) {
  for (const { name, status, message, assertionResults: tests } of files) {
    const failed = tests.filter((test) => test.status === 'failed')
    for (const { fullName, failureMessages } of failed)
      yield failure(name, fullName, failureMessages.join('\n'))
    if (status === 'failed' && failed.length === 0) yield failure(name, 'does not load', message)
  }
}

function failure(file, title, reason) {
  const lines = stripVTControlCharacters(reason)
    .replaceAll(`${pathToFileURL(root)}/`, '')
    .replaceAll(`${root}/`, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/node_modules|<anonymous>/.test(line))
  return [
    `✖ ${relative(root, file)} › ${title}`,
    ...lines.slice(0, REASON_LINES).map((line) => `    ${line}`),
  ].join('\n')
}

let passed = 0
let failed = 0
for (const check of [...STEPS.map((step) => () => checkStep(step)), checkTests]) {
  const result = await check()
  passed += result.passed
  failed += result.failed
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
