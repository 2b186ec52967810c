/**
 * An orchestrator lets a card go on whose own worker had asked for something. It lifts nothing else: what a person holds
 * stays held, and nobody lifts a hold of its own card.
 */
import type { Actor } from '../domain/actor.ts'
import { denied } from '../domain/errors.ts'
import { unblock } from '../domain/moves.ts'
import type { Task, TaskId } from '../domain/task.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findEvents } from '../store/tables/events.ts'
import { findHolds, holding } from '../store/tables/holds.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findRun } from '../store/tables/runs.ts'
import { apply, signatureOf } from './apply.ts'
import { requireLocked, type KernelDeps } from './deps.ts'
import { addToBoard, authenticateWorker } from './fence.ts'

/** Gives the card as it is then: `ready`, or `todo` while a parent is open. Whether the caller is an orchestrator is for its door to know. */
export async function freeTask(deps: KernelDeps, id: TaskId, actor: Actor): Promise<Task> {
  const late = { verb: 'unblock', what: 'unblock cards for', payload: { task_id: id } }
  return addToBoard(deps, actor, late, (tx) => freeIn(tx, id, actor))
}

/** The same inside a transaction. */
export async function freeIn(tx: WriteTransaction, id: TaskId, actor: Actor): Promise<Task> {
  const task = await requireLocked(tx, id)
  if (actor.kind === 'worker' && (await authenticateWorker(tx, actor)) === id)
    throw denied(
      'own_hold',
      `Cannot unblock ${id}: it is the card this run works on, and nobody lifts the hold of its own card. Ask a person.`,
      { id },
    )
  const holds = await findHolds(tx, 'task', id)
  const wanted = unblock(task, { now: tx.now, openParents: await countOpenParents(tx, id), holds })
  const asker = await findAsker(tx, id)
  const other = holding(holds, tx.now).find(
    ({ kind, actor: holder }) => kind !== 'time' && !(kind === 'human' && holder === asker),
  )
  if (other !== undefined || asker === null)
    throw denied(
      'held_by_other',
      `Cannot unblock ${id}: it was not its worker who asked for something, but ${other === undefined ? 'somebody else held it' : `${other.actor} held it (${other.reason})`}. Only a person lifts that.`,
      { id, by: other?.actor ?? null },
    )
  return (await apply(tx, wanted, signatureOf(actor))).task
}

/** The profile whose run blocked the card; null when it was blocked by anybody else. */
async function findAsker(tx: WriteTransaction, taskId: TaskId): Promise<string | null> {
  const [blocked] = await findEvents(tx, { taskId, kinds: ['blocked'], newestFirst: true, limit: 1 })
  if (blocked === undefined || blocked.runId === null) return null
  const run = await findRun(tx, blocked.runId)
  return run?.outcome === 'blocked' && run.profile === blocked.actor ? run.profile : null
}
