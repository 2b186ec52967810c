import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { checkout } from '../helpers/rig/program.ts'

const run = promisify(execFile)

/** A folder whose `node` says it is another version. */
function olderNode(folder: string): string {
  mkdirSync(folder)
  const preload = join(folder, 'older.cjs')
  writeFileSync(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } }); Object.defineProperty(process, 'version', { value: 'v20.1.0' })`,
  )
  writeFileSync(join(folder, 'node'), `#!/bin/sh\nexec ${process.execPath} --require ${preload} "$@"\n`, {
    mode: 0o755,
  })
  return folder
}

test('installed globally from its package, yard works from any folder, and on an older Node says so in one line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'yard-package-'))
  const home = join(folder, 'home')
  try {
    mkdirSync(join(home, '.yardmaster'), { recursive: true })
    writeFileSync(join(home, '.yardmaster', '.yard-test-home'), '')
    // The build is there already; packing again must not take it away from other tests.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: checkout })
    const { stdout: packed } = await run('sh', ['-c', 'ls *.tgz'], { cwd: folder })
    await run(
      'npm',
      ['install', '--global', '--offline', '--prefix', join(folder, 'prefix'), join(folder, packed.trim())],
      { cwd: folder },
    )

    const env = (node: string) => ({
      PATH: `${join(folder, 'prefix', 'bin')}:${node}:/usr/bin:/bin`,
      HOME: home,
      YARD_TEST: '1',
    })
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    const newer = { cwd: elsewhere, env: env(dirname(process.execPath)) }
    const { stdout: id } = await run(
      'yard',
      ['create', 'from a package', '--assignee', 'shell', '--body', 'echo packed'],
      newer,
    )
    const { stdout: report } = await run('yardmaster', ['dispatch', '--json'], newer)
    expect((JSON.parse(report) as { spawned: unknown[] }).spawned).toHaveLength(1)
    await run('yard', ['log', id.trim(), '--follow'], newer)
    const { stdout: shown } = await run('yard', ['show', id.trim(), '--json'], newer)
    expect(shown).toContain('"done"')

    const older = { cwd: elsewhere, env: env(olderNode(join(folder, 'older'))) }
    const refusal = await run('yard', ['list'], older).catch(
      (error: { code: number; stderr: string }) => error,
    )
    expect(refusal.stderr).toMatch(/^yard needs Node\.js 24 or newer; found v20\.1\.0.*\n$/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 90_000)
