/**
 * Plays the stories of test/realclients with every agent that can be installed here and writes what works into
 * docs/agents.md: npm run test:agents [-- claude codex …]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLI_AGENTS } from '../src/agents/table.ts'

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

const document = new URL('../docs/agents.md', import.meta.url)
const wanted = process.argv.slice(2)
/** A part of their names, to play only some. */
const part = process.env['YARD_AGENTS_STORIES']

using folder = mkdtempDisposableSync(join(tmpdir(), 'yard-agents-table-'))
const file = join(folder.path, 'report.json')
const { status } = spawnSync(
  'vitest',
  [
    'run',
    '--project',
    'agents',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...(part === undefined ? [] : ['--testNamePattern', part]),
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, YARD_AGENTS: wanted.length === 0 ? 'all' : wanted.join(',') },
  },
)

const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report
const stories = new Map<string, Map<string, string>>()
for (const { ancestorTitles, title, status: result } of testResults.flatMap(
  ({ assertionResults }) => assertionResults,
)) {
  const agent = ancestorTitles.at(-1)?.replace('the real ', '') ?? ''
  const story = title.replace(/^(?:[FW]\d\d )+/, '')
  const row = stories.get(story) ?? new Map<string, string>()
  row.set(agent, { passed: '✔', failed: '✖', skipped: '–' }[result] ?? '–')
  stories.set(story, row)
}
const driven = CLI_AGENTS.filter(({ name }) => [...stories.values()].some((row) => row.has(name)))
const versions = driven.map(({ name, version }) => `${name} ${version.tested ?? ''}`.trim())
const rows = [...stories].map(
  ([story, row]) => `| ${story} | ${driven.map(({ name }) => row.get(name) ?? '–').join(' | ')} |`,
)

const about = CLI_AGENTS.map(
  ({ name, about: what, provider, tools, permissions, sessions, version }) =>
    `| \`${name}\` | ${what} | ${provider} | ${tools === 'mcp' ? 'tools' : '`yard` command'} | ${permissions.offered.map((one) => (one === permissions.usual ? `**${one}**` : one)).join(', ')} | ${sessions === 'none' ? 'no' : 'yes'} | ${version.tested ?? 'not driven by the tests'} |`,
)

writeFileSync(
  document,
  `# Agents

<!-- Written by: npm run test:agents -->

An agent is a row of data (\`src/agents/rows\`): how its program is found, started, told what to do, read, stopped and judged.
A profile names it in its front matter:

\`\`\`markdown
---
agent: claude
# model: opus
# permissions: workspace      # what it may do without being asked
# orchestrator: true          # may create cards for others and free them
# command: [/opt/claude/bin/claude, --effort, high]
# provider: my-proxy          # cards of one provider cool down together
# resume: false               # begin anew after every answer
---
You are a careful engineer. Run the tests before you complete a card.
\`\`\`

Nothing is written into an agent's own settings: what it needs is given to each run, and is gone with it.

| Agent | | Provider | Reports by | Permissions (usual in bold) | Goes on in its session | Tested version |
|---|---|---|---|---|---|---|
${about.join('\n')}

## What was driven

The real programs, from the card to its end, against a model that does what the test says. ✔ works, ✖ does not, – was not tried in the last run, or does not apply.

| Story | ${versions.join(' | ')} |
|---|${driven.map(() => '---').join('|')}|
${rows.join('\n')}
`,
)
console.log(`wrote ${document.pathname}`)
process.exitCode = status ?? 1
