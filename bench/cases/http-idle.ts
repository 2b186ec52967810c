import type { Case, CaseResult } from '../harness/case.ts'
import { newHome, startGateway } from '../harness/home.ts'
import { openStream, placeOf } from '../harness/http.ts'
import { cpuSecondsOf, isCounted, residentMbOf } from '../harness/processes.ts'
import { number } from '../harness/statistics.ts'
import { sleep } from '../harness/time.ts'

const CLIENTS = 1_000
/** Connected at a time. */
const AT_ONCE = 50
const SETTLE_MS = 3_000

export const httpIdle: Case = {
  name: 'http-idle',
  about:
    'A gateway with 1 000 clients of the stream on a board where nothing happens: memory and processor time.',
  run: async ({ quick, folder, say }): Promise<CaseResult> => {
    if (!isCounted) return { rows: [], details: 'Counted on Linux only.' }
    const home = newHome(folder)
    await using processes = new AsyncDisposableStack()
    const gateway = processes.use(await startGateway(home))
    const place = placeOf(home)
    const listening = { before: residentMbOf(gateway.pid), frames: 0 }
    say(`${CLIENTS} clients`)
    for (let connected = 0; connected < CLIENTS; connected += AT_ONCE)
      for (const stream of await Promise.all(
        Array.from({ length: AT_ONCE }, () => openStream(place, () => listening.frames++)),
      ))
        processes.use(stream)
    await sleep(SETTLE_MS)
    const idleMs = quick ? 10_000 : 40_000
    say(`idle for ${idleMs / 1_000} s`)
    const before = cpuSecondsOf(gateway.pid)
    await sleep(idleMs)
    const percent = ((cpuSecondsOf(gateway.pid) - before) / (idleMs / 1_000)) * 100
    const after = residentMbOf(gateway.pid)
    if (listening.frames < CLIENTS) throw new Error(`${CLIENTS} clients heard ${listening.frames} heartbeats`)
    return {
      rows: [
        {
          what: '1 000 idle WebSocket clients, memory of the gateway (RSS)',
          target: 'reported',
          measured: `${number(after)} MB (${number(listening.before)} MB without)`,
          verdict: 'reported',
        },
        {
          what: '… its processor time',
          target: 'reported',
          measured: `${number(percent)} % of a core`,
          verdict: 'reported',
        },
      ],
      details: '',
    }
  },
}
