import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BEHAVIOURS, type BehaviourId } from '../behaviours.ts'

const root = join(import.meta.dirname, '../..')
/** Proven by parts of the product that are still being built. An id leaves this list when its test comes. */
const AWAITED: readonly BehaviourId[] = Object.keys(BEHAVIOURS) as BehaviourId[]

const FIRST_ARGUMENT = new RegExp(
  String.raw`\b(?:behaviour|test|it|describe)(?:\.\w+(?:\([^()]*\))?)*\(\s*(\[[^\]]*\]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|` +
    '`[^`]*`)',
  'g',
)

test('every behaviour is cited by a test', () => {
  const cited = new Set<string>()
  for (const folder of ['test', 'src', 'dashboard'])
    for (const file of testFiles(folder)) collect(file, cited)
  const uncited = (Object.keys(BEHAVIOURS) as BehaviourId[]).filter((id) => !cited.has(id))
  const awaited = uncited.filter((id) => AWAITED.includes(id))
  if (awaited.length > 0) console.warn(`${awaited.length} behaviours await their tests: ${awaited.join(' ')}`)
  expect(uncited.filter((id) => !AWAITED.includes(id))).toEqual([])
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
