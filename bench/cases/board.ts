import { newBoardFile } from '../harness/boards.ts'
import { verdict, type Case } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { seed } from '../harness/seed.ts'
import { median, number, range, ratios, spread } from '../harness/statistics.ts'
import type { BoardReader, ReadAnswer, ReadOptions } from '../probes/board.ts'

const READERS: readonly BoardReader[] = ['bare', 'readBoard', 'readCards']
const TARGET = 1.5

export const board: Case = {
  name: 'board',
  about:
    'Reading a board of 10 000 cards with 4 500 links and 5 000 comments: everything with its counts (readBoard) against the bare queries for it, and the first 50 cards of each column (readCards), which is what the board page asks for.',
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 5 : 25
    const file = newBoardFile(folder)
    seed(file, (seeder) => {
      const [root = ''] = seeder.cards(1, 'triage')
      const waiting = seeder.chains(4_500, 10, root)
      const rest = [
        ...seeder.cards(3_000, 'done'),
        ...seeder.cards(1_500, 'ready'),
        ...seeder.cards(999, 'blocked'),
      ]
      for (const id of [...waiting, ...rest].slice(0, 5_000)) seeder.comment(id, 'Looks good to me.')
    })
    say('reading')
    await using processes = new AsyncDisposableStack()
    const probes = {} as Record<BoardReader, Probe<'read', ReadAnswer>>
    for (const reader of READERS) {
      const options: ReadOptions = { file, reader }
      probes[reader] = processes.use(await openProbe<'read', ReadAnswer>('board', options))
    }
    const ask = (reader: BoardReader) => probes[reader].ask('read')
    await interleaved(READERS, 5, ask)
    const answers = await interleaved(READERS, rounds, ask)
    const [ours, bare] = [answers.readBoard[0]?.cards, answers.bare[0]?.cards]
    if (ours !== bare) throw new Error(`the board has ${bare} cards, and readBoard gave ${ours}`)
    const ms = (reader: BoardReader) => answers[reader].map((answer) => answer.ms)
    const ratio = spread(ratios(ms('readBoard'), ms('bare')))
    return {
      rows: [
        {
          what: 'read a board of 10 000 cards',
          target: `≤ ${TARGET} × the bare queries`,
          measured: `${range(ratio)} ×`,
          verdict: verdict(ratio.median <= TARGET),
        },
      ],
      details: markdownTable(
        ['', 'ms', 'range'],
        READERS.map((reader) => {
          const { min, max } = spread(ms(reader))
          return [reader, number(median(ms(reader))), `${number(min)}–${number(max)}`]
        }),
      ),
    }
  },
}
