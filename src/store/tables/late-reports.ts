/** What workers said after their run had ended. */
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'
import { objectFromJson } from './json.ts'

export interface LateReport {
  readonly id: number
  readonly runId: number
  readonly taskId: string
  readonly verb: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly acceptedAt: number | null
}

const insert = statement<{ runId: number; taskId: string; verb: string; payload: string; now: number }>()(
  (db, p) =>
    db
      .insertInto('late_reports')
      .values({ run_id: p.runId, task_id: p.taskId, verb: p.verb, payload: p.payload, created_at: p.now })
      .returning('id'),
)

export const insertLateReport = async (
  db: Connection,
  report: { runId: number; taskId: string; verb: string; payload: Record<string, unknown>; now: number },
): Promise<number> =>
  Number((await db.get(insert, { ...report, payload: JSON.stringify(report.payload) }))?.id)

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('late_reports')
    .select([
      'id',
      'run_id as runId',
      'task_id as taskId',
      'verb',
      'payload',
      'created_at as createdAt',
      'accepted_at as acceptedAt',
    ])
    .where('task_id', '=', p.taskId)
    .orderBy('id'),
)

export const findLateReports = async (db: Connection, taskId: string): Promise<LateReport[]> =>
  (await db.all(ofTask, { taskId })).map((row) => ({ ...row, payload: objectFromJson(row.payload) ?? {} }))

const accept = statement<{ id: number; now: number; by: string }>()((db, p) =>
  db
    .updateTable('late_reports')
    .set({ accepted_at: p.now, accepted_by: p.by })
    .where('id', '=', p.id)
    .where('accepted_at', 'is', null),
)

export const acceptReport = async (db: Connection, id: number, by: string, now: number): Promise<boolean> =>
  (await db.run(accept, { id, by, now })) === 1
