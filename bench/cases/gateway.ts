import { openBoard, PERSON } from '../harness/boards.ts'
import { verdict, type Case, type CaseResult } from '../harness/case.ts'
import { newHome, startGateway } from '../harness/home.ts'
import { cpuSecondsOf, isCounted, residentMbOf } from '../harness/processes.ts'
import { number } from '../harness/statistics.ts'
import { sleep } from '../harness/time.ts'

const TARGET = { idlePercent: 0.2, gatewayMb: 90, runnerMb: 65 } as const
/** So that what happens once after the start is not counted. */
const SETTLE_MS = 5_000

export const gateway: Case = {
  name: 'gateway',
  about:
    'A gateway with nothing to do: processor time and memory; and the memory of one runner whose worker sleeps.',
  run: async ({ quick, folder, say }): Promise<CaseResult> => {
    if (!isCounted) return { rows: [], details: 'Counted on Linux only.' }
    const home = newHome(folder)
    await using running = await startGateway(home)
    await sleep(SETTLE_MS)
    const idleMs = quick ? 5_000 : 60_000
    say(`idle for ${idleMs / 1_000} s`)
    const before = cpuSecondsOf(running.pid)
    await sleep(idleMs)
    const percent = ((cpuSecondsOf(running.pid) - before) / (idleMs / 1_000)) * 100
    const gatewayMb = residentMbOf(running.pid)
    say('a runner')
    const runnerMb = await runnerMemory(home.paths.database)
    return {
      rows: [
        {
          what: 'gateway, idle',
          target: `≤ ${TARGET.idlePercent} % of a core`,
          measured: `${number(percent)} %`,
          verdict: verdict(percent <= TARGET.idlePercent),
        },
        {
          what: '… its memory (RSS)',
          target: `≤ ${TARGET.gatewayMb} MB`,
          measured: `${number(gatewayMb)} MB`,
          verdict: verdict(gatewayMb <= TARGET.gatewayMb),
        },
        {
          what: 'runner, its memory (RSS)',
          target: `≤ ${TARGET.runnerMb} MB`,
          measured: `${number(runnerMb)} MB`,
          verdict: verdict(runnerMb <= TARGET.runnerMb),
        },
      ],
      details: '',
    }
  },
}

/** The memory of a runner some seconds into the life of its worker. */
async function runnerMemory(file: string): Promise<number> {
  await using board = openBoard(file)
  const { kernel } = board
  const { task } = await kernel.createTask({ title: 'Sleep', body: 'sleep 60', assignee: 'shell' }, PERSON)
  let pid: number | undefined
  for (let tries = 0; pid === undefined && tries < 500; tries++) {
    await sleep(20)
    const [run] = await kernel.listLiveRuns()
    if (run?.phase === 'running') pid = run.runner?.pid
  }
  if (pid === undefined) throw new Error('the card was not started')
  await sleep(3_000)
  const megabytes = residentMbOf(pid)
  await kernel.stopTask(task.id, { reason: 'measured' }, PERSON)
  process.kill(pid, 'SIGUSR2')
  while ((await kernel.listLiveRuns()).length > 0) await sleep(20)
  return megabytes
}
