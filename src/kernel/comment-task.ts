import type { Actor } from '../domain/actor.ts'
import { invalid } from '../domain/errors.ts'
import type { Comment, TaskId } from '../domain/task.ts'
import { MAX, storable } from '../domain/text.ts'
import { insertComment } from '../store/tables/comments.ts'
import { note, signatureOf } from './apply.ts'
import { requireTask, type KernelDeps } from './deps.ts'
import { authenticateWorker } from './fence.ts'

/** Leaves a remark. A worker signs with its profile; a person may give another name. */
export async function commentTask(
  { store }: KernelDeps,
  id: TaskId,
  body: string,
  author: string | null,
  actor: Actor,
): Promise<Comment> {
  const text = storable(body, 'comment', MAX.comment).trim()
  if (text === '')
    throw invalid(
      'empty_comment',
      `Cannot comment on ${id}: the comment is empty. Write: yard comment ${id} <text>`,
      { id },
    )
  const name =
    actor.kind === 'worker' ? actor.name : storable(author?.trim() || actor.name, 'author', MAX.name)
  return store.write(async (tx) => {
    if (actor.kind === 'worker') await authenticateWorker(tx, actor)
    const task = await requireTask(tx, id)
    const commentId = await insertComment(tx, { taskId: task.id, author: name, body: text, now: tx.now })
    note(tx, task.id, { kind: 'commented', payload: { author: name, len: text.length } }, signatureOf(actor))
    return { id: commentId, taskId: task.id, author: name, body: text, createdAt: tx.now }
  })
}
