import { seed } from '../harness/seed.ts'
import { verdict, type Case } from '../harness/case.ts'
import { bareNode, newHome, yard, type Home } from '../harness/home.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { number, quantile, range, ratios, spread } from '../harness/statistics.ts'

const TARGET = 3
const COMMANDS = ['node -e 0', 'yard list', 'yard show', 'yard create'] as const
type Command = (typeof COMMANDS)[number]

export const cli: Case = {
  name: 'cli',
  about:
    'The command line on a board of 1 000 cards, from the start of the process to its end, against `node -e 0` of the same Node.',
  run: async ({ quick, folder, say }) => {
    const home = newHome(folder)
    const [id = ''] = seed(home.paths.database, (board) => board.cards(1_000, 'ready'))
    const call = callsOf(home, id)
    say('commands')
    await interleaved(COMMANDS, 3, call)
    const times = await interleaved(COMMANDS, quick ? 7 : 41, call)
    return {
      rows: COMMANDS.slice(1).map((command) => {
        const ratio = spread(ratios(times[command], times['node -e 0']))
        return {
          what: command === 'yard list' ? 'yard list, 50 of 1 000 cards' : command,
          target: `≤ ${TARGET} × node -e 0`,
          measured: `${range(ratio)} ×`,
          verdict: verdict(ratio.median <= TARGET),
        }
      }),
      details: markdownTable(
        ['', 'median, ms', '90 %, ms'],
        COMMANDS.map((command) => [
          command,
          number(quantile(times[command], 0.5)),
          number(quantile(times[command], 0.9)),
        ]),
      ),
    }
  },
}

const callsOf =
  (home: Home, id: string) =>
  async (command: Command): Promise<number> => {
    switch (command) {
      case 'node -e 0':
        return bareNode(home).ms
      case 'yard list':
        return yard(home, ['list', '--limit', '50']).ms
      case 'yard show':
        return yard(home, ['show', id]).ms
      case 'yard create':
        return yard(home, ['create', 'Measure it', '--assignee', 'shell', '--body', 'true']).ms
    }
  }
