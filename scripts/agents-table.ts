/**
 * Plays the stories of test/realclients with agents that are installed here on demand, says how each went as it ends, and
 * prints the table: npm run test:agents [-- claude codex …]. How each agent did last is kept beside the agents themselves;
 * once all were driven through all stories, the table is written into docs/agents.md. YARD_AGENTS_STORIES holds a part of the
 * names of the stories to play.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startVitest, type Reporter } from 'vitest/node'
import { CLI_AGENTS } from '../src/agents/table.ts'
import { agentsFolder, installable } from '../test/realclients/install-agent.ts'
import { CANNOT, PARTLY, STORIES, type Story } from '../test/realclients/stories.ts'

const wanted = process.argv.slice(2)
const part = process.env['YARD_AGENTS_STORIES']
process.env['YARD_AGENTS'] = wanted.length === 0 ? 'all' : wanted.join(',')

type Result = 'passed' | 'failed' | 'skipped' | 'pending'
const counts = { passed: 0, failed: 0 }

/** Of the tested versions of all agents, by the name of the story: how it went last. Kept as it goes. */
type Kept = Record<string, Partial<Record<string, Result>>>
const keptIn = join(agentsFolder, 'results.json')
const readKept = (): Kept => (existsSync(keptIn) ? (JSON.parse(readFileSync(keptIn, 'utf8')) as Kept) : {})
const keyOf = ({ name, version }: (typeof CLI_AGENTS)[number]): string =>
  `${name} ${version.tested ?? ''}`.trim()

function keep(agent: string, story: Story, result: Result): void {
  const cli = CLI_AGENTS.find(({ name }) => name === agent)
  if (cli === undefined) return
  const kept = readKept()
  kept[keyOf(cli)] = { ...kept[keyOf(cli)], [story]: result }
  mkdirSync(agentsFolder, { recursive: true })
  writeFileSync(keptIn, JSON.stringify(kept, null, 2))
}

const sentenceOf = (story: Story): string => STORIES[story].replace(/^(?:[FW]\d\d )+/, '')
const nameOf = (title: string): Story | undefined =>
  (Object.keys(STORIES) as Story[]).find((story) => STORIES[story] === title)

/** One line for each story, as it ends. */
const asItGoes: Reporter = {
  onTestCaseResult(test) {
    const { state, errors } = test.result()
    const agent = test.parent.type === 'suite' ? test.parent.name.replace('the real ', '') : ''
    if (state === 'skipped') return
    const story = nameOf(test.name)
    if (story !== undefined) keep(agent, story, state)
    counts[state === 'passed' ? 'passed' : 'failed']++
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1)
    console.log(`${MARKS[state]} ${agent.padEnd(10)} ${story ?? test.name} (${seconds} s)`)
    for (const { message } of errors ?? []) console.log(message.replaceAll(/^/gm, '    '))
  },
  onTestRunEnd(_, problems) {
    for (const { message } of problems) console.log(message)
  },
  onUserConsoleLog({ content }) {
    process.stderr.write(content)
  },
}

const MARKS: Readonly<Record<Result, string>> = { passed: '✔', failed: '✖', skipped: '–', pending: '–' }

const vitest = await startVitest([], {
  run: true,
  watch: false,
  project: ['agents'],
  reporters: [asItGoes],
  ...(part === undefined ? {} : { testNamePattern: part }),
})
const modules = vitest.state.getTestModules()
const broken = modules.filter((module) => module.errors().length > 0)
for (const error of broken.flatMap((module) => module.errors())) console.log(error.message)
if (
  counts.failed === 0 &&
  (broken.length > 0 || vitest.state.getUnhandledErrors().length > 0 || modules.length === 0)
)
  counts.failed++
await vitest.close()

const kept = readKept()
const driven = CLI_AGENTS.filter((cli) => kept[keyOf(cli)] !== undefined)
const notes: string[] = []
const noteFor = (words: string | undefined): string => {
  if (words === undefined) return ''
  if (!notes.includes(words)) notes.push(words)
  return `[^${notes.indexOf(words) + 1}]`
}
const resultOf = (agent: string, story: Story): Result | undefined =>
  driven.filter(({ name }) => name === agent).map((cli) => kept[keyOf(cli)]?.[story])[0]
const cell = (agent: string, story: Story): string => {
  const why = CANNOT[agent]?.[story]
  if (why !== undefined) return `–${noteFor(why)}`
  const result = resultOf(agent, story)
  return result === undefined ? '?' : `${MARKS[result]}${noteFor(PARTLY[agent]?.[story])}`
}
const table = [
  `| Story | ${driven.map(keyOf).join(' | ')} |`,
  `|---|${driven.map(() => '---').join('|')}|`,
  ...(Object.keys(STORIES) as Story[]).map(
    (story) => `| ${sentenceOf(story)} | ${driven.map(({ name }) => cell(name, story)).join(' | ')} |`,
  ),
  '',
  ...notes.map((words, at) => `[^${at + 1}]: ${words}`),
].join('\n')
console.log(`\n${table}\n`)

const about = CLI_AGENTS.map(
  ({ name, about: what, provider, tools, permissions, sessions, version }) =>
    `| \`${name}\` | ${what} | ${provider} | ${tools === 'mcp' ? 'tools' : '`yard` command'} | ${permissions.offered.map((one) => (one === permissions.usual ? `**${one}**` : one)).join(', ')} | ${sessions === 'none' ? 'no' : 'yes'} | ${version.tested ?? 'not driven by the tests'} |`,
)

const document = new URL('../docs/agents.md', import.meta.url)
const isWhole = installable().every((name) =>
  (Object.keys(STORIES) as Story[]).every(
    (story) => CANNOT[name]?.[story] !== undefined || resultOf(name, story) !== undefined,
  ),
)
if (isWhole)
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

The real programs, from the card to its end, against a model that does what the test says. ✔ works, ✖ does not, – cannot be
done with this agent.

${table}
`,
  )
console.log(
  isWhole
    ? `wrote ${document.pathname}`
    : 'docs/agents.md stays as it is: not all agents were driven through all stories yet',
)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed > 0 ? 1 : 0
