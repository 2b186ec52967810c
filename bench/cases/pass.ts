import { verdict, type Case } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { interleaved } from '../harness/rounds.ts'
import { range, ratios, spread } from '../harness/statistics.ts'
import type { PassBoard, PassOptions, PassQuestion } from '../probes/pass.ts'

const BOARDS: readonly PassBoard[] = ['empty', '10 000 done', '10 000 todo']
const TARGET = { ms: 0.2, ratio: 1.3 } as const
const PASSES = 200

export const pass: Case = {
  name: 'pass',
  about:
    'One pass of the dispatcher on real dependencies, nothing to start: on an empty board, beside 10 000 finished cards, and beside 10 000 waiting ones in a graph ten deep. The same for all, or it looks through the board.',
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 5 : 25
    await using processes = new AsyncDisposableStack()
    const probes = {} as Record<PassBoard, Probe<PassQuestion, number>>
    for (const board of BOARDS) {
      say(`a board: ${board}`)
      const options: PassOptions = { folder, board }
      probes[board] = processes.use(await openProbe<PassQuestion, number>('pass', options))
    }
    const ask = (board: PassBoard) => probes[board].ask({ passes: PASSES })
    await interleaved(BOARDS, 3, ask)
    const times = await interleaved(BOARDS, rounds, ask)
    return {
      rows: BOARDS.flatMap((board) => {
        const ms = spread(times[board])
        const row = {
          what: `a dispatcher pass, ${board}`,
          target: `≤ ${TARGET.ms} ms`,
          measured: range(ms, ' ms'),
          verdict: verdict(ms.median <= TARGET.ms),
        }
        if (board === 'empty') return [row]
        const ratio = spread(ratios(times[board], times.empty))
        return [
          row,
          {
            what: '… through the empty board',
            target: `≤ ${TARGET.ratio} ×`,
            measured: `${range(ratio)} ×`,
            verdict: verdict(ratio.median <= TARGET.ratio),
          },
        ]
      }),
      details: '',
    }
  },
}
