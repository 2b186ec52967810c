import type { Actor } from '../domain/actor.ts'
import { invalid } from '../domain/errors.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { assertCan } from '../domain/transitions.ts'
import {
  block,
  checkCompletion,
  complete,
  requestReview,
  sendBack,
  type Completion,
} from '../domain/verdict.ts'
import { MAX, storable } from '../domain/text.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { insertAttachment } from '../store/tables/attachments.ts'
import { insertComment } from '../store/tables/comments.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findReviewAuthor } from '../store/tables/runs.ts'
import { findTask } from '../store/tables/tasks.ts'
import { apply, note, signatureOf } from './apply.ts'
import { denyWorkers, requireLocked, type KernelDeps, type StoredFile } from './deps.ts'
import { isLate, keepLateReport, lateRefusal, passesFence, type Late } from './fence.ts'
import { pokeLingering, stopInstead } from './stop-run.ts'

/** `stopping`: the card's worker is being ended first; the card arrives once its processes are gone. */
export interface VerdictResult {
  readonly task: Task
  readonly stopping: boolean
  readonly attached: readonly StoredFile[]
}

/**
 * The work is done. Files named in `metadata.artifacts` are kept before the completion is acknowledged.
 * Accepts running, ready, blocked and reviewed cards. A worker's call is fenced by its run; a late one is kept as a report.
 */
export async function completeTask(
  deps: KernelDeps,
  id: TaskId,
  completion: Completion,
  actor: Actor,
): Promise<VerdictResult> {
  const checked = checkCompletion(completion)
  const files = await keepArtifacts(deps, id, checked, actor)
  const result = await deps.store.write(async (tx): Promise<VerdictResult | Late> => {
    const task = await requireLocked(tx, id)
    if (!(await passesFence(tx, task, actor)))
      return lateVerdict(tx, task, actor, 'complete', { ...checked, files })
    assertCan('complete', task, 'complete')
    await attachAll(tx, task, files, actor)
    if (
      await stopInstead(
        tx,
        task,
        { kind: 'complete', ...checked },
        'completed by hand while it was running',
        actor,
      )
    )
      return { task, stopping: true, attached: files }
    const reviewAuthor = task.status === 'review' ? await findReviewAuthor(tx, id) : null
    const applied = await apply(
      tx,
      complete(task, checked, { now: tx.now, actor: actor.name, reviewAuthor }),
      signatureOf(actor),
    )
    return { task: applied.task, stopping: false, attached: files }
  })
  return settled(deps, id, result, actor, 'complete')
}

/** A person or a peer is needed. Accepts running and ready cards. */
export async function blockTask(
  deps: KernelDeps,
  id: TaskId,
  reason: string | null,
  actor: Actor,
): Promise<VerdictResult> {
  const result = await deps.store.write(async (tx): Promise<VerdictResult | Late> => {
    const task = await requireLocked(tx, id)
    if (!(await passesFence(tx, task, actor))) return lateVerdict(tx, task, actor, 'block', { reason })
    assertCan('block', task, 'block')
    if (
      await stopInstead(
        tx,
        task,
        { kind: 'block', reason },
        reason ?? 'blocked by hand while it was running',
        actor,
      )
    )
      return { task, stopping: true, attached: [] }
    const applied = await apply(tx, block(task, reason), signatureOf(actor))
    return { task: applied.task, stopping: false, attached: [] }
  })
  return settled(deps, id, result, actor, 'block')
}

/** Hands the work over for a second pair of eyes. A worker hands over its own run's work. */
export async function requestTaskReview(
  deps: KernelDeps,
  id: TaskId,
  completion: Completion,
  actor: Actor,
): Promise<VerdictResult> {
  const checked = checkCompletion(completion)
  const files = await keepArtifacts(deps, id, checked, actor)
  const result = await deps.store.write(async (tx): Promise<VerdictResult | Late> => {
    const task = await requireLocked(tx, id)
    if (!(await passesFence(tx, task, actor)))
      return lateVerdict(tx, task, actor, 'review', { ...checked, files })
    if (actor.kind !== 'worker' && task.status === 'running') {
      throw invalid(
        'task_running',
        `Cannot hand ${id} over for review: it is running, and its worker has not reported. Wait for it, or stop it with: yard stop ${id}`,
        { id },
      )
    }
    await attachAll(tx, task, files, actor)
    const applied = await apply(tx, requestReview(task, checked), signatureOf(actor))
    return { task: applied.task, stopping: false, attached: files }
  })
  return settled(deps, id, result, actor, 'hand over')
}

/** The reviewer wants changes; the remarks become a comment and the card goes back to work. */
export async function sendBackTask(
  { store }: KernelDeps,
  id: TaskId,
  remarks: string,
  actor: Actor,
): Promise<Task> {
  denyWorkers(actor, 'send cards back')
  const text = storable(remarks.trim(), 'remarks', MAX.comment)
  if (text === '')
    throw invalid('empty_remarks', `Cannot send ${id} back without remarks: say what should change.`, { id })
  return store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    const back = sendBack(task, text, {
      actor: actor.name,
      reviewAuthor: await findReviewAuthor(tx, id),
      openParents: await countOpenParents(tx, id),
    })
    await insertComment(tx, { taskId: id, author: actor.name, body: text, now: tx.now })
    return (await apply(tx, back, signatureOf(actor))).task
  })
}

/** Copies what the metadata names before anything is acknowledged; outside the transaction, because copying takes time. */
async function keepArtifacts(
  { store, collectArtifacts }: KernelDeps,
  id: TaskId,
  { metadata }: Required<Completion>,
  actor: Actor,
): Promise<readonly StoredFile[]> {
  const names = metadata?.['artifacts']
  if (names === undefined || names === null) return []
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw invalid(
      'bad_artifacts',
      `Cannot complete ${id}: metadata.artifacts is not a list of file names. Write for example {"artifacts": ["report.md"]}.`,
      { id },
    )
  }
  const task = await store.read(async (db) => {
    const found = await findTask(db, id)
    if (found !== undefined && actor.kind === 'worker') await passesFence(db, found, actor)
    return found
  })
  return task === undefined ? [] : collectArtifacts(task, names as string[])
}

async function attachAll(
  tx: WriteTransaction,
  task: Task,
  files: readonly StoredFile[],
  actor: Actor,
): Promise<void> {
  for (const file of files) {
    await insertAttachment(tx, {
      taskId: task.id,
      runId: task.currentRunId,
      ...file,
      now: tx.now,
      by: actor.name,
    })
    note(
      tx,
      task.id,
      { kind: 'attached', payload: { name: file.name, size: file.size, digest: file.digest } },
      signatureOf(actor),
    )
  }
}

function lateVerdict(
  tx: WriteTransaction,
  task: Task,
  actor: Actor,
  verb: string,
  payload: Record<string, unknown>,
): Promise<Late> {
  if (actor.kind !== 'worker') throw new Error('only a worker can be late')
  return keepLateReport(tx, task, actor, verb, payload)
}

async function settled(
  deps: KernelDeps,
  id: TaskId,
  result: VerdictResult | Late,
  actor: Actor,
  what: string,
): Promise<VerdictResult> {
  if (isLate(result)) {
    const task = await deps.store.read((db) => findTask(db, id))
    if (task === undefined || actor.kind !== 'worker')
      throw new Error('a late report without its card or worker')
    throw lateRefusal(task, actor.capability.runId, what, result.late)
  }
  if (result.stopping || actor.kind === 'worker') await pokeLingering(deps, id)
  return result
}
