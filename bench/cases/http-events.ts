import { verdict, type Case } from '../harness/case.ts'
import { newHome, startGateway } from '../harness/home.ts'
import { openStream, placeOf } from '../harness/http.ts'
import { openProbe, type Probe } from '../harness/probe.ts'
import { seed } from '../harness/seed.ts'
import { number, quantile } from '../harness/statistics.ts'
import { sleep } from '../harness/time.ts'
import type { CommitAnswer, CommitOptions } from '../probes/commits.ts'

const TARGET = { p50: 5, p99: 25, p99Many: 100, kb: 10 } as const
const CLIENTS = 100
const CARDS = 5_000
const EVENTS = 100_000
/** Between two changes, so that each is a wake-up of its own. */
const PAUSE_MS = 20
const LATE_MS = 5_000

export const httpEvents: Case = {
  name: 'http-events',
  about:
    'From the commit of another process to the event at a client of the stream, with one client and with 100; and what a client is sent for one changed card. The board has 5 000 cards and 100 000 events.',
  run: async ({ quick, folder, say }) => {
    const changes = quick ? 30 : 300
    const home = newHome(folder)
    const cards = seed(home.paths.database, (seeder) => {
      const ids = [...seeder.cards(CARDS / 2, 'done'), ...seeder.cards(CARDS / 2, 'blocked')]
      seeder.events(ids, EVENTS)
      return ids
    })
    await using processes = new AsyncDisposableStack()
    processes.use(await startGateway(home))
    const place = placeOf(home)
    const options: CommitOptions = { file: home.paths.database, cards: cards.slice(0, 200) }
    const other = processes.use(await openProbe<'change', CommitAnswer>('commits', options))

    say('one client')
    const one = new Arrivals()
    processes.use(await openStream(place, one.take))
    await latencies(other, [one], 10)
    const single = await latencies(other, [one], changes)
    const kb = Math.max(...one.sizes) / 1_000

    say(`${CLIENTS} clients`)
    const many = [one, ...Array.from({ length: CLIENTS - 1 }, () => new Arrivals())]
    for (const arrivals of many.slice(1)) processes.use(await openStream(place, arrivals.take))
    await latencies(other, many, 10)
    const all = await latencies(other, many, Math.ceil(changes / 3))
    const shown = (values: readonly number[]) =>
      `p50 ${number(quantile(values, 0.5))} ms, p99 ${number(quantile(values, 0.99))} ms`
    return {
      rows: [
        {
          what: 'commit elsewhere → event at the client',
          target: `p50 ≤ ${TARGET.p50} ms, p99 ≤ ${TARGET.p99} ms`,
          measured: shown(single),
          verdict: verdict(quantile(single, 0.5) <= TARGET.p50 && quantile(single, 0.99) <= TARGET.p99),
        },
        {
          what: `… with ${CLIENTS} clients`,
          target: `p99 ≤ ${TARGET.p99Many} ms`,
          measured: shown(all),
          verdict: verdict(quantile(all, 0.99) <= TARGET.p99Many),
        },
        {
          what: 'sent to a client for one changed card',
          target: `< ${TARGET.kb} KB`,
          measured: `${number(kb)} KB`,
          verdict: verdict(kb < TARGET.kb),
        },
      ],
      details: '',
    }
  },
}

/** When each event reached a client, by the clock that all processes share. */
class Arrivals {
  readonly #at = new Map<number, bigint>()
  /** Of every frame with events, in bytes, with what carries it. */
  readonly sizes: number[] = []

  readonly take = (text: string): void => {
    const at = process.hrtime.bigint()
    if (!text.startsWith('{"type":"events"')) return
    this.sizes.push(Buffer.byteLength(text) + FRAME_BYTES)
    for (const [, id] of text.matchAll(/"cursor":(\d+)/g)) this.#at.set(Number(id), at)
  }

  async of(eventId: number): Promise<bigint> {
    const deadline = performance.now() + LATE_MS
    while (performance.now() < deadline) {
      const at = this.#at.get(eventId)
      if (at !== undefined) return at
      await sleep(1)
    }
    throw new Error(`event ${eventId} did not arrive`)
  }
}

/** The head of a WebSocket frame is at most this long. */
const FRAME_BYTES = 10

/** In milliseconds, for every change and client. */
async function latencies(
  other: Probe<'change', CommitAnswer>,
  clients: readonly Arrivals[],
  changes: number,
): Promise<number[]> {
  const times: number[] = []
  for (let change = 0; change < changes; change++) {
    await sleep(PAUSE_MS)
    const { eventId, committedAt } = await other.ask('change')
    for (const client of clients) {
      // It may arrive before the committer is told that it has committed.
      const late = Number((await client.of(eventId)) - BigInt(committedAt)) / 1e6
      times.push(Math.max(0, late))
    }
  }
  return times
}
