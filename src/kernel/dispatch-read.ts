/** What one dispatcher pass reads, in transactions that lock nothing. */
import { BOARD_TARGET, type Hold } from '../domain/hold.ts'
import { inForce } from '../domain/default-budgets.ts'
import { standing, type BudgetState } from '../domain/budget.ts'
import type { RunProcess } from '../domain/run.ts'
import type { Connection } from '../store/connection.ts'
import { findWideBudgets } from '../store/tables/budgets.ts'
import { findDueHolds, findOpenHolds, findWideHolds, holding, nextHoldEnd } from '../store/tables/holds.ts'
import { countLive, findLiveProcesses } from '../store/tables/run-processes.ts'
import { findExpiredClaims } from '../store/tables/runs.ts'
import { findReady, type ReadyCard, type ReadyFilter } from '../store/tables/tasks.ts'
import { findLeases } from '../store/tables/workspaces.ts'
import { statesOf } from './budget-states.ts'
import type { KernelDeps } from './deps.ts'

export interface DispatchView {
  readonly now: number
  /** Runs whose processes are not proven gone. */
  readonly live: readonly RunProcess[]
  /** How many of them, by profile. */
  readonly running: ReadonlyMap<string | null, number>
  /** Holds on profiles and on the board. */
  readonly holds: readonly Hold[]
  /** Budgets that are used up: those set for more than one card, and the board's own. */
  readonly spent: readonly BudgetState[]
  /** Leased paths on this host, with the card that leases each. */
  readonly leases: ReadonlyMap<string, string>
  /** Holds whose time has come, and claims by hand that ran out. */
  readonly due: number
  readonly expired: number
  /** When the next hold or the period of a budget that is used up ends by itself. */
  readonly nextEnd: number | null
}

export async function readForDispatch(deps: KernelDeps): Promise<DispatchView> {
  const { store, host } = deps
  const now = await store.now()
  return store.read(async (db) => {
    const spent = await spentBudgets(deps, db, now)
    const ends = [await nextHoldEnd(db, now), ...spent.map(({ periodEnd }) => periodEnd)]
    return {
      now,
      spent,
      live: await findLiveProcesses(db),
      running: await countLive(db),
      holds: holding(await findWideHolds(db), now),
      leases: await findLeases(db, host),
      due: (await findDueHolds(db, now)).length,
      expired: (await findExpiredClaims(db, now)).length,
      nextEnd: ends.reduce((one, other) => (one === null || (other !== null && other < one) ? other : one)),
    }
  })
}

const spentBudgets = async (
  { policy }: KernelDeps,
  db: Connection,
  now: number,
): Promise<readonly BudgetState[]> => {
  const budgets = inForce(await findWideBudgets(db), policy().ceilings, { board: BOARD_TARGET })
  return (await statesOf(db, budgets, now)).filter((state) => standing(state) === 'reached')
}

/** Cards that may run as far as they themselves are concerned, in the order they are to run. */
export async function readReady({ store }: KernelDeps, filter: ReadyFilter): Promise<ReadyCard[]> {
  const now = await store.now()
  return store.read((db) => findReady(db, filter, now))
}

/** Cards that were blocked because something was missing: the same check passing frees them. */
export async function readPreflightBlocked({ store }: KernelDeps): Promise<string[]> {
  return store.read(async (db) =>
    (await findOpenHolds(db))
      .filter((hold) => hold.scope === 'task' && hold.kind === 'preflight' && hold.until === null)
      .map((hold) => hold.target),
  )
}
