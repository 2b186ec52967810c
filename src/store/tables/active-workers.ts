/** Who is at work now. */
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

export interface ActiveWorker {
  readonly runId: number
  readonly taskId: string
  readonly taskTitle: string
  readonly taskStatus: string
  readonly taskAssignee: string | null
  readonly profile: string | null
  readonly workerPid: number
  readonly startedAt: number
  readonly claimLock: string | null
  readonly claimExpires: number | null
  readonly lastHeartbeatAt: number | null
  readonly maxRuntimeSeconds: number | null
}

const active = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('task_runs as r')
    .innerJoin('tasks as t', 't.current_run_id', 'r.id')
    .select([
      'r.id as runId',
      'r.task_id as taskId',
      't.title as taskTitle',
      't.status as taskStatus',
      't.assignee as taskAssignee',
      'r.profile',
      'r.worker_pid as workerPid',
      'r.started_at as startedAt',
      'r.claim_lock as claimLock',
      'r.claim_expires as claimExpires',
      'r.last_heartbeat_at as lastHeartbeatAt',
      'r.max_runtime_seconds as maxRuntimeSeconds',
    ])
    .where('t.status', '=', 'running')
    .where('r.ended_at', 'is', null)
    .where('r.worker_pid', 'is not', null)
    .orderBy('r.started_at')
    .orderBy('r.id'),
)

/** Open runs with a worker's process, the oldest first. */
export const findActiveWorkers = async (db: Connection): Promise<ActiveWorker[]> =>
  (await db.all(active, {})) as ActiveWorker[]
