import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBoard } from '../harness/boards.ts'
import { verdict, type BenchContext, type Case } from '../harness/case.ts'
import { newHome, startGateway, yard, type Home } from '../harness/home.ts'
import { openProbe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { number, quantile } from '../harness/statistics.ts'
import { epochMs, sleep } from '../harness/time.ts'
import type { CreateAnswer, CreateOptions, CreateQuestion } from '../probes/create-cards.ts'

const TARGET = { p50: 150, p99: 400, wakeUp: 10 } as const

export const start: Case = {
  name: 'start',
  about:
    'From a new card to the first line of its worker: with an idle gateway, a script that writes down the time. Once from the moment somebody presses Enter on `yard create`, once from the moment the card was acknowledged. The wake-up is from there to the watcher of another process, which is what wakes the dispatcher.',
  run: async (context) => {
    const home = newHome(context.folder)
    const wakeUps = await measureWakeUps(home, context)
    await using _gateway = await startGateway(home)
    const fromCommand = await measureFromCommand(home, context)
    const fromCommit = await measureFromCommit(home, context)
    const times = (values: readonly number[]) => `p50 ${ms(values, 0.5)}, p99 ${ms(values, 0.99)}`
    return {
      rows: [
        {
          what: 'yard create → worker runs',
          target: `p50 ≤ ${TARGET.p50} ms, p99 ≤ ${TARGET.p99} ms`,
          measured: times(fromCommand),
          verdict: verdict(
            quantile(fromCommand, 0.5) <= TARGET.p50 && quantile(fromCommand, 0.99) <= TARGET.p99,
          ),
        },
        {
          what: '… of which from the commit on',
          target: 'reported',
          measured: times(fromCommit),
          verdict: 'reported',
        },
        {
          what: '… wake-up: commit → another process notices',
          target: `p50 ≤ ${TARGET.wakeUp} ms`,
          measured: times(wakeUps),
          verdict: verdict(quantile(wakeUps, 0.5) <= TARGET.wakeUp),
        },
      ],
      details: markdownTable(
        ['ms', 'p50', 'p90', 'p99', 'longest', 'of'],
        Object.entries({
          'from the command': fromCommand,
          'from the commit': fromCommit,
          'wake-up': wakeUps,
        }).map(([what, values]) => [
          what,
          ...[0.5, 0.9, 0.99, 1].map((q) => number(quantile(values, q))),
          String(values.length),
        ]),
      ),
    }
  },
}

const ms = (values: readonly number[], q: number): string => `${number(quantile(values, q))} ms`

/** Writes the moment it runs, in milliseconds since 1970, into `file`. Starting `date` is part of what is measured. */
const stampingScript = (file: string): string => `date +%s.%N > ${file}.new && mv ${file}.new ${file}`

const STARTED_MS = 20_000

async function stampOf(file: string): Promise<number> {
  for (const deadline = performance.now() + STARTED_MS; performance.now() < deadline; await sleep(5)) {
    try {
      return Number(readFileSync(file, 'utf8')) * 1_000
    } catch {}
  }
  throw new Error('a worker did not start')
}

/** So that the run before is closed and the machine quiet. */
const PAUSE_MS = 250

async function measureFromCommand(home: Home, { quick, folder, say }: BenchContext): Promise<number[]> {
  const stamps = mkdtempSync(join(folder, 'stamps-'))
  const times: number[] = []
  const count = quick ? 8 : 60
  for (let index = -2; index < count; index++) {
    say(`card ${index + 1} of ${count}, from the command`)
    const file = join(stamps, String(index))
    const pressedAt = epochMs()
    yard(home, ['create', `Card ${index}`, '--assignee', 'shell', '--body', stampingScript(file)])
    const took = (await stampOf(file)) - pressedAt
    if (index >= 0) times.push(took)
    await sleep(PAUSE_MS)
  }
  return times
}

async function measureFromCommit(home: Home, { quick, folder, say }: BenchContext): Promise<number[]> {
  const stamps = mkdtempSync(join(folder, 'stamps-'))
  const options: CreateOptions = { file: home.paths.database }
  await using creator = await openProbe<CreateQuestion, CreateAnswer>('create-cards', options)
  const times: number[] = []
  const count = quick ? 8 : 60
  for (let index = -2; index < count; index++) {
    say(`card ${index + 1} of ${count}, from the commit`)
    const file = join(stamps, String(index))
    const { at } = await creator.ask({ title: 'A card', body: stampingScript(file), assignee: 'shell' })
    const took = (await stampOf(file)) - at
    if (index >= 0) times.push(took)
    await sleep(PAUSE_MS)
  }
  return times
}

async function measureWakeUps(home: Home, { quick, say }: BenchContext): Promise<number[]> {
  const options: CreateOptions = { file: home.paths.database }
  await using creator = await openProbe<CreateQuestion, CreateAnswer>('create-cards', options)
  await using board = openBoard(home.paths.database)
  let heardAt = 0
  let wake = () => {}
  using _watch = board.kernel.deps.store.watch(() => {
    heardAt = epochMs()
    wake()
  })
  const times: number[] = []
  const count = quick ? 30 : 300
  say(`${count} wake-ups`)
  for (let index = 0; index < count; index++) {
    await sleep(20 + (index % 7) * 5)
    const heard = new Promise<void>((resolve) => {
      wake = resolve
    })
    const { at } = await creator.ask({ title: 'A card nobody does', body: '', assignee: null })
    await heard
    // It may be heard of before its creator has its answer.
    times.push(Math.max(0, heardAt - at))
  }
  return times
}
