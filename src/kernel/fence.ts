/** The fence: a worker's call counts only while its run is the open run of the card. */
import type { Actor } from '../domain/actor.ts'
import { conflict, denied } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import { secretMatches } from '../lib/ids.ts'
import type { Connection, WriteTransaction } from '../store/connection.ts'
import { insertLateReport } from '../store/tables/late-reports.ts'
import { findRun } from '../store/tables/runs.ts'
import { findSecretHash } from '../store/tables/run-processes.ts'
import { note, signatureOf } from './apply.ts'
import { requireTask, type KernelDeps } from './deps.ts'

type Worker = Extract<Actor, { kind: 'worker' }>

/** Throws unless the worker's secret is the one its run was given; gives the card of that run. */
export const authenticateWorker = async (db: Connection, worker: Worker): Promise<string> =>
  (await findWorkerRun(db, worker)).taskId

async function findWorkerRun(db: Connection, { capability: { runId, secret } }: Worker): Promise<Run> {
  const hash = await findSecretHash(db, runId)
  const run = await findRun(db, runId)
  if (hash === undefined || run === undefined || !secretMatches(secret, hash)) {
    throw denied(
      'bad_capability',
      `Cannot act for run ${runId}: the secret is not the one this run was given. Only the run's own worker can report on it.`,
      { run: runId },
    )
  }
  return run
}

/** Throws unless the call comes from a person, or from the worker whose own card this is. True when the run is the open one. */
export async function passesFence(db: Connection, task: Task, actor: Actor): Promise<boolean> {
  if (actor.kind !== 'worker') return true
  const own = await authenticateWorker(db, actor)
  if (own !== task.id)
    throw denied(
      'not_your_card',
      `Cannot report on ${task.id}: run ${actor.capability.runId} works on ${own}. Leave a comment on ${task.id} instead.`,
      { run: actor.capability.runId, own },
    )
  return task.currentRunId === actor.capability.runId
}

export interface Late {
  readonly late: number
}

/** Keeps what an ended run still had to say. */
export async function keepLateReport(
  tx: WriteTransaction,
  task: Task,
  actor: Worker,
  verb: string,
  payload: Record<string, unknown>,
): Promise<Late> {
  const id = await insertLateReport(tx, {
    runId: actor.capability.runId,
    taskId: task.id,
    verb,
    payload,
    now: tx.now,
  })
  note(tx, task.id, { kind: 'late_report', payload: { report_id: id, verb } }, signatureOf(actor))
  return { late: id }
}

const STOP = 'Stop working now.'

/** The refusal a late caller gets, after its words, if it had any, are safe. */
export function lateRefusal(task: Task, runId: number, what: string, reportId: number | null) {
  const successor = task.currentRunId === null ? '' : ` and run ${task.currentRunId} has taken its place`
  const kept =
    reportId === null
      ? ''
      : ` What you reported is kept as late report ${reportId}; a person can accept it with: yard accept-late ${task.id} ${reportId}.`
  return conflict(
    'run_ended',
    `Cannot ${what} ${task.id}: run ${runId} has ended${successor}.${kept} ${STOP}`,
    { id: task.id, run: runId, report: reportId, next: STOP },
  )
}

/**
 * Carries out what somebody adds to the board. A worker adds while its run is open; what it would add later is kept as a
 * late report, and refused.
 */
export async function addToBoard<T>(
  { store }: Pick<KernelDeps, 'store'>,
  actor: Actor,
  { verb, what, payload }: { verb: string; what: string; payload: Record<string, unknown> },
  add: (tx: WriteTransaction) => Promise<T>,
): Promise<T> {
  if (actor.kind !== 'worker') return store.write(add)
  const outcome = await store.write(async (tx) => {
    const run = await findWorkerRun(tx, actor)
    if (run.endedAt === null) return { added: await add(tx) }
    const own = await requireTask(tx, run.taskId)
    return { own, ...(await keepLateReport(tx, own, actor, verb, payload)) }
  })
  if ('added' in outcome) return outcome.added
  throw lateRefusal(outcome.own, actor.capability.runId, what, outcome.late)
}
