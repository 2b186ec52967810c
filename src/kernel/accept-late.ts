import type { Actor } from '../domain/actor.ts'
import { conflict, notFound } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import { acceptReport, findLateReports } from '../store/tables/late-reports.ts'
import { blockTask, completeTask, requestTaskReview, type VerdictResult } from './complete-task.ts'
import { denyWorkers, type KernelDeps } from './deps.ts'

/** A person accepts what a worker reported after its run had ended; it then counts as the person's own word. */
export async function acceptLate(
  deps: KernelDeps,
  id: TaskId,
  reportId: number,
  actor: Actor,
): Promise<VerdictResult> {
  denyWorkers(actor, 'accept late reports')
  const report = (await deps.store.read((db) => findLateReports(db, id))).find(
    (candidate) => candidate.id === reportId,
  )
  if (report === undefined)
    throw notFound(
      'report_not_found',
      `Cannot accept late report ${reportId}: ${id} has none of that number. See: yard show ${id}`,
      { id, report: reportId },
    )
  if (report.acceptedAt !== null)
    throw conflict(
      'report_accepted',
      `Cannot accept late report ${reportId} of ${id}: it was accepted before.`,
      { id, report: reportId },
    )
  const verdict = await carryOut(deps, id, report.verb, report.payload, actor)
  await deps.store.write((tx) => acceptReport(tx, reportId, actor.name, tx.now))
  return verdict
}

function carryOut(
  deps: KernelDeps,
  id: TaskId,
  verb: string,
  payload: Readonly<Record<string, unknown>>,
  actor: Actor,
): Promise<VerdictResult> {
  const text = (name: string): string | null => (typeof payload[name] === 'string' ? payload[name] : null)
  // Its files were stored when it was reported; naming them again would look for them in a workspace that may be gone.
  const { artifacts: _, ...metadata } = (payload['metadata'] ?? {}) as Record<string, unknown>
  const completion = {
    result: text('result'),
    summary: text('summary'),
    metadata: payload['metadata'] === null ? null : metadata,
  }
  switch (verb) {
    case 'complete':
      return completeTask(deps, id, completion, actor)
    case 'review':
      return requestTaskReview(deps, id, completion, actor)
    case 'block':
      return blockTask(deps, id, text('reason'), actor)
    default:
      throw conflict(
        'nothing_to_accept',
        `Cannot accept this report on ${id}: a ${verb} after the end of a run changes nothing.`,
        { id, verb },
      )
  }
}
