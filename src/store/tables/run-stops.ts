/** Requests to stop open runs: the first one stands. */
import type { StopRequest, AfterStop } from '../../domain/run.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const insert = statement<{
  runId: number
  now: number
  actor: string
  door: string
  reason: string
  after: string
}>()((db, p) =>
  db
    .insertInto('run_stops')
    .values({
      run_id: p.runId,
      requested_at: p.now,
      actor: p.actor,
      door: p.door,
      reason: p.reason,
      after: p.after,
    })
    .onConflict((conflict) => conflict.doNothing()),
)

/** False when a stop was requested before: that one stands. */
export const insertStop = async (db: Connection, stop: StopRequest): Promise<boolean> =>
  (await db.run(insert, {
    runId: stop.runId,
    now: stop.requestedAt,
    actor: stop.actor,
    door: stop.door,
    reason: stop.reason,
    after: JSON.stringify(stop.after),
  })) === 1

const byRun = statement<{ runId: number }>()((db, p) =>
  db
    .selectFrom('run_stops')
    .select(['run_id as runId', 'requested_at as requestedAt', 'actor', 'door', 'reason', 'after'])
    .where('run_id', '=', p.runId),
)

export async function findStop(db: Connection, runId: number): Promise<StopRequest | null> {
  const row = await db.get(byRun, { runId })
  return row === undefined
    ? null
    : {
        runId: row.runId,
        requestedAt: row.requestedAt,
        actor: row.actor,
        door: row.door,
        reason: row.reason,
        after: JSON.parse(row.after) as AfterStop,
      }
}
