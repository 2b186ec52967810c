/** docs/api.md against a real gateway: what it tells people to type works, and prints what it says. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { behaviour } from '../behaviours.ts'
import { Home, yardProgram } from '../cli/home.ts'
import { patternOf, readExamples, runExamples, type Printed } from './shell-examples.ts'

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
const examples = readExamples(page)

const hasCurl = spawnSync('curl', ['--version']).status === 0
const isCI = process.env['CI'] !== undefined
if (!hasCurl && !isCI)
  console.warn('The examples of docs/api.md are not run: there is no curl. Install it to run them.')

describe.skipIf(!hasCurl && !isCI)('docs/api.md', () => {
  let home: Home
  let printed: Printed

  beforeAll(async () => {
    home = new Home()
    home.write('config.yaml', 'server:\n  port: 0\n')
    await home.ok('gateway', 'start', '--detach')
    const { url } = JSON.parse(home.read('server.json')) as { url: string }
    printed = await runExamples(examples, {
      env: {
        ...home.env,
        PATH: `${dirname(yardProgram)}:${process.env['PATH']}`,
        BOARD: url,
      },
      cwd: home.folder,
    })
  }, 180_000)

  afterAll(async () => {
    await home.yard('gateway', 'stop')
    home[Symbol.dispose]()
  })

  test.each(examples.map((example) => [`line ${example.line}: ${example.heading}`, example] as const))(
    '%s',
    (_, { steps }) => {
      for (const { line, commands, expected } of steps) {
        const output = printed.steps.get(line)
        if (output === undefined)
          throw new Error(
            `line ${line} was not reached; the shell ended with ${printed.code}\n${printed.stderr}`,
          )
        if (expected !== null && !patternOf(expected).test(output))
          expect(output, `line ${line}:\n${commands}`).toBe(expected)
      }
    },
  )

  behaviour(['http.guide', 'http.log'], 'every example was run, to the end of the page', () => {
    expect(printed).toMatchObject({ code: 0 })
    expect(
      examples.flatMap(({ steps }) => steps).filter(({ expected }) => expected !== null).length,
    ).toBeGreaterThan(20)
  })
})
