import { Agent } from 'node:http'
import { verdict, type Case } from '../harness/case.ts'
import { newHome, startGateway } from '../harness/home.ts'
import { get, placeOf, requestsPerSecond, type Place } from '../harness/http.ts'
import { cpuSecondsOf, isCounted } from '../harness/processes.ts'
import { openProbe } from '../harness/probe.ts'
import { markdownTable } from '../harness/report.ts'
import { interleaved } from '../harness/rounds.ts'
import { seed } from '../harness/seed.ts'
import { median, number, range, ratios, spread } from '../harness/statistics.ts'
import type { BareOptions, BareServer } from '../probes/http-bare.ts'
import type { CommitAnswer, CommitOptions } from '../probes/commits.ts'

const TARGET = { share: 0.7, pageMs: 30, pageKb: 300 } as const
const CARDS = 1_000
const MANY_CARDS = 10_000
const CONNECTIONS = 4

export const httpBoard: Case = {
  name: 'http-board',
  about:
    'GET /board of 1 000 cards through the gateway, with everything that stands before it (names, credential, state of the board), against a bare node:http server that sends the same cards: from the bare queries at each request, and as bytes that were made once, which nothing can beat. The gateway makes the bytes when the board has changed or a second has passed. And the slim first page of 10 000 cards, after a change each time.',
  run: async ({ quick, folder, say }) => {
    const [rounds, requests] = quick ? [3, 40] : [10, 200]
    const home = newHome(folder)
    seed(home.paths.database, (seeder) => fill(seeder, CARDS))
    await using processes = new AsyncDisposableStack()
    processes.use(await startGateway(home))
    const places: Record<BareServer | 'ours', Place> = {
      ours: placeOf(home),
      queries: await bare('queries', home.paths.database, processes),
      bytes: await bare('bytes', home.paths.database, processes),
    }
    const variants = ['ours', 'queries', 'bytes'] as const
    const ask = (variant: (typeof variants)[number]) =>
      requestsPerSecond(places[variant], '/api/kanban/board', { connections: CONNECTIONS, requests })
    say('GET /board')
    await interleaved(variants, 1, ask)
    const rates = await interleaved(variants, rounds, ask)
    const share = spread(ratios(rates.ours, rates.queries))
    const ofBytes = spread(ratios(rates.ours, rates.bytes))
    say('the slim first page')
    const page = await slimPage(folder, quick ? 10 : 50)
    return {
      rows: [
        {
          what: 'GET /board, 1 000 cards, requests/s through a bare server',
          target: `≥ ${TARGET.share} ×`,
          measured: `${range(share)} ×`,
          verdict: verdict(share.median >= TARGET.share),
        },
        {
          what: '… through a bare server that sends bytes made once',
          target: 'reported',
          measured: `${range(ofBytes)} ×`,
          verdict: 'reported',
        },
        {
          what: 'slim first page of 10 000 cards, after a change',
          target: `≤ ${TARGET.pageMs} ms`,
          measured: `${range(spread(page.ms))} ms`,
          verdict: verdict(median(page.ms) <= TARGET.pageMs),
        },
        {
          what: '… its size',
          target: `≤ ${TARGET.pageKb} KB`,
          measured: `${number(page.kb)} KB`,
          verdict: verdict(page.kb <= TARGET.pageKb),
        },
      ],
      details: `${markdownTable(
        ['', 'requests/s', 'range'],
        variants.map((variant) => {
          const { min, max } = spread(rates[variant])
          return [variant, number(median(rates[variant])), `${number(min)}–${number(max)}`]
        }),
      )}\n\n${
        page.cpuMs.length === 0
          ? ''
          : `Each slim page cost the gateway ${range(spread(page.cpuMs))} ms of processor time, with what the change itself made it do.`
      }`,
    }
  },
}

function fill(seeder: Parameters<Parameters<typeof seed>[1]>[0], count: number): string[] {
  const [root = ''] = seeder.cards(1, 'triage')
  const waiting = seeder.chains(count * 0.45, 10, root)
  const rest = [...seeder.cards(count * 0.4, 'done'), ...seeder.cards(count * 0.15 - 1, 'blocked')]
  for (const id of [...waiting, ...rest].slice(0, count / 2)) seeder.comment(id, 'Looks good to me.')
  return rest
}

async function bare(server: BareServer, file: string, processes: AsyncDisposableStack): Promise<Place> {
  const options: BareOptions = { file, server }
  const probe = processes.use(await openProbe<'address', string>('http-bare', options))
  return { url: await probe.ask('address'), headers: {} }
}

/** Nothing that was made before can be used again: somebody else has changed the board each time. */
async function slimPage(folder: string, rounds: number) {
  const home = newHome(folder)
  const cards = seed(home.paths.database, (seeder) => fill(seeder, MANY_CARDS))
  await using processes = new AsyncDisposableStack()
  const gateway = processes.use(await startGateway(home))
  const options: CommitOptions = { file: home.paths.database, cards: cards.slice(0, 100) }
  const other = processes.use(await openProbe<'change', CommitAnswer>('commits', options))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ms: number[] = []
  const cpuMs: number[] = []
  let bytes = 0
  for (let round = -3; round < rounds; round++) {
    await other.ask('change')
    const before = isCounted ? cpuSecondsOf(gateway.pid) : 0
    const got = await get(placeOf(home), '/api/kanban/board?fields=card', agent)
    if (round >= 0) {
      ms.push(got.ms)
      if (isCounted) cpuMs.push((cpuSecondsOf(gateway.pid) - before) * 1_000)
    }
    bytes = got.bytes
  }
  agent.destroy()
  return { ms, cpuMs, kb: bytes / 1_000 }
}
