/** What one dispatcher pass reads, in one transaction that locks nothing. */
import type { Hold } from '../domain/hold.ts'
import type { RunProcess } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import { findDueHolds, findWideHolds, holding, nextHoldEnd } from '../store/tables/holds.ts'
import { findLiveProcesses } from '../store/tables/run-processes.ts'
import { findExpiredClaims } from '../store/tables/runs.ts'
import { countRunning, findReady } from '../store/tables/tasks.ts'
import type { KernelDeps } from './deps.ts'

export interface DispatchView {
  readonly now: number
  /** Ready cards that no hold of their own keeps back, in the order they are to run. */
  readonly ready: readonly Task[]
  /** Cards that run, by assignee. */
  readonly running: ReadonlyMap<string | null, number>
  readonly live: readonly RunProcess[]
  /** Holds on profiles and on the board. */
  readonly holds: readonly Hold[]
  readonly due: number
  readonly expired: number
  /** When the next hold ends by itself. */
  readonly nextEnd: number | null
}

/** Reads at most `limit` ready cards. */
export async function readForDispatch({ store }: KernelDeps, limit: number): Promise<DispatchView> {
  const now = await store.now()
  return store.read(async (db) => ({
    now,
    ready: await findReady(db, limit, now),
    running: await countRunning(db),
    live: await findLiveProcesses(db),
    holds: holding(await findWideHolds(db), now),
    due: (await findDueHolds(db, now)).length,
    expired: (await findExpiredClaims(db, now)).length,
    nextEnd: await nextHoldEnd(db, now),
  }))
}
