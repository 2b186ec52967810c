import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BEHAVIOURS } from '../behaviours.ts'

const root = join(import.meta.dirname, '../..')
const FIRST_ARGUMENT = new RegExp(
  String.raw`\b(?:behaviour|scenario|test|it|describe)(?:\.\w+(?:\([^()]*\))?)*\(\s*(\[[^\]]*\]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|` +
    '`[^`]*`)',
  'g',
)

test('every behaviour is cited by a test', () => {
  const cited = new Set<string>()
  for (const folder of ['test', 'src', 'dashboard'])
    for (const file of testFiles(folder)) collect(file, cited)
  expect(Object.keys(BEHAVIOURS).filter((id) => !cited.has(id))).toEqual([])
})

function testFiles(folder: string): string[] {
  let names: string[]
  try {
    names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
  return names
    .filter((name) => /\.test\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(root, folder, name))
}

/** Ids named in the first argument of a test, be it a list of ids or the title. */
function collect(file: string, cited: Set<string>): void {
  for (const [, argument = ''] of readFileSync(file, 'utf8').matchAll(FIRST_ARGUMENT))
    for (const word of argument.match(/[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*/g) ?? [])
      if (word in BEHAVIOURS) cited.add(word)
}
