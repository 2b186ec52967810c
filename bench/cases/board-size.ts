import { newBoardFile, type Extent } from '../harness/boards.ts'
import { verdict, type Case } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { seed } from '../harness/seed.ts'
import { median, number, range, ratios, spread, sum } from '../harness/statistics.ts'
import type { Variant } from '../harness/subject.ts'
import type { VerbAnswer, VerbOptions, VerbQuestion } from '../probes/verbs.ts'

const SIZES = { small: 1_000, large: 100_000 } as const
type Size = keyof typeof SIZES
const TARGET = 1.3
const CALLS = 20
const WARM_UP = 3
const DEPTH = 10

export const boardSize: Case = {
  name: 'board-size',
  about:
    'Completing a card, one child promoted, on a board of 100 000 cards against one of 1 000. Beside it the bare limit on the same two boards: what is left of the difference there is the price of larger trees, not of looking at more cards.',
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 5 : 10
    const total = (rounds + WARM_UP) * CALLS
    const templates = {} as Record<Size, string>
    for (const size of ['small', 'large'] as const) {
      say(`a board of ${SIZES[size]} cards`)
      templates[size] = newBoardFile(folder)
      seed(templates[size], (board) => {
        // The measured cards and their children are added to these.
        const others = SIZES[size] - 2 * total
        const [root = ''] = board.cards(1, 'triage')
        board.cards(Math.floor(others * 0.5), 'done')
        board.chains(Math.floor(others * 0.4), DEPTH, root)
        board.cards(Math.floor(others * 0.1), 'blocked')
      })
    }
    const times = {} as Record<Variant, Record<Size, number[]>>
    for (const variant of ['bare', 'ours'] as const) {
      say(variant)
      await using processes = new AsyncDisposableStack()
      const probes = {} as Record<Size, Probe<VerbQuestion, VerbAnswer | Extent>>
      for (const size of ['small', 'large'] as const) {
        const options: VerbOptions = { variant, verb: 'complete', folder, total, template: templates[size] }
        probes[size] = processes.use(await openProbe<VerbQuestion, VerbAnswer | Extent>('verbs', options))
      }
      const ask = async (size: Size) =>
        sum(((await probes[size].ask({ calls: CALLS })) as VerbAnswer).times) / CALLS
      await interleaved(['small', 'large'], WARM_UP, ask)
      times[variant] = await interleaved(['small', 'large'], rounds, ask)
    }
    const ratioOf = (variant: Variant) => spread(ratios(times[variant].large, times[variant].small))
    return {
      rows: [
        {
          what: 'complete a card, board of 100 000 through board of 1 000',
          target: `≤ ${TARGET} ×`,
          measured: `${range(ratioOf('ours'))} ×`,
          verdict: verdict(ratioOf('ours').median <= TARGET),
        },
      ],
      details: markdownTable(
        ['', '1 000 cards, ms', '100 000 cards, ms', 'ratio'],
        (['ours', 'bare'] as const).map((variant) => [
          variant,
          number(median(times[variant].small)),
          number(median(times[variant].large)),
          range(ratioOf(variant)),
        ]),
      ),
    }
  },
}
