/** The overview of all commands, and of those of a group. */
import { GROUPS, SECTIONS, TABLE, type Entry, type Section } from './table.ts'
import { plainWidth, wrap } from './text/width.ts'

export function overview({ version, width }: { readonly version: string; readonly width: number }): string {
  const all = Object.keys(SECTIONS) as Section[]
  const room = columnFor(all.flatMap(namesOf))
  const sections = all.map((section) => `${SECTIONS[section]}:\n${listed(namesOf(section), width, room)}`)
  return `yard ${version}: a durable kanban board that runs AI agents

Usage: yard <command> [arguments] [options]

${sections.join('\n\n')}

Every command has --help, and --json where it returns data.
Exit codes: 0 done · 1 refused or failed · 2 usage
Start here: yard init`
}

export function groupHelp(group: string, width: number): string {
  const members = TABLE.filter(({ name }) => name.startsWith(`${group} `))
  return `${GROUPS[group]?.summary ?? group}

Usage: yard ${group} <command> [options]

${listed(members, width)}`
}

/** The members of a group are listed under its name only. */
function namesOf(section: Section): Listed {
  const groups = Object.entries(GROUPS)
    .filter(([, group]) => group.section === section)
    .map(([name, { summary }]) => ({ name, summary }))
  const single = TABLE.filter(
    ({ name, hidden, section: own }) =>
      own === section && hidden !== true && !Object.hasOwn(GROUPS, name.split(' ')[0] ?? ''),
  )
  return [...single, ...groups]
}

type Listed = readonly Pick<Entry, 'name' | 'summary'>[]

const columnFor = (entries: Listed): number => Math.max(...entries.map(({ name }) => name.length)) + 2

function listed(entries: Listed, width: number, room = columnFor(entries)): string {
  return entries
    .flatMap(({ name, summary }) => {
      const [first = '', ...rest] = wrap({ measure: plainWidth }, summary, Math.max(20, width - room - 2))
      return [`  ${name.padEnd(room)}${first}`, ...rest.map((line) => ' '.repeat(room + 2) + line)]
    })
    .join('\n')
}
