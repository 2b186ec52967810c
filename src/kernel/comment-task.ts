import type { Actor } from '../domain/actor.ts'
import { invalid } from '../domain/errors.ts'
import type { Comment, TaskId } from '../domain/task.ts'
import { MAX, storable } from '../domain/text.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { insertComment } from '../store/tables/comments.ts'
import { insertCommentRun } from '../store/tables/run-mail.ts'
import { note, signatureOf, type Signature } from './apply.ts'
import { requireTask, type KernelDeps } from './deps.ts'
import { addToBoard } from './fence.ts'
import { pokeLingering } from './poke-runner.ts'

/** Leaves a remark. A worker signs with its profile; a person may give another name. */
export async function commentTask(
  deps: KernelDeps,
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
  const name = actor.kind === 'worker' ? actor.name : checkAuthor(author?.trim() || actor.name)
  const late = { verb: 'comment', what: 'leave comments for', payload: { task_id: id, body: text } }
  const comment = await addToBoard(deps, actor, late, (tx) =>
    insertRemark(tx, id, name, text, signatureOf(actor)),
  )
  await pokeLingering(deps, comment.taskId)
  return comment
}

/** Authors are shown as headings: one line. */
function checkAuthor(name: string): string {
  if (/\p{Cc}/u.test(name))
    throw invalid(
      'bad_author',
      `The author ${JSON.stringify(name)} holds a line break or another control character. Give a plain name.`,
      { author: name },
    )
  return storable(name, 'author', MAX.name)
}

export async function insertRemark(
  tx: WriteTransaction,
  taskId: TaskId,
  author: string,
  body: string,
  by: Signature,
): Promise<Comment> {
  const { id } = await requireTask(tx, taskId)
  const commentId = await insertComment(tx, { taskId: id, author, body, now: tx.now })
  if (by.runId !== null) await insertCommentRun(tx, { commentId, runId: by.runId })
  note(tx, id, { kind: 'commented', payload: { author, len: body.length } }, by)
  return { id: commentId, taskId: id, author, body, createdAt: tx.now }
}
