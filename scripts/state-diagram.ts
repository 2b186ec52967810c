/** Writes the state diagram between its marks in ARCHITECTURE.md. `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transitionDiagram } from '../src/domain/transitions.ts'

const file = join(import.meta.dirname, '..', 'ARCHITECTURE.md')
const BEGIN = '<!-- state diagram: written by scripts/state-diagram.ts -->'
const END = '<!-- end of state diagram -->'

const page = readFileSync(file, 'utf8')
const [before, rest] = [page.indexOf(BEGIN), page.indexOf(END)]
if (before === -1 || rest < before)
  throw new Error(`ARCHITECTURE.md has no place for the diagram: ${BEGIN} … ${END}`)

const block = `${BEGIN}\n\n\`\`\`mermaid\n${transitionDiagram()}\n\`\`\`\n\n`
const wanted = page.slice(0, before) + block + page.slice(rest)

if (!process.argv.includes('--check')) writeFileSync(file, wanted)
else if (wanted !== page) {
  console.error('The state diagram in ARCHITECTURE.md is stale. Write it anew with: npm run diagram')
  process.exitCode = 1
}
