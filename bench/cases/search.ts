import { verdict, type Case, type Row } from '../harness/case.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { median, number, range, ratios, spread } from '../harness/statistics.ts'
import type { Kept, SearchAnswer, SearchOptions, SearchQuestion } from '../probes/search.ts'

const SIZES = ['10 000', '100 000'] as const
type Size = (typeof SIZES)[number]
const TARGET_MS = 50
const TIMES = 5

/** What is looked for, each of its own kind for the index. */
const QUERIES = {
  'a rare word': '"roroki"',
  'a word of every card': '"card"',
  'two frequent words': 'ki "tu"',
  'the beginning of a word': 'de',
  'its first letter': 'd',
  'a phrase of frequent words': '"ki tu"',
  'a word of remarks only': '"heron"',
  'a frequent word of remarks only': '"remark"',
  'one word without another': '"tu" -de',
} as const
type Query = keyof typeof QUERIES

const KEPT: Readonly<Record<Kept, string>> = {
  create: 'create a card',
  comment: 'comment on a card',
  complete: 'complete a card',
}
const CALLS = 50
const INDEX = ['with', 'without'] as const

type SearchProbe = Probe<SearchQuestion, SearchAnswer>

export const search: Case = {
  name: 'search',
  about:
    'Finding the first 20 cards through the kernel, with excerpts, on boards with 67 words a card and a comment on every third. And what keeping the index costs where words are added, against the same board with its triggers taken off.',
  run: async ({ quick, folder, say }) => {
    const rounds = quick ? 5 : 15
    const open = (options: Omit<SearchOptions, 'folder'>) =>
      openProbe<SearchQuestion, SearchAnswer>('search', { folder, ...options } satisfies SearchOptions)
    const found = {} as Record<Size, Record<Query, number>>
    for (const size of SIZES) {
      say(`a board of ${size} cards`)
      await using probe = await open({ cards: Number(size.replace(' ', '')), hasIndex: true })
      found[size] = await timesOf(probe, rounds)
    }
    say('what the index costs')
    await using indexed = await open({ cards: 10_000, hasIndex: true })
    await using plain = await open({ cards: 10_000, hasIndex: false })
    const probes = { with: indexed, without: plain }
    const costs: Row[] = []
    for (const [verb, what] of Object.entries(KEPT) as [Kept, string][]) {
      const ask = (which: (typeof INDEX)[number]) => probes[which].ask({ keep: verb, calls: CALLS })
      await interleaved(INDEX, 2, ask)
      const answers = await interleaved(INDEX, rounds, ask)
      const ratioOf = (part: 'ms' | 'cpuMs') =>
        range(
          spread(
            ratios(
              answers.with.map((answer) => answer[part]),
              answers.without.map((answer) => answer[part]),
            ),
          ),
        )
      costs.push({
        what: `${what}, with the index through without`,
        target: 'reported',
        measured: `${ratioOf('ms')} ×, of processor time ${ratioOf('cpuMs')} ×`,
        verdict: 'reported',
      })
    }
    const slowest = Math.max(...Object.values(found['100 000']))
    return {
      rows: [
        {
          what: 'search 100 000 cards, the slowest kind',
          target: `≤ ${TARGET_MS} ms`,
          measured: `${number(slowest)} ms`,
          verdict: verdict(slowest <= TARGET_MS),
        },
        ...costs,
      ],
      details: markdownTable(
        ['', ...SIZES.map((size) => `${size} cards, ms`)],
        (Object.keys(QUERIES) as Query[]).map((query) => [
          query,
          ...SIZES.map((size) => number(found[size][query])),
        ]),
      ),
    }
  },
}

/** The median of each kind, in milliseconds. Throws when nothing is found: then nothing was measured. */
async function timesOf(probe: SearchProbe, rounds: number): Promise<Record<Query, number>> {
  const times = {} as Record<Query, number>
  for (const [name, query] of Object.entries(QUERIES) as [Query, string][]) {
    const each: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const { ms, found } = await probe.ask({ find: query, times: TIMES })
      if (found === 0) throw new Error(`${query} finds nothing`)
      if (round > 0) each.push(ms)
    }
    times[name] = median(each)
  }
  return times
}
