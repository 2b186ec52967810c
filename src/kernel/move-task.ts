/** What people do with cards beside reporting on them. */
import type { Actor } from '../domain/actor.ts'
import { attemptsLeft } from '../domain/attempts.ts'
import { conflict, invalid } from '../domain/errors.ts'
import {
  archive,
  assign,
  edit,
  reopen,
  restore,
  retry,
  shelve,
  specify,
  unblock,
  type TaskEdit,
  type WaitFacts,
} from '../domain/moves.ts'
import { checkName } from '../domain/create.ts'
import { nextStep } from '../domain/transitions.ts'
import { TASK_STATUSES, type Task, type TaskId, type TaskStatus } from '../domain/task.ts'
import type { Change } from '../domain/change.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { lastEventOfKind } from '../store/tables/events.ts'
import { findTaskByKey } from '../store/tables/tasks.ts'
import { findHolds } from '../store/tables/holds.ts'
import { ledgerTotals } from '../store/tables/ledger.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { apply, signatureOf } from './apply.ts'
import { blockTask, completeTask, requestTaskReview, type VerdictResult } from './complete-task.ts'
import { denyWorkers, requireLocked, requireTask, type KernelDeps } from './deps.ts'
import { pokeLingering } from './poke-runner.ts'
import { stopInstead, stopRun } from './stop-run.ts'
import { findUndecided, settleHelper, settleProposal } from './settle-proposals.ts'

async function waitFacts(tx: WriteTransaction, id: TaskId): Promise<WaitFacts> {
  return { now: tx.now, openParents: await countOpenParents(tx, id), holds: await findHolds(tx, 'task', id) }
}

/** Load, decide, apply: the shape of every verb that needs nothing else. */
function moving(
  what: string,
  decide: (task: Task, facts: WaitFacts, tx: WriteTransaction) => Change | null | Promise<Change | null>,
) {
  return async ({ store }: KernelDeps, id: TaskId, actor: Actor): Promise<Task> => {
    denyWorkers(actor, what)
    return store.write(async (tx) => {
      const task = await requireLocked(tx, id)
      const wanted = await decide(task, await waitFacts(tx, id), tx)
      if (wanted === null) return task
      const undecided = await findUndecided(tx, task)
      const moved = (await apply(tx, wanted, signatureOf(actor))).task
      await settleProposal(tx, undecided, moved, signatureOf(actor))
      return moved
    })
  }
}

/** Gives a blocked card back to the board: `ready`, or `todo` while a parent is open. */
export const unblockTask = moving('unblock cards', (task, facts) => unblock(task, facts))

/** Takes an archived card back to where it was. */
export const restoreTask = moving('restore cards', restoring)

async function restoring(task: Task, facts: WaitFacts, tx: WriteTransaction): Promise<Change> {
  const from = (await lastEventOfKind(tx, task.id, 'archived'))?.payload['from']
  const wanted = restore(task, TASK_STATUSES.find((status) => status === from) ?? null, facts)
  const heir = task.idempotencyKey === null ? undefined : await findTaskByKey(tx, task.idempotencyKey)
  if (heir !== undefined)
    throw conflict(
      'key_taken',
      `Cannot restore ${task.id}: ${heir.id} has its idempotency key now. Archive that one first with: yard archive ${heir.id}`,
      { id: task.id, other: heir.id },
    )
  return wanted
}

/** Ends the card's waits, closes its breaker and grants `attempts` more; null grants one if none is left. */
export const retryTask = (
  deps: KernelDeps,
  id: TaskId,
  attempts: number | null,
  actor: Actor,
): Promise<Task> =>
  moving('grant attempts', async (task, facts, tx) =>
    retry(task, attempts ?? (await missingAttempts(deps, tx, task)), facts),
  )(deps, id, actor)

const missingAttempts = async (
  { policy }: KernelDeps,
  tx: WriteTransaction,
  { id, assignee }: Task,
): Promise<number> => (attemptsLeft(await ledgerTotals(tx, id), policy(assignee)) > 0 ? 0 : 1)

export const editTask = (deps: KernelDeps, id: TaskId, wanted: TaskEdit, actor: Actor): Promise<Task> =>
  moving('edit cards', (task) => edit(task, wanted))(deps, id, actor)

/** Refused while the card runs: stop it first, or say `stop: true` to have it stopped and handed to the new assignee. */
export async function assignTask(
  deps: KernelDeps,
  id: TaskId,
  assignee: string | null,
  actor: Actor,
  { stop = false } = {},
): Promise<VerdictResult> {
  denyWorkers(actor, 'assign cards')
  const name = checkName(assignee === 'none' ? null : assignee, 'assignee')
  const result = await deps.store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    if (stop && task.currentRunId !== null) {
      const after = { kind: 'assign', assignee: name } as const
      const reason = `reassigned to ${name ?? 'nobody'}`
      return { ...(await stopRun(deps, tx, task, after, reason, actor)), attached: [] }
    }
    const wanted = assign(task, name)
    const assigned = wanted === null ? task : (await apply(tx, wanted, signatureOf(actor))).task
    return { task: assigned, stopping: false, attached: [] }
  })
  if (result.stopping) await pokeLingering(deps, id)
  return result
}

/** Files the card away. One that runs is stopped first. */
export async function archiveTask(deps: KernelDeps, id: TaskId, actor: Actor): Promise<VerdictResult> {
  denyWorkers(actor, 'archive cards')
  const result = await deps.store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    if (await stopInstead(tx, task, { kind: 'archive' }, 'archived', actor))
      return { task, stopping: true, attached: [] }
    const undecided = await findUndecided(tx, task)
    const archived = (await apply(tx, archive(task), signatureOf(actor))).task
    await settleProposal(tx, undecided, archived, signatureOf(actor))
    await settleHelper(tx, archived, signatureOf(actor))
    return { task: archived, stopping: false, attached: [] }
  })
  if (result.stopping) await pokeLingering(deps, id)
  return result
}

const specifyTask = moving('move cards', specify)
const shelveTask = moving('move cards', shelve)
const reopenTask = moving('move cards', reopen)

export interface MoveDetails {
  readonly result?: string | null
  readonly summary?: string | null
  readonly metadata?: Record<string, unknown> | null
  readonly reason?: string | null
}

/** Moves a card to a status by whatever verb leads there from where it is; refuses when the table has no such move. */
export async function moveTask(
  deps: KernelDeps,
  id: TaskId,
  to: TaskStatus,
  details: MoveDetails,
  actor: Actor,
): Promise<VerdictResult> {
  denyWorkers(actor, 'move cards')
  const at = async (task: Promise<Task>): Promise<VerdictResult> => ({
    task: await task,
    stopping: false,
    attached: [],
  })
  const task = await deps.store.read((db) => requireTask(db, id))
  const from = task.status
  if (from === to) return at(Promise.resolve(task))
  if (from === 'archived') return at(restoreTo(deps, id, to, actor))
  switch (to) {
    case 'done':
      return completeTask(deps, id, details, actor)
    case 'blocked':
      return blockTask(deps, id, details.reason ?? null, actor)
    case 'review':
      return requestTaskReview(deps, id, details, actor)
    case 'archived':
      return archiveTask(deps, id, actor)
    case 'triage':
      return at(shelveTask(deps, id, actor))
    case 'running':
      throw invalid(
        'claim_instead',
        `Cannot move ${id} to running: a run opens by a claim. Let the dispatcher start it, or take it yourself with: yard claim ${id}`,
        { id },
      )
    case 'todo':
    case 'ready':
      return at(backToWork(deps, id, from, to, actor))
  }
}

/** Out of the archive and on to where it is wanted, together or not at all. */
function restoreTo({ store }: KernelDeps, id: TaskId, to: TaskStatus, actor: Actor): Promise<Task> {
  return store.write(async (tx) => {
    const archived = await requireLocked(tx, id)
    const facts = await waitFacts(tx, id)
    const { task } = await apply(tx, await restoring(archived, facts, tx), signatureOf(actor))
    const isWaiting = (status: TaskStatus) => status === 'todo' || status === 'ready'
    if (task.status === to || (isWaiting(task.status) && isWaiting(to))) return task
    const onward = isWaiting(to) ? ONWARD[task.status] : undefined
    if (onward === undefined)
      throw conflict(
        'wrong_status',
        `Cannot move ${id} from archived to ${to}: it was ${task.status} when it was archived. Restore it first with: yard restore-task ${id}`,
        { id, status: 'archived', was: task.status },
      )
    const undecided = await findUndecided(tx, task)
    const moved = (await apply(tx, onward(task, facts), signatureOf(actor))).task
    await settleProposal(tx, undecided, moved, signatureOf(actor))
    return moved
  })
}

/** From where a card comes out of the archive to work that waits. */
const ONWARD: Partial<Record<TaskStatus, (task: Task, facts: WaitFacts) => Change>> = {
  triage: specify,
  blocked: unblock,
  done: reopen,
}

async function backToWork(
  deps: KernelDeps,
  id: TaskId,
  from: TaskStatus,
  to: TaskStatus,
  actor: Actor,
): Promise<Task> {
  if (from === 'triage') return specifyTask(deps, id, actor)
  if (from === 'blocked') return unblockTask(deps, id, actor)
  if (from === 'done') return reopenTask(deps, id, actor)
  throw conflict(
    'wrong_status',
    `Cannot move ${id} from ${from} to ${to}: cards wait by themselves for parents and times. ${nextStep({ id, status: from })}`,
    { id, status: from },
  )
}
