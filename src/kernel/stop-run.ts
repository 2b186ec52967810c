import { isDeepStrictEqual } from 'node:util'
import type { Actor } from '../domain/actor.ts'
import { conflict } from '../domain/errors.ts'
import { NOTHING_SEEN, type AfterStop, type StopRequest } from '../domain/run.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { MAX, storable } from '../domain/text.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findRunProcess } from '../store/tables/run-processes.ts'
import { findStop, insertStop } from '../store/tables/run-stops.ts'
import { note, signatureOf } from './apply.ts'
import { denyWorkers, requireLocked, type KernelDeps } from './deps.ts'
import { BY_HAND, endOpenRun } from './end-run.ts'
import { pokeLingering } from './poke-runner.ts'

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
    return stopRun(deps, tx, task, after, reason, actor)
  })
  await pokeLingering(deps, id)
  return result
}

/** Stops the open run of a card: asks its runner to, or ends it at once where no process is behind it. */
export async function stopRun(
  deps: KernelDeps,
  tx: WriteTransaction,
  task: Task,
  after: AfterStop,
  reason: string,
  actor: Actor,
): Promise<{ task: Task; stopping: boolean }> {
  if (await stopInstead(tx, task, after, reason, actor)) return { task, stopping: true }
  const stop = stopRequest(tx, task, after, reason, actor)
  const ending = { outcome: 'stopped', error: null, evidence: NOTHING_SEEN } as const
  const ended = await endOpenRun(deps, tx, task, ending, { ...BY_HAND, stop }, signatureOf(actor))
  return { task: ended.task, stopping: false }
}

const stopRequest = (
  tx: WriteTransaction,
  task: Task,
  after: AfterStop,
  reason: string,
  actor: Actor,
): StopRequest => ({
  runId: task.currentRunId ?? 0,
  requestedAt: tx.now,
  actor: actor.name,
  door: actor.door,
  reason: storable(reason.trim() || 'stopped', 'reason', MAX.reason),
  after,
})

/**
 * When somebody other than the worker wants a running card elsewhere and processes are behind its run: writes the request to
 * stop and gives true. The first request stands; whoever then wants something else is told so.
 */
export async function stopInstead(
  tx: WriteTransaction,
  task: Task,
  after: AfterStop,
  reason: string,
  actor: Actor,
): Promise<boolean> {
  const runId = task.currentRunId
  if (runId === null || actor.kind === 'worker') return false
  const process = await findRunProcess(tx, runId)
  if (process === undefined || process.goneAt !== null) return false
  const stop = stopRequest(tx, task, after, reason, actor)
  if (await insertStop(tx, stop)) {
    const payload = { by: actor.name, reason: stop.reason, after: after.kind, run_id: runId }
    note(tx, task.id, { kind: 'stop_requested', payload }, signatureOf(actor))
    return true
  }
  const first = await findStop(tx, runId)
  if (first !== null && !isDeepStrictEqual(first.after, after))
    throw conflict(
      'being_stopped',
      `Cannot change where ${task.id} goes: ${first.actor} has asked for run ${runId} to be stopped (${first.reason}), and the card is then ${ARRIVES[first.after.kind]}. Do it again once that has happened; see: yard why ${task.id}`,
      { id: task.id, run: runId, by: first.actor },
    )
  return true
}

const ARRIVES: Readonly<Record<AfterStop['kind'], string>> = {
  hold: 'blocked',
  block: 'blocked',
  ready: 'ready again',
  archive: 'archived',
  assign: 'ready for its new assignee',
  complete: 'done',
}
