import type { Actor } from '../domain/actor.ts'
import { conflict, invalid, isYardError } from '../domain/errors.ts'
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
import { MAX, storable, storableOrNull } from '../domain/text.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { insertComment } from '../store/tables/comments.ts'
import { lastEventOfKind } from '../store/tables/events.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findReviewAuthor } from '../store/tables/runs.ts'
import { findTask } from '../store/tables/tasks.ts'
import { apply, signatureOf } from './apply.ts'
import { insertFiles } from './attach-files.ts'
import { denyWorkers, requireLocked, type KernelDeps, type StoredFile } from './deps.ts'
import { keepLateReport, lateRefusal, passesFence } from './fence.ts'
import { pokeLingering } from './poke-runner.ts'
import { stopInstead } from './stop-run.ts'
import { findUndecided, settleHelper, settleProposal } from './settle-proposals.ts'

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
  const report = { verb: 'complete', what: 'complete', payload: checked }
  return judge(deps, id, report, actor, (tx, task) => completeIn(tx, task, checked, actor))
}

/** A person or a peer is needed. Accepts running and ready cards. */
export async function blockTask(
  deps: KernelDeps,
  id: TaskId,
  reason: string | null,
  actor: Actor,
): Promise<VerdictResult> {
  const text = storableOrNull(reason?.trim() || null, 'reason', MAX.reason)
  const report = { verb: 'block', what: 'block', payload: { reason: text } }
  return judge(deps, id, report, actor, (tx, task) => blockIn(tx, task, text, actor))
}

/** Hands the work over for a second pair of eyes. A worker hands over its own run's work. */
export async function requestTaskReview(
  deps: KernelDeps,
  id: TaskId,
  completion: Completion,
  actor: Actor,
): Promise<VerdictResult> {
  const checked = checkCompletion(completion)
  const report = { verb: 'review', what: 'hand over', payload: checked }
  return judge(deps, id, report, actor, (tx, task) => reviewIn(tx, task, checked, actor))
}

interface Ruling {
  readonly task: Task
  readonly stopping: boolean
}

export async function completeIn(
  tx: WriteTransaction,
  task: Task,
  completion: Required<Completion>,
  actor: Actor,
): Promise<Ruling> {
  assertCan('complete', task, 'complete')
  const reason = 'completed by hand while it was running'
  if (await stopInstead(tx, task, { kind: 'complete', ...completion }, reason, actor))
    return { task, stopping: true }
  const reviewAuthor = task.status === 'review' ? await findAuthor(tx, task.id) : null
  const wanted = complete(task, completion, { now: tx.now, actor: actor.name, reviewAuthor })
  const by = signatureOf(actor)
  const undecided = await findUndecided(tx, task)
  const done = (await apply(tx, wanted, by)).task
  await settleProposal(tx, undecided, done, by)
  await settleHelper(tx, done, by)
  return { task: done, stopping: false }
}

export async function blockIn(
  tx: WriteTransaction,
  task: Task,
  reason: string | null,
  actor: Actor,
): Promise<Ruling> {
  assertCan('block', task, 'block')
  const why = reason ?? 'blocked by hand while it was running'
  if (await stopInstead(tx, task, { kind: 'block', reason }, why, actor)) return { task, stopping: true }
  return { task: (await apply(tx, block(task, reason), signatureOf(actor))).task, stopping: false }
}

export async function reviewIn(
  tx: WriteTransaction,
  task: Task,
  completion: Required<Completion>,
  actor: Actor,
): Promise<Ruling> {
  if (actor.kind !== 'worker' && task.status === 'running') {
    throw conflict(
      'task_running',
      `Cannot hand ${task.id} over for review: it is running, and its worker has not reported. Wait for it, or stop it with: yard stop ${task.id}`,
      { id: task.id },
    )
  }
  const wanted = requestReview(task, completion)
  return { task: (await apply(tx, wanted, signatureOf(actor))).task, stopping: false }
}

interface Report {
  readonly verb: string
  /** Completes "Cannot … t_1". */
  readonly what: string
  /** What of it is kept when it comes too late. */
  readonly payload: object
}

/** What all verdicts share: files first, then the fence, then the ruling; and afterwards a hint to whoever minds the processes. */
async function judge(
  deps: KernelDeps,
  id: TaskId,
  { verb, what, payload }: Report,
  actor: Actor,
  rule: (tx: WriteTransaction, task: Task) => Promise<Ruling>,
): Promise<VerdictResult> {
  const { files, missing } = await keepArtifacts(deps, id, what, payload, actor)
  const result = await deps.store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    if (!(await passesFence(tx, task, actor)) && actor.kind === 'worker') {
      await insertFiles(tx, task, actor.capability.runId, files, actor)
      const words = { ...payload, files, ...(missing === null ? {} : { missing_files: missing }) }
      return { task, ...(await keepLateReport(tx, task, actor, verb, words)) }
    }
    await insertFiles(tx, task, task.currentRunId, files, actor)
    return { ...(await rule(tx, task)), attached: files }
  })
  if ('late' in result)
    throw lateRefusal(result.task, actor.kind === 'worker' ? actor.capability.runId : 0, what, result.late)
  if (result.stopping || actor.kind === 'worker') await pokeLingering(deps, id)
  return result
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
      reviewAuthor: await findAuthor(tx, id),
      openParents: await countOpenParents(tx, id),
    })
    await insertComment(tx, { taskId: id, author: actor.name, body: text, now: tx.now })
    return (await apply(tx, back, signatureOf(actor))).task
  })
}

/** Who handed the card over for review; on a board that has forgotten the event, the profile of the run. */
const findAuthor = async (tx: WriteTransaction, id: TaskId): Promise<string | null> =>
  (await lastEventOfKind(tx, id, 'review_requested'))?.actor ?? (await findReviewAuthor(tx, id))

interface KeptFiles {
  readonly files: readonly StoredFile[]
  /** Why they could not be kept, of a report that comes too late to be asked again. */
  readonly missing: string | null
}

/** Copies what the metadata names before anything is acknowledged; outside the transaction, because copying takes time. */
async function keepArtifacts(
  { store, collectArtifacts }: KernelDeps,
  id: TaskId,
  what: string,
  payload: Pick<Completion, 'metadata'>,
  actor: Actor,
): Promise<KeptFiles> {
  const names = payload.metadata?.['artifacts']
  if (names === undefined || names === null) return { files: [], missing: null }
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw invalid(
      'bad_artifacts',
      `Cannot ${what} ${id}: metadata.artifacts is not a list of file names. Write for example {"artifacts": ["report.md"]}.`,
      { id },
    )
  }
  const found = await store.read(async (db) => {
    const task = await findTask(db, id)
    return task === undefined ? undefined : { task, isHeard: await passesFence(db, task, actor) }
  })
  if (found === undefined) return { files: [], missing: null }
  try {
    return { files: await collectArtifacts(found.task, names as string[]), missing: null }
  } catch (error) {
    // Its workspace may be gone; its words are kept all the same.
    if (found.isHeard || !isYardError(error)) throw error
    return { files: [], missing: error.message }
  }
}
