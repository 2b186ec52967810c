import type { Actor } from '../domain/actor.ts'
import { conflict } from '../domain/errors.ts'
import type { StopRequest, AfterStop } from '../domain/run.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { MAX, storable } from '../domain/text.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findLingeringRun, findRunProcess } from '../store/tables/run-processes.ts'
import { insertStop } from '../store/tables/run-stops.ts'
import { note, signatureOf } from './apply.ts'
import { denyWorkers, requireLocked, type KernelDeps } from './deps.ts'
import { endOpenRun } from './end-run.ts'

/**
 * Asks for the open run of a card to be stopped; its processes are ended, and only then does the card arrive where it was
 * asked to go (by default: blocked, held by a person). Without a live process behind the run it arrives at once.
 */
export async function stopTask(
  deps: KernelDeps,
  id: TaskId,
  { reason, after = { kind: 'hold' } }: { reason: string; after?: AfterStop },
  actor: Actor,
): Promise<{ task: Task; stopping: boolean }> {
  denyWorkers(actor, 'stop runs')
  const result = await deps.store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    if (task.currentRunId === null)
      throw conflict(
        'not_running',
        `Cannot stop ${id}: it is ${task.status}, and nothing runs for it. Keep it from running with: yard pause ${id}`,
        { id, status: task.status },
      )
    if (await stopInstead(tx, task, after, reason, actor)) return { task, stopping: true }
    const stop: StopRequest = {
      runId: task.currentRunId,
      requestedAt: tx.now,
      actor: actor.name,
      door: actor.door,
      reason,
      after,
    }
    const ended = await endOpenRun(
      deps,
      tx,
      task,
      { outcome: 'stopped', error: null, evidence: NOTHING_SEEN },
      { stop, charged: false, workerPid: null, maxRuntimeSeconds: null },
      signatureOf(actor),
    )
    return { task: ended.task, stopping: false }
  })
  await pokeLingering(deps, id)
  return result
}

const NOTHING_SEEN = {
  exitCode: null,
  signal: null,
  limit: null,
  lastLines: null,
  elapsedSeconds: null,
  killed: false,
} as const

/**
 * When somebody other than the worker wants a running card elsewhere and processes are behind its run: writes the request to
 * stop and gives true. The first request stands; a later one is told so.
 */
export async function stopInstead(
  tx: WriteTransaction,
  task: Task,
  after: AfterStop,
  reason: string,
  actor: Actor,
): Promise<boolean> {
  if (task.currentRunId === null || actor.kind === 'worker') return false
  const process = await findRunProcess(tx, task.currentRunId)
  if (process === undefined || process.goneAt !== null) return false
  const text = storable(reason.trim() || 'stopped', 'reason', MAX.reason)
  if (
    await insertStop(tx, {
      runId: task.currentRunId,
      requestedAt: tx.now,
      actor: actor.name,
      door: actor.door,
      reason: text,
      after,
    })
  ) {
    note(
      tx,
      task.id,
      {
        kind: 'stop_requested',
        payload: { by: actor.name, reason: text, after: after.kind, run_id: task.currentRunId },
      },
      signatureOf(actor),
    )
  }
  return true
}

/** Hints to the runner of the card's live run that it should look at the board. */
export async function pokeLingering({ store, pokeRunner }: KernelDeps, id: TaskId): Promise<void> {
  const process = await store.read(async (db) => {
    const runId = await findLingeringRun(db, id)
    return runId === null ? undefined : findRunProcess(db, runId)
  })
  if (process !== undefined) pokeRunner(process)
}
