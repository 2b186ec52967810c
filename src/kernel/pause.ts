/** The kill switch: a pause on one card, one profile or the whole board. It is checked at the claim and again right before the worker starts. */
import type { Actor } from '../domain/actor.ts'
import { checkName } from '../domain/create.ts'
import { conflict, invalid } from '../domain/errors.ts'
import { BOARD_TARGET, type Hold, type HoldScope } from '../domain/hold.ts'
import { MAX, storable } from '../domain/text.ts'
import { findHolds, liftHold, openHold } from '../store/tables/holds.ts'
import { lockAdmission } from '../store/tables/locks.ts'
import { findLiveProcesses } from '../store/tables/run-processes.ts'
import { note, signatureOf } from './apply.ts'
import { denyWorkers, requireTask, type KernelDeps } from './deps.ts'

export interface HoldTarget {
  readonly scope: HoldScope
  /** A card's id, a profile's name, or {@link BOARD_TARGET}. */
  readonly target: string
}

/** Nothing new starts for the target once this returns; what runs goes on. */
export async function pause(
  { store }: KernelDeps,
  { scope, target: given }: HoldTarget,
  reason: string,
  actor: Actor,
): Promise<void> {
  denyWorkers(actor, 'pause anything')
  const target = scope === 'board' ? BOARD_TARGET : checkName(given, `${scope} to pause`)
  if (target === null)
    throw invalid('no_target', `Cannot pause a ${scope} without its name. Write: yard pause <name>`)
  const text = storable(reason.trim() || 'paused', 'reason', MAX.reason)
  await store.write(async (tx) => {
    // Whoever was about to start something has done so when this has the lock, and whoever comes later sees the pause.
    await lockAdmission(tx, { alone: true })
    const taskId = scope === 'task' ? (await requireTask(tx, target)).id : null
    await openHold(tx, { scope, target, kind: 'pause', reason: text }, actor.name, tx.now)
    note(tx, taskId, { kind: 'paused', payload: { scope, target, reason: text } }, signatureOf(actor))
  })
}

/** Runs that had passed the last check when a pause came, and whose worker may start within moments. */
export const startingRuns = async ({ store }: KernelDeps): Promise<number[]> =>
  store.read(async (db) =>
    (await findLiveProcesses(db))
      .filter((process) => process.phase === 'starting')
      .map((process) => process.runId),
  )

/** Lifts a pause, and for a profile or the board also its breaker. */
export async function resume(
  { store }: KernelDeps,
  { scope, target }: HoldTarget,
  actor: Actor,
): Promise<readonly Hold[]> {
  denyWorkers(actor, 'resume anything')
  return store.write(async (tx) => {
    const taskId = scope === 'task' ? (await requireTask(tx, target)).id : null
    const lifted: Hold[] = []
    for (const hold of await findHolds(tx, scope, target)) {
      if (hold.kind !== 'pause' && (scope === 'task' || hold.kind === 'time')) continue
      await liftHold(tx, hold, actor.name, tx.now)
      lifted.push(hold)
    }
    if (lifted.length === 0)
      throw conflict(
        'not_paused',
        `Cannot resume ${scope === 'board' ? 'the board' : target}: it is not paused. See what is held with: yard doctor`,
        { scope, target },
      )
    note(
      tx,
      taskId,
      { kind: 'resumed', payload: { scope, target, holds: lifted.map((hold) => hold.kind) } },
      signatureOf(actor),
    )
    return lifted
  })
}
