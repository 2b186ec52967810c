import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBoard, PERSON } from '../harness/boards.ts'
import type { Case } from '../harness/case.ts'
import { newHome, startGateway, type Home } from '../harness/home.ts'
import { cpuSecondsOf, isCounted } from '../harness/processes.ts'
import { markdownTable } from '../harness/report.ts'
import { median, number, quantile } from '../harness/statistics.ts'
import { sleep } from '../harness/time.ts'

const STAMPS = join(import.meta.dirname, '..', 'harness', 'stamps.cjs')

/** The stations of a run, in their order, and what happens before each. */
const STATIONS = [
  ['claimed', ''],
  ['runner starts', 'claim committed, workspace and files made'],
  ['runner started', 'the gateway stands still while it forks'],
  ['runner begins', 'the system starts the process'],
  ['runner loads', 'Node starts'],
  ['worker starts', 'the runner loads, opens the board, reports for duty'],
  ['worker ended', 'the worker: sh and true'],
  ['runner ends', 'the tree is proven gone, the run is closed'],
  ['gateway notices', 'the process is reaped'],
] as const
type Station = (typeof STATIONS)[number][0]

interface Stamp {
  readonly run: number
  readonly what: Station
  readonly at: number
  readonly cpuMs?: number
}

export const shellCards: Case = {
  name: 'shell-cards',
  about:
    'Many cards whose script is `true`, eight at a time: how many are done per second, and where the time of one goes.',
  run: async ({ quick, folder, say }) => {
    const count = quick ? 50 : 500
    const home = newHome(folder)
    const plain = await runAll(home, count, say)
    const stampsFile = join(folder, 'stamps.jsonl')
    const stamped = newHome(folder)
    await runAll(stamped, Math.min(count, 200), say, {
      YARD_BENCH_STAMPS: stampsFile,
      NODE_OPTIONS: `--require=${STAMPS}`,
    })
    const stamps = readFileSync(stampsFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Stamp)
    const runnerCpu = stamps.flatMap(({ cpuMs }) => cpuMs ?? [])
    return {
      rows: [
        {
          what: `${count} shell cards, eight at a time`,
          target: 'reported',
          measured: `${number(plain.perSecond)} cards/s`,
          verdict: 'reported',
        },
      ],
      details: `${markdownTable(['of one card', 'p50, ms', 'p90, ms'], stationRows(stamps))}

Processor time of one runner: ${number(median(runnerCpu))} ms${plain.gatewayCpuMs === null ? '' : `; of the gateway, by card: ${number(plain.gatewayCpuMs)} ms`}.`,
    }
  },
}

interface Throughput {
  readonly perSecond: number
  readonly gatewayCpuMs: number | null
}

async function runAll(
  home: Home,
  count: number,
  say: (text: string) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<Throughput> {
  await using board = openBoard(home.paths.database)
  const { kernel } = board
  await using gateway = await startGateway(home, env)
  const cpuBefore = isCounted ? cpuSecondsOf(gateway.pid) : 0
  const startedAt = performance.now()
  await kernel.createTasks(
    Array.from({ length: count }, (_, index) => ({
      title: `Card ${index}`,
      body: 'true',
      assignee: 'shell',
    })),
    PERSON,
  )
  for (let done = 0; done < count; await sleep(20)) {
    done = (await kernel.getStats()).byStatus.done ?? 0
    say(`${done} of ${count} cards done`)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const cpu = isCounted ? ((cpuSecondsOf(gateway.pid) - cpuBefore) * 1_000) / count : null
  return { perSecond: count / seconds, gatewayCpuMs: cpu }
}

function stationRows(stamps: readonly Stamp[]): string[][] {
  const runs = new Map<number, Partial<Record<Station, number>>>()
  for (const { run, what, at } of stamps) runs.set(run, { ...runs.get(run), [what]: at })
  const complete = [...runs.values()].filter((run) => STATIONS.every(([what]) => run[what] !== undefined))
  const between = (from: Station, to: Station) => complete.map((run) => (run[to] ?? 0) - (run[from] ?? 0))
  const row = (what: string, times: readonly number[]) => [
    what,
    number(quantile(times, 0.5)),
    number(quantile(times, 0.9)),
  ]
  return [
    ...STATIONS.slice(1).map(([to, about], index) => {
      const from = STATIONS[index]?.[0] ?? 'claimed'
      return row(`${from} → ${to} (${about})`, between(from, to))
    }),
    row('all of it', between('claimed', 'gateway notices')),
  ]
}
