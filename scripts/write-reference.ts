/** Writes the parts of the reference that the code knows better than anybody: commands and settings. `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SECTIONS, TABLE, type Entry } from '../src/cli/table.ts'
import type { Command } from '../src/cli/command.ts'
import { configKeys } from '../src/contract/config.ts'

const docs = join(import.meta.dirname, '..', 'docs')
const MADE = '<!-- Written by `npm run reference`; edit the code instead. -->'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function usage(entry: Entry, { arguments: words }: Command): string {
  const shown = Object.entries(words).map(([name, { required, rest }]) => {
    const word = `${name}${rest ? '…' : ''}`
    return required ? `<${word}>` : `[${word}]`
  })
  return ['yard', entry.name, ...shown].join(' ')
}

async function section(entry: Entry): Promise<string> {
  const command = await entry.load()
  const options = Object.entries(command.options).filter(([, option]) => option.hidden !== true)
  const lines = [`### \`${usage(entry, command)}\``, '', command.about, '']
  if (entry.aliases?.length)
    lines.push(`Also: ${entry.aliases.map((alias) => `\`yard ${alias}\``).join(', ')}.`, '')
  for (const [name, argument] of Object.entries(command.arguments))
    lines.push(`- \`${name}\`: ${argument.help}`)
  for (const [name, option] of options) {
    const value =
      option.value === undefined
        ? ''
        : ` <${option.choices === undefined ? option.value : option.choices.join('|')}>`
    lines.push(`- \`--${name}${value}\`${option.many ? ' (repeatable)' : ''}: ${option.help}`)
  }
  if (command.examples.length > 0) lines.push('', '```sh', ...command.examples, '```')
  return lines.join('\n')
}

async function commands(): Promise<string> {
  const listed = TABLE.filter((entry) => entry.hidden !== true)
  const parts = [
    '# Commands',
    MADE,
    'Every command has `--help`; every command that answers with data has `--json`: standard output then holds JSON only, warnings and refusals go to standard error (a refusal as one line of JSON with `detail` and `code`). Exit codes: 0 done, 1 refused or failed, 2 usage. Ids may be shortened as long as they are unique.',
  ]
  for (const [name, title] of Object.entries(SECTIONS)) {
    const entries = listed.filter((entry) => entry.section === name)
    if (entries.length === 0) continue
    parts.push(`## ${title}`, ...(await Promise.all(entries.map(section))))
  }
  return `${parts.join('\n\n')}\n`
}

function configuration(): string {
  const rows = configKeys().map(
    ({ key, type, default: fallback, about }) =>
      `| \`${key}\` | ${cell(about)} | ${cell(type)} | \`${JSON.stringify(fallback)}\` |`,
  )
  return `${[
    '# Configuration',
    MADE,
    '`config.yaml` in the home. An unknown key is an error that names the nearest known one. `yard config` shows what holds and where it came from; `yard config set <key> <value>` changes it and keeps your comments. A running gateway takes changes on; a file it cannot read leaves the last good settings in force. `YARD_DATABASE` overrides `kanban.database`; `YARD_DISPATCH_IN_GATEWAY=0` switches dispatching off.',
    ['| Key | Meaning | May be | Default |', '|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')}\n`
}

const files = { 'commands.md': await commands(), 'configuration.md': configuration() }
let stale = false
for (const [name, text] of Object.entries(files)) {
  const file = join(docs, name)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`docs/${name} is stale. Write it anew with: npm run reference`)
    stale = true
  }
}
process.exitCode = stale ? 1 : 0
