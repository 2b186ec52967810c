/** The board as a run's own process opens it: the file is known to be good, so nothing is created, upgraded or watched. */
import { unavailable } from '../domain/errors.ts'
import { systemClock } from '../lib/clock.ts'
import type { Store } from '../store/connection.ts'
import { SqliteBoard } from '../store/sqlite-board.ts'
import { DEFAULT_BOARD_POLICY, thisHost, type BoardPolicy } from './deps.ts'
import { openKernel, type Kernel } from './kernel.ts'

/** Where a board is; may carry a password, so it is written to private files only. */
export type BoardAddress =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string }

export interface RunBoard extends AsyncDisposable {
  readonly kernel: Kernel
}

export async function openRunBoard(
  address: BoardAddress,
  boardId: string,
  policy: BoardPolicy = DEFAULT_BOARD_POLICY,
): Promise<RunBoard> {
  const store = await openKnown(address, boardId)
  const kernel = openKernel({
    store,
    policy: () => policy,
    host: thisHost(),
    collectArtifacts: () =>
      Promise.reject(unavailable('no_artifacts', 'Files are kept by the door that reports them.')),
    // What this process writes may be for its own eyes.
    pokeRunner: ({ runner }) => {
      if (runner?.pid === process.pid) process.kill(process.pid, 'SIGUSR2')
    },
  })
  return { kernel, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

async function openKnown(address: BoardAddress, boardId: string): Promise<Store> {
  if (address.kind === 'sqlite') return new SqliteBoard({ file: address.file, boardId, clock: systemClock })
  // Loaded only where it is used: the driver would cost every run on SQLite its memory.
  const { openPostgres } = await import('../store/postgres.ts')
  return openPostgres({ url: address.url })
}
