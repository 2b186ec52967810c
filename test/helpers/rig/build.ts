/** Builds the program the scenarios run, unless the one that is there was built from these very sources. */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './program.ts'

export default function setup(): void {
  if (process.env['YARD_RIG_PROGRAM'] !== undefined) return
  const built = statSync(join(checkout, 'dist', 'bin.cjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = ['src', 'scripts', 'package-lock.json'].map((path) => newest(join(checkout, path)))
  if (Math.max(...sources) < built) return
  execFileSync(process.execPath, [join(checkout, 'scripts', 'build.mjs')], {
    cwd: checkout,
    stdio: 'inherit',
  })
}

function newest(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}
