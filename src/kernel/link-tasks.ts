import type { Actor } from '../domain/actor.ts'
import { denied, invalid, notFound } from '../domain/errors.ts'
import { isFinished, type TaskId } from '../domain/task.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { insertLink, isDescendant, removeLink } from '../store/tables/links.ts'
import { lockLinks } from '../store/tables/locks.ts'
import { lockTask } from '../store/tables/tasks.ts'
import { findCreator } from '../store/tables/events.ts'
import { findRun } from '../store/tables/runs.ts'
import { findProposer } from '../store/tables/triage.ts'
import { note, promoteIfFree, signatureOf, waitAgain } from './apply.ts'
import type { KernelDeps } from './deps.ts'
import { addToBoard } from './fence.ts'

/** The child waits for the parent. No self-link, no circle, both must exist. False when they were linked before. */
export async function linkTasks(
  deps: KernelDeps,
  parentId: TaskId,
  childId: TaskId,
  actor: Actor,
): Promise<boolean> {
  if (parentId === childId)
    throw invalid('self_link', `Cannot link ${parentId} to itself: a card cannot wait for itself.`, {
      id: parentId,
    })
  return addToBoard(deps, actor, lateLink('link', parentId, childId), (tx) =>
    linkIn(tx, parentId, childId, actor),
  )
}

/** The same inside a transaction. */
export async function linkIn(
  tx: WriteTransaction,
  parentId: TaskId,
  childId: TaskId,
  actor: Actor,
): Promise<boolean> {
  await lockLinks(tx)
  const ends = await lockBoth(tx, parentId, childId)
  if (actor.kind === 'worker') await assertOwnLink(tx, childId, actor)
  if (await isDescendant(tx, parentId, childId)) {
    throw invalid(
      'cycle',
      `Cannot make ${childId} wait for ${parentId}: ${parentId} waits for ${childId} already, and the two would wait for each other for ever. Remove a link on the way first; see: yard show ${childId}`,
      { parent: parentId, child: childId },
    )
  }
  if (!(await insertLink(tx, parentId, childId))) return false
  note(
    tx,
    childId,
    { kind: 'linked', payload: { parent_id: parentId, child_id: childId } },
    signatureOf(actor),
  )
  if (!isFinished(ends.parent)) await waitAgain(tx, childId, actor.door)
  return true
}

/** The child no longer waits for the parent; it becomes ready when nothing else is left to wait for. False when there was no such link. */
export async function unlinkTasks(
  deps: KernelDeps,
  parentId: TaskId,
  childId: TaskId,
  actor: Actor,
): Promise<boolean> {
  return addToBoard(deps, actor, lateLink('unlink', parentId, childId), (tx) =>
    unlinkIn(tx, parentId, childId, actor),
  )
}

/** The same inside a transaction. */
export async function unlinkIn(
  tx: WriteTransaction,
  parentId: TaskId,
  childId: TaskId,
  actor: Actor,
): Promise<boolean> {
  await lockLinks(tx)
  await lockBoth(tx, parentId, childId)
  if (actor.kind === 'worker') await assertOwnLink(tx, childId, actor)
  if (!(await removeLink(tx, parentId, childId))) return false
  note(
    tx,
    childId,
    { kind: 'unlinked', payload: { parent_id: parentId, child_id: childId } },
    signatureOf(actor),
  )
  await promoteIfFree(tx, childId, actor.door, 'rule:dependency')
  return true
}

const lateLink = (verb: 'link' | 'unlink', parentId: TaskId, childId: TaskId) => ({
  verb,
  what: `${verb} cards for`,
  payload: { parent_id: parentId, child_id: childId },
})

/** The parent first, as a verb does that finishes it and then looks at its children: so none of them waits for the other. */
async function lockBoth(tx: WriteTransaction, parentId: TaskId, childId: TaskId) {
  const parent = await lockTask(tx, parentId)
  const child = await lockTask(tx, childId)
  const missing = parent === undefined ? parentId : child === undefined ? childId : null
  if (missing !== null || parent === undefined || child === undefined)
    throw notFound(
      'task_not_found',
      `Cannot link ${parentId} and ${childId}: ${missing} is not on this board. List the board with: yard list`,
      { id: missing },
    )
  return { parent, child }
}

/** A worker may only make cards wait that a run of its own card created or proposed. */
async function assertOwnLink(
  tx: WriteTransaction,
  childId: TaskId,
  actor: Extract<Actor, { kind: 'worker' }>,
): Promise<void> {
  const { runId } = actor.capability
  const own = (await findRun(tx, runId))?.taskId
  if (own !== undefined && [await findCreator(tx, childId), await findProposer(tx, childId)].includes(own))
    return
  throw denied(
    'not_your_card',
    `Cannot change what ${childId} waits for: no run of ${own} created it. Leave a comment on it instead.`,
    { child: childId },
  )
}
