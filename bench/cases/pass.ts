import { verdict, type Case, type Row } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { interleaved } from '../harness/rounds.ts'
import { range, ratios, spread } from '../harness/statistics.ts'
import type { PassBoard, PassOptions, PassQuestion } from '../probes/pass.ts'

const BOARDS: readonly PassBoard[] = ['empty', '10 000 done', '10 000 todo', '10 000 ready']
const TARGET = { ms: 0.2, ratio: 1.3 } as const
const PASSES = { '10 000 ready': 10, empty: 200, '10 000 done': 200, '10 000 todo': 200 } as const

export const pass: Case = {
  name: 'pass',
  about:
    'One pass of the dispatcher on real dependencies, nothing to start: on an empty board, beside 10 000 finished cards, and beside 10 000 waiting ones in a graph ten deep. The same for all, or it looks through the board. And with 10 000 ready cards whose profile is at its cap.',
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 5 : 25
    await using processes = new AsyncDisposableStack()
    const probes = {} as Record<PassBoard, Probe<PassQuestion, number>>
    for (const board of BOARDS) {
      say(`a board: ${board}`)
      const options: PassOptions = { folder, board }
      probes[board] = processes.use(await openProbe<PassQuestion, number>('pass', options))
    }
    const ask = (board: PassBoard) => probes[board].ask({ passes: PASSES[board] })
    await interleaved(BOARDS, 3, ask)
    const times = await interleaved(BOARDS, rounds, ask)
    return { rows: BOARDS.flatMap((board) => rowsOf(board, times)), details: '' }
  },
}

function rowsOf(board: PassBoard, times: Record<PassBoard, number[]>): Row[] {
  const ms = spread(times[board])
  const what = `a dispatcher pass, ${board}`
  // All of one profile that is at its cap: they are passed over in one statement, but passed over they must be.
  if (board === '10 000 ready')
    return [{ what, target: 'reported', measured: range(ms, ' ms'), verdict: 'reported' }]
  const row = {
    what,
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
}
