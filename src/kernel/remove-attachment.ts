import type { Actor } from '../domain/actor.ts'
import { notFound } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import { deleteAttachment, findAttachment, type Attachment } from '../store/tables/attachments.ts'
import type { Connection } from '../store/connection.ts'
import { note, signatureOf } from './apply.ts'
import { denyWorkers, requireLocked, requireTask, type KernelDeps } from './deps.ts'

/** One file of a card. Refuses with `attachment_not_found` when it is not of this card. */
export const getAttachment = ({ store }: KernelDeps, id: TaskId, attachmentId: number): Promise<Attachment> =>
  store.read(async (db) => {
    await requireTask(db, id)
    return requireAttachment(db, id, attachmentId)
  })

/**
 * Takes a file off a card. That it was there stays in the history; its bytes go with the retention of files that no card
 * names any more. Gives what was removed.
 */
export function removeAttachment(
  { store }: KernelDeps,
  id: TaskId,
  attachmentId: number,
  actor: Actor,
): Promise<Attachment> {
  denyWorkers(actor, `remove files of ${id}`)
  return store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    const file = await requireAttachment(tx, task.id, attachmentId)
    await deleteAttachment(tx, file.id)
    const { name, size, digest } = file
    note(tx, task.id, { kind: 'detached', payload: { name, size, digest } }, signatureOf(actor))
    return file
  })
}

async function requireAttachment(db: Connection, id: TaskId, attachmentId: number): Promise<Attachment> {
  const file = await findAttachment(db, id, attachmentId)
  if (file !== undefined) return file
  throw notFound(
    'attachment_not_found',
    `${id} has no file ${attachmentId}. List its files with: yard attachments ${id}`,
    { id, attachment: attachmentId },
  )
}
