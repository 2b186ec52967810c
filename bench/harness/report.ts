/** The tables: for the terminal, and for RESULTS.md. */
import type { CaseResult, Row } from './case.ts'
import type { MachineFacts } from './machine.ts'

const HEAD = ['what', 'target', 'measured: median (range)', 'verdict'] as const
const cells = ({ what, target, measured, verdict }: Row): string[] => [what, target, measured, verdict]

export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

/** The same in columns of equal width. */
export function plainTable(rows: readonly Row[]): string {
  const lines = [[...HEAD], ...rows.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export interface NamedResult extends CaseResult {
  readonly name: string
  readonly about: string
}

export function resultsPage(results: readonly NamedResult[], machine: MachineFacts, remarks: string): string {
  const rows = results.flatMap((result) => result.rows)
  return `# What was measured

Written by \`npm run bench\`; by hand only the section "Remarks" is kept up.

${machine.sentence}

Numbers of one table come from one run, in which the variants took turns; a ratio inside a table says something about another
machine, an absolute number says little. "bare" is the limit: the same rows in the same schema with the same durability,
written by prepared statements with nothing around them.

${markdownTable([...HEAD], rows.map(cells))}

${results.map(({ name, about, details }) => `## ${name}\n\n${about}\n${details === '' ? '' : `\n${details}\n`}`).join('\n')}
${remarks}`
}
