import { newBoardFile } from '../harness/boards.ts'
import { verdict, type Case } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { median, number, range, ratios, spread, sum } from '../harness/statistics.ts'
import { VARIANTS, type Variant } from '../harness/subject.ts'
import type { LifeAnswer, LifeOptions, LifeQuestion } from '../probes/life.ts'

const PROCESSES = 4
const TARGET = { rate: 0.7, slowestMs: 300, share: 0.4 } as const

interface Together {
  readonly rate: number
  readonly slowestCall: number
  readonly slowestLife: number
  /** What the least-served process got of what the best-served one got. */
  readonly share: number
}

export const life: Case = {
  name: 'life',
  about: `${PROCESSES} processes on one board, each in a loop of create → claim → complete, synchronous=FULL, against the bare limit with the same fair waiting for the write lock.`,
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 3 : 7
    const forMs = quick ? 700 : 1_500
    const results = await interleaved(VARIANTS, rounds, async (variant, round) => {
      say(`round ${round + 1} of ${rounds}, ${variant}`)
      return together(variant, newBoardFile(folder), forMs)
    })
    const rates = (variant: Variant) => results[variant].map(({ rate }) => rate)
    const ratio = spread(ratios(rates('ours'), rates('bare')))
    const slowest = spread(results.ours.map(({ slowestCall }) => slowestCall))
    const share = spread(results.ours.map((result) => result.share))
    return {
      rows: [
        {
          what: `whole lives, ${PROCESSES} processes`,
          target: `≥ ${TARGET.rate} × bare`,
          measured: `${range(ratio)} × bare`,
          verdict: verdict(ratio.median >= TARGET.rate),
        },
        {
          what: '… the longest wait for one call',
          target: `< ${TARGET.slowestMs} ms`,
          measured: range(slowest, ' ms'),
          verdict: verdict(slowest.median < TARGET.slowestMs),
        },
        {
          what: '… least-served process through best-served',
          target: `≥ ${TARGET.share}`,
          measured: range(share),
          verdict: verdict(share.median >= TARGET.share),
        },
      ],
      details: markdownTable(
        ['', 'lives per second', 'slowest call, ms', 'slowest life, ms', 'least through best'],
        VARIANTS.map((variant) => [
          variant,
          number(median(rates(variant))),
          ...(['slowestCall', 'slowestLife', 'share'] as const).map((field) =>
            range(spread(results[variant].map((result) => result[field]))),
          ),
        ]),
      ),
    }
  },
}

async function together(variant: Variant, file: string, forMs: number): Promise<Together> {
  const options: LifeOptions = { variant, file }
  await using processes = new AsyncDisposableStack()
  const probes: Probe<LifeQuestion, LifeAnswer>[] = []
  for (let index = 0; index < PROCESSES; index++)
    probes.push(processes.use(await openProbe<LifeQuestion, LifeAnswer>('life', options)))
  const ask = (ms: number) => Promise.all(probes.map((probe) => probe.ask({ forMs: ms })))
  await ask(200)
  const answers = await ask(forMs)
  const lives = answers.map((answer) => answer.lives)
  return {
    rate: sum(answers.map((answer) => (1_000 * answer.lives) / answer.elapsedMs)),
    slowestCall: Math.max(...answers.map((answer) => answer.slowestCall)),
    slowestLife: Math.max(...answers.map((answer) => answer.slowestLife)),
    share: Math.min(...lives) / Math.max(...lives),
  }
}
