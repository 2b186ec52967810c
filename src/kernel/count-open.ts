import type { HoldKind } from '../domain/hold.ts'
import { countHolds } from '../store/tables/holds.ts'
import { countLive } from '../store/tables/run-processes.ts'
import type { KernelDeps } from './deps.ts'

export interface OpenCounts {
  /** Holds that hold now, by kind. */
  readonly holds: ReadonlyMap<HoldKind, number>
  /** Runs whose processes are not proven gone, by profile. */
  readonly live: readonly { readonly profile: string | null; readonly count: number }[]
}

/** How much is held, and how much runs. */
export async function countOpen({ store }: KernelDeps): Promise<OpenCounts> {
  const now = await store.now()
  return store.read(async (db) => ({
    holds: await countHolds(db, now),
    live: [...(await countLive(db))].map(([profile, count]) => ({ profile, count })),
  }))
}
