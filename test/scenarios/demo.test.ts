import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { yardProgram } from '../helpers/rig/program.ts'

const run = promisify(execFile)

interface Told {
  readonly story?: string | number
  readonly title?: string
  readonly summary?: readonly string[]
  readonly by_status?: Readonly<Record<string, number>>
}

test('the demo tells its four stories with real processes, ends by itself, and leaves nothing behind', async () => {
  const home = mkdtempSync(join(tmpdir(), 'yard-demo-user-'))
  const temporary = join(home, 'tmp')
  try {
    mkdirSync(temporary)
    const own = join(home, '.yardmaster')
    mkdirSync(own)
    writeFileSync(join(own, '.yard-test-home'), '')
    const { stdout } = await run(yardProgram, ['demo', '--json'], {
      env: { PATH: process.env['PATH'], HOME: home, TMPDIR: temporary, YARD_TEST: '1' },
    })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told)
    expect(lines.filter((line) => line.title !== undefined)).toHaveLength(4)
    const end = lines.at(-1)
    expect(end?.summary).toHaveLength(4)
    expect(end?.by_status).toEqual({ done: 19 })
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(own)).toEqual(['.yard-test-home'])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}, 170_000)
