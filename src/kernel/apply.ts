/**
 * The one place that writes a status. Carries out a change in the transaction it is given: task, run, holds, ledger and
 * events together, and then lets the children of a finished card go.
 */
import type { Actor } from '../domain/actor.ts'
import type { Change, RunClosing } from '../domain/change.ts'
import { change } from '../domain/change.ts'
import { conflict } from '../domain/errors.ts'
import type { EventDraft } from '../domain/event.ts'
import { waitingPlace } from '../domain/moves.ts'
import type { Task } from '../domain/task.ts'
import { assertMove } from '../domain/transitions.ts'
import { failureSignature } from '../domain/attempts.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findHolds, liftHold, openHold } from '../store/tables/holds.ts'
import { insertLedgerRow } from '../store/tables/ledger.ts'
import { countOpenParents, lockChildren } from '../store/tables/links.ts'
import { insertRunProcess, storeEvidence } from '../store/tables/run-processes.ts'
import { endRunRow, insertEndedRun, insertOpenRun } from '../store/tables/runs.ts'
import { lockTask, updateTask } from '../store/tables/tasks.ts'

/** Who signs what is written. */
export interface Signature {
  readonly actor: string
  readonly door: string
  /** The run in which it was caused. */
  readonly runId: number | null
}

export const signatureOf = (actor: Actor): Signature => ({
  actor: actor.name,
  door: actor.door,
  runId: actor.kind === 'worker' ? actor.capability.runId : null,
})

const BY_DEPENDENCY = 'rule:dependency'

type Fields = Parameters<typeof updateTask>[3]

/** Gives the card as it is now and the run the change opened or closed. Throws a conflict when the card has moved meanwhile. */
export async function apply(
  tx: WriteTransaction,
  wanted: Change,
  by: Signature,
): Promise<{ task: Task; runId: number | null }> {
  const { task, move } = wanted
  const fields: { -readonly [K in keyof Fields]: Fields[K] } = { ...wanted.set }
  if (move !== null) {
    assertMove(move.verb, task.status, move.to)
    fields.status = move.to
  }
  let runId = by.runId
  if (wanted.openRun !== undefined) runId = fields.currentRunId = await openRun(tx, wanted, wanted.openRun)
  if (wanted.closeRun !== undefined) {
    runId = await closeRun(tx, task, wanted.closeRun)
    fields.currentRunId = null
  }
  if (
    Object.keys(fields).length > 0 &&
    !(await updateTask(tx, task.id, { status: task.status, currentRunId: task.currentRunId }, fields))
  ) {
    throw conflict(
      'task_moved',
      `Cannot change ${task.id}: somebody else changed it at the same moment. Look at it again with: yard show ${task.id}`,
      { id: task.id },
    )
  }
  await writeHolds(tx, wanted, by)
  for (const row of wanted.ledger ?? [])
    await insertLedgerRow(tx, {
      ...row,
      taskId: task.id,
      runId,
      profile: task.assignee,
      actor: by.actor,
      now: tx.now,
    })
  emitAll(tx, wanted, runId, by)
  if (move?.to === 'done') await promoteChildren(tx, task.id, by.door)
  if (move?.verb === 'reopen') await holdBackChildren(tx, task.id, by.door)
  return { task: { ...task, ...fields }, runId }
}

async function openRun(
  tx: WriteTransaction,
  { task }: Change,
  opening: NonNullable<Change['openRun']>,
): Promise<number> {
  const runId = await insertOpenRun(tx, {
    taskId: task.id,
    profile: opening.profile,
    lock: opening.claimLock,
    expires: opening.claimExpires,
    maxRuntime: opening.maxRuntimeSeconds,
    now: tx.now,
  })
  if (opening.dispatched !== null) {
    const { logFolder, ...process } = opening.dispatched
    await insertRunProcess(tx, {
      ...process,
      runId,
      taskId: task.id,
      logPath: `${logFolder}/${task.id}-${runId}.log`,
    })
  }
  return runId
}

async function closeRun(tx: WriteTransaction, task: Task, closing: RunClosing): Promise<number> {
  const end = {
    outcome: closing.outcome,
    summary: closing.summary ?? null,
    metadata: closing.metadata ?? null,
    error: closing.error ?? null,
  }
  if (task.currentRunId === null)
    return insertEndedRun(tx, { ...end, taskId: task.id, profile: task.assignee }, tx.now)
  if (!(await endRunRow(tx, task.currentRunId, end, tx.now)))
    throw new Error(`run ${task.currentRunId} of ${task.id} was open on the card but had ended`)
  if (closing.evidence) {
    const failed =
      closing.outcome !== 'completed' && closing.outcome !== 'stopped' && closing.outcome !== 'reclaimed'
    await storeEvidence(
      tx,
      task.currentRunId,
      closing.evidence,
      failed
        ? failureSignature(
            closing.outcome,
            closing.evidence.exitCode,
            closing.evidence.lastLines ?? closing.error ?? null,
          )
        : null,
    )
  }
  return task.currentRunId
}

async function writeHolds(
  tx: WriteTransaction,
  { task, liftHolds = [], openHolds = [] }: Change,
  by: Signature,
): Promise<void> {
  if (liftHolds.length > 0) {
    for (const hold of await findHolds(tx, 'task', task.id)) {
      if (liftHolds.includes(hold.kind)) await liftHold(tx, hold, by.actor, tx.now)
    }
  }
  for (const hold of openHolds) await openHold(tx, hold, by.actor, tx.now)
}

/** The last event of a move says where it led, so that the events alone tell where a card has been. */
function emitAll(
  tx: WriteTransaction,
  { task, move, openRun: opening, events }: Change,
  runId: number | null,
  by: Signature,
): void {
  for (const [index, event] of events.entries())
    note(
      tx,
      task.id,
      {
        kind: event.kind,
        payload: {
          ...event.payload,
          ...(opening !== undefined && event.kind === 'claimed' ? { run_id: runId } : {}),
          ...(move !== null && index === events.length - 1 ? { status: move.to } : {}),
        },
      },
      { ...by, runId },
    )
}

/** Writes an event that changes no card. */
export function note(tx: WriteTransaction, taskId: string | null, event: EventDraft, by: Signature): void {
  tx.emit({
    taskId,
    runId: by.runId,
    kind: event.kind,
    payload: event.payload ?? {},
    createdAt: tx.now,
    actor: by.actor,
    door: by.door,
  })
}

async function promoteChildren(tx: WriteTransaction, parentId: string, door: string): Promise<void> {
  for (const id of await lockChildren(tx, parentId, 'todo')) await promoteIfFree(tx, id, door, BY_DEPENDENCY)
}

/** Makes a waiting card ready if no parent and no time holds it back; tells whether it did. */
export async function promoteIfFree(
  tx: WriteTransaction,
  id: string,
  door: string,
  rule: string,
): Promise<boolean> {
  // Locked before its parents are counted: two parents that finish at the same moment must not both count the other as open.
  const task = await lockTask(tx, id)
  if (task === undefined || task.status !== 'todo') return false
  const facts = {
    now: tx.now,
    openParents: await countOpenParents(tx, id),
    holds: await findHolds(tx, 'task', id),
  }
  // Other holds do not keep it in `todo`: it waits as a ready card for whoever lifts them, who then need not promote it.
  if (waitingPlace(facts) === 'todo') return false
  await apply(tx, change(task, { verb: 'promote', to: 'ready' }, { events: [{ kind: 'promoted' }] }), {
    actor: rule,
    door,
    runId: null,
  })
  return true
}

async function holdBackChildren(tx: WriteTransaction, parentId: string, door: string): Promise<void> {
  for (const id of await lockChildren(tx, parentId, 'ready')) await waitAgain(tx, id, door)
}

/** A ready card has something to wait for after all. */
export async function waitAgain(tx: WriteTransaction, id: string, door: string): Promise<void> {
  const task = await lockTask(tx, id)
  if (task === undefined || task.status !== 'ready') return
  await apply(
    tx,
    change(task, { verb: 'wait', to: 'todo' }, { events: [{ kind: 'waiting', payload: { for: 'parent' } }] }),
    { actor: BY_DEPENDENCY, door, runId: null },
  )
}
