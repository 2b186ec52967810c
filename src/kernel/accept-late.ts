import type { Actor } from '../domain/actor.ts'
import type { NewTask } from '../domain/create.ts'
import { conflict, notFound } from '../domain/errors.ts'
import type { Task, TaskId } from '../domain/task.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { acceptReport, findLateReports, type LateReport } from '../store/tables/late-reports.ts'
import { findRun } from '../store/tables/runs.ts'
import { signatureOf } from './apply.ts'
import { insertRemark } from './comment-task.ts'
import { blockIn, completeIn, reviewIn, type VerdictResult } from './complete-task.ts'
import { insertAll } from './create-task.ts'
import { denyWorkers, requireLocked, type KernelDeps } from './deps.ts'
import { freeIn } from './free-task.ts'
import { linkIn, unlinkIn } from './link-tasks.ts'
import { pokeLingering } from './poke-runner.ts'
import { proposalOf } from './propose.ts'

export interface LateAccepted extends VerdictResult {
  readonly report: LateReport
  /** The cards it put on the board. */
  readonly created: readonly Task[]
}

/**
 * A person accepts what a worker reported after its run had ended; it then counts as the person's own word. `reportId`:
 * null for the only one that is open.
 */
export async function acceptLate(
  deps: KernelDeps,
  id: TaskId,
  reportId: number | null,
  actor: Actor,
): Promise<LateAccepted> {
  denyWorkers(actor, 'accept late reports')
  const result = await deps.store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    const report = await requireReport(tx, id, reportId)
    const ruling = await carryOut(deps, tx, task, report, actor)
    await acceptReport(tx, report.id, actor.name, tx.now)
    return { created: [], ...ruling, report, attached: [] }
  })
  if (result.stopping) await pokeLingering(deps, id)
  return result
}

async function requireReport(tx: WriteTransaction, id: TaskId, reportId: number | null): Promise<LateReport> {
  const all = await findLateReports(tx, id)
  if (reportId === null) return onlyOpen(all, id)
  const report = all.find((candidate) => candidate.id === reportId)
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
  return report
}

function onlyOpen(all: readonly LateReport[], id: TaskId): LateReport {
  const open = all.filter(({ acceptedAt }) => acceptedAt === null)
  const [only] = open
  if (only === undefined)
    throw notFound(
      'report_not_found',
      `Cannot accept a late report of ${id}: it has none that was not accepted. See: yard show ${id}`,
      { id },
    )
  if (open.length === 1) return only
  const numbers = open.map((report) => report.id)
  throw conflict(
    'several_reports',
    `Cannot accept a late report of ${id}: it has ${open.length} of them. Say which: ${numbers.map((number) => `yard accept-late ${id} ${number}`).join(', or ')}`,
    { id, reports: numbers },
  )
}

/** Its files were stored and attached when it was reported. */
async function carryOut(
  deps: KernelDeps,
  tx: WriteTransaction,
  task: Task,
  { verb, payload, runId }: LateReport,
  actor: Actor,
): Promise<Pick<VerdictResult, 'task' | 'stopping'> & Partial<Pick<LateAccepted, 'created'>>> {
  const text = (name: string): string | null => (typeof payload[name] === 'string' ? payload[name] : null)
  const metadata = (payload['metadata'] ?? null) as Record<string, unknown> | null
  const completion = { result: text('result'), summary: text('summary'), metadata }
  switch (verb) {
    case 'complete':
      return completeIn(tx, task, completion, actor)
    case 'review':
      return reviewIn(tx, task, completion, actor)
    case 'block':
      return blockIn(tx, task, text('reason'), actor)
    case 'create': {
      // What was to be proposed is proposed: accepting a report is not yet agreeing to the cards.
      const proposing = await proposalOf(deps, tx, task.id)
      const made = await insertAll((payload['cards'] ?? []) as NewTask[], actor, proposing)(tx)
      return { task, stopping: false, created: made.map((card) => card.task) }
    }
    case 'comment': {
      const author = (await findRun(tx, runId))?.profile ?? actor.name
      await insertRemark(tx, text('task_id') ?? task.id, author, text('body') ?? '', signatureOf(actor))
      return { task, stopping: false }
    }
    case 'link':
      await linkIn(tx, text('parent_id') ?? '', text('child_id') ?? '', actor)
      return { task, stopping: false }
    case 'unlink':
      await unlinkIn(tx, text('parent_id') ?? '', text('child_id') ?? '', actor)
      return { task, stopping: false }
    case 'unblock':
      await freeIn(tx, text('task_id') ?? '', actor)
      return { task, stopping: false }
    default:
      throw conflict(
        'nothing_to_accept',
        `Cannot accept this report on ${task.id}: a ${verb} after the end of a run changes nothing. Read it with: yard show ${task.id}`,
        { id: task.id, verb },
      )
  }
}
