/** npm run bench: measures against the limits of this machine, prints a table, and writes RESULTS.md. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { agent } from './cases/agent.ts'
import { board } from './cases/board.ts'
import { boardSize } from './cases/board-size.ts'
import { cli } from './cases/cli.ts'
import { gateway } from './cases/gateway.ts'
import { httpBoard } from './cases/http-board.ts'
import { httpEvents } from './cases/http-events.ts'
import { httpIdle } from './cases/http-idle.ts'
import { life } from './cases/life.ts'
import { pass } from './cases/pass.ts'
import { search } from './cases/search.ts'
import { shellCards } from './cases/shell-cards.ts'
import { start } from './cases/start.ts'
import { verbs } from './cases/verbs.ts'
import type { Case } from './harness/case.ts'
import { machineFacts } from './harness/machine.ts'
import { plainTable, resultsPage, type NamedResult } from './harness/report.ts'

const CASES: readonly Case[] = [
  verbs,
  life,
  pass,
  boardSize,
  board,
  search,
  cli,
  start,
  gateway,
  shellCards,
  agent,
  httpBoard,
  httpEvents,
  httpIdle,
]
const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const REMARKS = '## Remarks'

const USAGE = `npm run bench -- [--only <name>]... [--quick] [--list]

  --only <name>   this case only; may be repeated
  --quick         fewer rounds: whether everything works, not how fast it is
  --list          the names of the cases

RESULTS.md is written by a run of all cases without --quick.`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function main(): Promise<void> {
  if (options.help) return console.log(USAGE)
  if (options.list) return console.log(CASES.map(({ name, about }) => `${name}: ${about}`).join('\n'))
  const unknown = options.only.find((name) => !CASES.some((candidate) => candidate.name === name))
  if (unknown !== undefined)
    throw new Error(`there is no case ${unknown}; there are ${CASES.map(({ name }) => name).join(', ')}`)
  const machine = machineFacts(new Date().toISOString().slice(0, 10))
  console.log(machine.sentence)
  const chosen = CASES.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const results = await measureAll(chosen)
  console.log(`\n${plainTable(results.flatMap(({ rows }) => rows))}`)
  if (chosen.length < CASES.length || options.quick) return
  writeFileSync(RESULTS, resultsPage(results, machine, remarks()))
  console.log(`\nwritten: ${RESULTS}`)
}

async function measureAll(chosen: readonly Case[]): Promise<NamedResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'yardmaster-bench-'))
  const results: NamedResult[] = []
  try {
    for (const { name, about, run } of chosen) {
      const startedAt = performance.now()
      const say = (text: string) => process.stdout.isTTY && process.stdout.write(`\r\x1b[K${name}: ${text} …`)
      const result = await run({ quick: options.quick, folder, say })
      results.push({ name, about, ...result })
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
      for (const { what, measured, verdict } of result.rows)
        console.log(`${name} · ${what}: ${measured}, ${verdict}`)
      console.log(`${name}: ${seconds} s`)
    }
    return results
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What people wrote at the end of the last results. */
function remarks(): string {
  const text = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
  const start = text.indexOf(REMARKS)
  return start === -1 ? `${REMARKS}\n` : text.slice(start)
}

await main()
