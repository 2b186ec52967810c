/** Several verbs in one transaction. */
import type { RunProcess } from '../domain/run.ts'
import type { Store, WriteTransaction } from '../store/connection.ts'
import type { KernelDeps } from './deps.ts'

/** Verbs called with the given deps read and write inside one transaction: all of it is kept, or nothing. Runners are poked after it. */
export async function together<T>(
  deps: KernelDeps,
  work: (inside: KernelDeps, tx: WriteTransaction) => Promise<T>,
): Promise<T> {
  const pokes: RunProcess[] = []
  const result = await deps.store.write((tx) => {
    // A transaction that met another one is done again from its beginning.
    pokes.length = 0
    const pokeRunner = (process: RunProcess) => void pokes.push(process)
    return work({ ...deps, store: within(deps.store, tx), pokeRunner }, tx)
  })
  for (const process of pokes) deps.pokeRunner(process)
  return result
}

/** A store for verbs that happen inside a transaction which somebody else commits. */
const within = (store: Store, tx: WriteTransaction): Store => ({
  dialect: store.dialect,
  location: store.location,
  boardId: store.boardId,
  write: (work) => work(tx),
  read: (work) => work(tx),
  now: () => Promise.resolve(tx.now),
  version: () => store.version(),
  watch: (listener) => store.watch(listener),
  [Symbol.asyncDispose]: () => Promise.resolve(),
})
