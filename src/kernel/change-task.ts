/** Several verbs on one card as one change: all of them, or, when one is refused, none. */
import type { Actor } from '../domain/actor.ts'
import { conflict, invalid } from '../domain/errors.ts'
import type { TaskEdit } from '../domain/moves.ts'
import type { Task, TaskId, TaskStatus } from '../domain/task.ts'
import type { WriteTransaction } from '../store/connection.ts'
import type { VerdictResult } from './complete-task.ts'
import { denyWorkers, requireLocked, requireTask, type KernelDeps } from './deps.ts'
import { assignTask, editTask, moveTask, type MoveDetails } from './move-task.ts'
import { stopTask } from './stop-run.ts'
import { together } from './together.ts'

export interface TaskChange {
  readonly edit?: TaskEdit
  /** Null takes the assignee away; absent leaves it. */
  readonly assignee?: string | null
  readonly to?: TaskStatus
  /** What goes with the move. */
  readonly details?: MoveDetails
}

/** Leaving `running` stops the run first: the card then moves once its processes are gone. */
export async function changeTask(
  deps: KernelDeps,
  id: TaskId,
  wanted: TaskChange,
  actor: Actor,
): Promise<VerdictResult> {
  denyWorkers(actor, 'change cards')
  const files = await collectEarly(deps, id, wanted)
  return together(deps, (inside, tx) =>
    changeInside({ ...inside, collectArtifacts: () => Promise.resolve(files) }, tx, id, wanted, actor),
  )
}

async function changeInside(
  deps: KernelDeps,
  tx: WriteTransaction,
  id: TaskId,
  { edit, assignee, to, details = {} }: TaskChange,
  actor: Actor,
): Promise<VerdictResult> {
  const task = await requireLocked(tx, id)
  const assign = async () => {
    if (assignee !== undefined && assignee !== task.assignee) await assignTask(deps, id, assignee, actor)
  }
  // Who handed it over is told from the card, so the reviewer's name must come after.
  if (to !== 'review') await assign()
  if (edit !== undefined) await editTask(deps, id, edit, actor)
  const moved = to === undefined ? null : await move(deps, task, to, details, actor)
  if (to === 'review') await assign()
  return {
    task: await requireTask(tx, id),
    stopping: moved?.stopping ?? false,
    attached: moved?.attached ?? [],
  }
}

async function move(
  deps: KernelDeps,
  task: Task,
  to: TaskStatus,
  details: MoveDetails,
  actor: Actor,
): Promise<VerdictResult | null> {
  if (task.status === to) {
    if (Object.values(details).every((value) => value === null || value === undefined)) return null
    throw conflict(
      'already_there',
      `Cannot move ${task.id} to ${to}: it is ${to} already, so what was said with it would be lost. Leave it as a comment: yard comment ${task.id} <text>`,
      { id: task.id, status: to },
    )
  }
  if (task.status === 'running' && (to === 'ready' || to === 'todo')) {
    const reason = `moved to ${to} by hand while it was running`
    const stopped = await stopTask(deps, task.id, { reason, after: { kind: 'ready' } }, actor)
    return { ...stopped, attached: [] }
  }
  return moveTask(deps, task.id, to, details, actor)
}

/** Files are copied before the transaction begins: that takes time, and nobody should wait for it. */
async function collectEarly(deps: KernelDeps, id: TaskId, { to, details }: TaskChange) {
  const names = details?.metadata?.['artifacts']
  if ((to !== 'done' && to !== 'review') || names === undefined || names === null) return []
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    throw invalid(
      'bad_artifacts',
      `Cannot change ${id}: metadata.artifacts is not a list of file names. Write for example {"artifacts": ["report.md"]}.`,
      { id },
    )
  const task = await deps.store.read((db) => requireTask(db, id))
  return deps.collectArtifacts(task, names as string[])
}
