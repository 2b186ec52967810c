import { assertSameExtent, type Extent } from '../harness/boards.ts'
import { verdict, type BenchContext, type Case, type CaseResult, type Row } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { median, number, range, ratios, spread, sum } from '../harness/statistics.ts'
import { VARIANTS, type Variant, type Verb } from '../harness/subject.ts'
import type { VerbAnswer, VerbOptions, VerbQuestion } from '../probes/verbs.ts'

const TARGET = 0.7
const CALLS = 100

const VERBS: readonly { readonly verb: Verb; readonly what: string; readonly isTarget: boolean }[] = [
  { verb: 'create', what: 'create a card', isTarget: true },
  { verb: 'claim', what: 'claim a card by hand', isTarget: true },
  { verb: 'complete', what: 'complete a card, one child promoted', isTarget: true },
  { verb: 'openRun', what: "open a run (the dispatcher's claim)", isTarget: false },
  { verb: 'closeRun', what: 'close a run whose worker exited with 0', isTarget: false },
]

interface VerbResult {
  readonly rates: Record<Variant, number[]>
  readonly cpu: Record<Variant, number[]>
}

export const verbs: Case = {
  name: 'verbs',
  about:
    'The verbs of the kernel, one process, synchronous=FULL, against the bare limit: the same rows by prepared statements and nothing else. The case fails unless both have written the same number of rows and characters into every column.',
  run: async (context): Promise<CaseResult> => {
    const rows: Row[] = []
    const table: string[][] = []
    for (const { verb, what, isTarget } of VERBS) {
      context.say(what)
      const { rates, cpu } = await measureVerb(verb, context)
      const ratio = spread(ratios(rates.ours, rates.bare))
      rows.push({
        what,
        target: isTarget ? `≥ ${TARGET} × bare` : 'reported',
        measured: `${range(ratio)} × bare`,
        verdict: isTarget ? verdict(ratio.median >= TARGET) : 'reported',
      })
      table.push([
        what,
        number(median(rates.ours)),
        number(median(rates.bare)),
        number(median(cpu.ours)),
        number(median(cpu.bare)),
      ])
    }
    return {
      rows,
      details: markdownTable(
        ['', 'per second', 'bare, per second', 'processor µs each', 'bare, processor µs each'],
        table,
      ),
    }
  },
}

async function measureVerb(verb: Verb, { quick, folder }: BenchContext): Promise<VerbResult> {
  const warmUp = 4
  const rounds = quick ? 5 : 25
  const open = (variant: Variant) => {
    const options: VerbOptions = { variant, verb, folder, total: (rounds + warmUp) * CALLS }
    return openProbe<VerbQuestion, VerbAnswer | Extent>('verbs', options)
  }
  await using bare = await open('bare')
  await using ours = await open('ours')
  const probes: Record<Variant, Probe<VerbQuestion, VerbAnswer | Extent>> = { bare, ours }
  const ask = async (variant: Variant) => (await probes[variant].ask({ calls: CALLS })) as VerbAnswer
  await interleaved(VARIANTS, warmUp, ask)
  const answers = await interleaved(VARIANTS, rounds, ask)
  assertSameExtent((await ours.ask('extent')) as Extent, (await bare.ask('extent')) as Extent, verb)
  const rate = ({ times }: VerbAnswer) => (1_000 * times.length) / sum(times)
  const cpuOf = (answer: VerbAnswer) => answer.cpu
  return {
    rates: { ours: answers.ours.map(rate), bare: answers.bare.map(rate) },
    cpu: { ours: answers.ours.map(cpuOf), bare: answers.bare.map(cpuOf) },
  }
}
