/** A store that counts what it spends: how long transactions wait for their turn, and how long they take from then on. */
import type { Store } from './connection.ts'

export interface TransactionFigures {
  readonly count: number
  /** From the first statement to the end of the transaction, retries included. */
  readonly busySeconds: number
  /** For the write lock, for a connection, for transactions of this process that came earlier. */
  readonly waitSeconds: number
}

export interface StoreFigures {
  readonly read: TransactionFigures
  readonly write: TransactionFigures
}

export interface MeteredStore {
  readonly store: Store
  /** Since it was made. */
  readonly figures: () => StoreFigures
}

interface Tally {
  count: number
  busyMs: number
  waitMs: number
}

export function meterStore(store: Store, clock: { readonly monotonicMs: () => number }): MeteredStore {
  const read: Tally = { count: 0, busyMs: 0, waitMs: 0 }
  const write: Tally = { count: 0, busyMs: 0, waitMs: 0 }
  const metered =
    <C>(run: <T>(work: (connection: C) => Promise<T>) => Promise<T>, tally: Tally) =>
    async <T>(work: (connection: C) => Promise<T>): Promise<T> => {
      const askedAt = clock.monotonicMs()
      let begunAt: number | null = null
      try {
        return await run((connection) => {
          begunAt ??= clock.monotonicMs()
          return work(connection)
        })
      } finally {
        const endedAt = clock.monotonicMs()
        tally.count++
        tally.waitMs += (begunAt ?? endedAt) - askedAt
        tally.busyMs += endedAt - (begunAt ?? endedAt)
      }
    }
  return {
    store: {
      dialect: store.dialect,
      location: store.location,
      boardId: store.boardId,
      write: metered((work) => store.write(work), write),
      read: metered((work) => store.read(work), read),
      now: () => store.now(),
      version: () => store.version(),
      watch: (listener) => store.watch(listener),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    },
    figures: () => ({ read: figuresOf(read), write: figuresOf(write) }),
  }
}

const figuresOf = ({ count, busyMs, waitMs }: Tally): TransactionFigures => ({
  count,
  busySeconds: busyMs / 1000,
  waitSeconds: waitMs / 1000,
})
