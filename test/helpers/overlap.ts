/** Two verbs at once, with the moment chosen: the second one meets the first when that has done its work and not yet committed. */
import pg from 'pg'
import type { Store } from '../../src/store/connection.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import type { TestKernel } from './kernel.ts'

type Verb = (kernel: Kernel) => Promise<unknown>

export interface Outcome {
  readonly first: PromiseSettledResult<unknown>
  readonly second: PromiseSettledResult<unknown>
}

export async function overlap(board: TestKernel, first: Verb, second: Verb): Promise<Outcome> {
  const gate = new Gate()
  const other = await board.another()
  const gated = await board.another({ store: gate.keep(other.deps.store) })
  const one = first(gated)
  await Promise.race([gate.reached, one.catch(() => undefined)])
  const two = second(board.kernel)
  await settledOrWaiting(board, two)
  gate.open()
  const [outcome, secondOutcome] = await Promise.allSettled([one, two])
  return { first: outcome, second: secondOutcome }
}

class Gate {
  readonly #opened = Promise.withResolvers<void>()
  readonly #reached = Promise.withResolvers<void>()
  readonly reached = this.#reached.promise

  open(): void {
    this.#opened.resolve()
  }

  /** A store whose transactions wait between their work and their commit. */
  keep(store: Store): Store {
    const write: Store['write'] = (work) =>
      store.write(async (tx) => {
        const result = await work(tx)
        this.#reached.resolve()
        await this.#opened.promise
        return result
      })
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'write') return write
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }
}

/** On SQLite the second waits for the first by itself; on PostgreSQL it goes on, until it is done or meets a lock. */
async function settledOrWaiting({ store, board }: TestKernel, work: Promise<unknown>): Promise<void> {
  if (store.dialect === 'sqlite') return
  let isSettled = false
  const settled = work.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  const client = new pg.Client({ connectionString: board.location })
  await client.connect()
  try {
    while (!isSettled) {
      const { rows } = await client.query<{ waiting: boolean }>(
        `select exists (
           select from pg_stat_activity
           where wait_event_type = 'Lock' and application_name = 'yardmaster' and query not like 'truncate%'
             and pid in (select pid from pg_locks where not granted)
         ) as waiting`,
      )
      if (rows[0]?.waiting === true && (await isStillWaiting(settled))) return
    }
  } finally {
    await client.end()
  }
}

/** A turn of the event loop for an answer that is on its way. */
const isStillWaiting = (settled: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    settled.then(() => false),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(true))),
  ])
