import type { Actor } from '../domain/actor.ts'
import { conflict } from '../domain/errors.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { MAX, storableOrNull } from '../domain/text.ts'
import { findRunProcess } from '../store/tables/run-processes.ts'
import { touchRun } from '../store/tables/runs.ts'
import { touchTask } from '../store/tables/tasks.ts'
import { note, signatureOf } from './apply.ts'
import { requireLocked, type KernelDeps } from './deps.ts'
import { keepLateReport, lateRefusal, passesFence } from './fence.ts'

/** A sign of life from whoever works on a running card; extends a claim by hand. */
export async function heartbeatTask(
  { store, policy }: KernelDeps,
  id: TaskId,
  noteText: string | null,
  actor: Actor,
): Promise<Task> {
  const text = storableOrNull(noteText?.trim() || null, 'note', MAX.note)
  const result = await store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    if (!(await passesFence(tx, task, actor)) && actor.kind === 'worker') {
      const late = text === null ? null : await keepLateReport(tx, task, actor, 'heartbeat', { note: text })
      return { task, late: late?.late ?? null }
    }
    const runId = task.currentRunId
    if (runId === null)
      throw conflict(
        'not_running',
        `Cannot send a heartbeat for ${id}: it is ${task.status}, and nobody has claimed it. Claim it with: yard claim ${id}`,
        { id, status: task.status },
      )
    const isByHand = (await findRunProcess(tx, runId)) === undefined
    const current = task.claimExpires ?? tx.now
    // A claim for longer than usual stays that long. The lease of a dispatched run is its runner's alone: whoever else is
    // alive says nothing about the one who minds the worker.
    const expires = isByHand ? Math.max(current, tx.now + policy(task.assignee).claimTtlSeconds) : current
    await touchTask(tx, { id, runId, now: tx.now, expires })
    await touchRun(tx, { id: runId, now: tx.now, expires })
    note(
      tx,
      id,
      { kind: 'heartbeat', payload: text === null ? {} : { note: text } },
      { ...signatureOf(actor), runId },
    )
    return { task: { ...task, lastHeartbeatAt: tx.now, claimExpires: expires } }
  })
  if ('late' in result && actor.kind === 'worker')
    throw lateRefusal(result.task, actor.capability.runId, 'send a heartbeat for', result.late)
  return result.task
}
