/** Files that are kept with a card. Their bytes are in the attachment store before this is asked. */
import type { Actor } from '../domain/actor.ts'
import { conflict } from '../domain/errors.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { findAttachments, insertAttachment } from '../store/tables/attachments.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { note, signatureOf } from './apply.ts'
import { requireLocked, type KernelDeps, type StoredFile } from './deps.ts'
import { keepLateReport, lateRefusal, passesFence } from './fence.ts'

/** More is no result any more, but a loop. */
const MOST_FILES = 1_000

export interface AttachedFile extends StoredFile {
  readonly id: number
}

/**
 * Records stored files on a card. A worker attaches to its own card only; what it attaches after its run has ended stays
 * with the card, and the call is refused as late.
 */
export async function attachFiles(
  { store }: KernelDeps,
  id: TaskId,
  files: readonly StoredFile[],
  actor: Actor,
): Promise<readonly AttachedFile[]> {
  const result = await store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    const isHeard = await passesFence(tx, task, actor)
    if ((await findAttachments(tx, id)).length + files.length > MOST_FILES)
      throw conflict(
        'too_many_files',
        `Cannot attach to ${id}: it has ${MOST_FILES} files, the most a card can have. Put what is left into one archive, and name it in the summary.`,
        { id, max: MOST_FILES },
      )
    const runId = actor.kind === 'worker' ? actor.capability.runId : task.currentRunId
    const attached = await insertFiles(tx, task, runId, files, actor)
    if (isHeard || actor.kind !== 'worker') return { attached }
    return { task, ...(await keepLateReport(tx, task, actor, 'attach', { files })) }
  })
  if ('attached' in result) return result.attached
  throw lateRefusal(
    result.task,
    actor.kind === 'worker' ? actor.capability.runId : 0,
    'attach to',
    result.late,
  )
}

export async function insertFiles(
  tx: WriteTransaction,
  task: Task,
  runId: number | null,
  files: readonly StoredFile[],
  actor: Actor,
): Promise<AttachedFile[]> {
  const attached: AttachedFile[] = []
  for (const { name, size, digest, mime } of files) {
    const id = await insertAttachment(tx, {
      taskId: task.id,
      runId,
      name,
      size,
      digest,
      mime,
      now: tx.now,
      by: actor.name,
    })
    attached.push({ id, name, size, digest, mime })
    note(tx, task.id, { kind: 'attached', payload: { name, size, digest } }, signatureOf(actor))
  }
  return attached
}
