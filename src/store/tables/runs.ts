/** Runs: opened once, ended once. */
import type { Run, RunOutcome } from '../../domain/run.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'
import { objectFromJson, toJson } from './json.ts'

const COLUMNS = [
  'id',
  'task_id',
  'profile',
  'step_key',
  'status',
  'claim_lock',
  'claim_expires',
  'worker_pid',
  'max_runtime_seconds',
  'last_heartbeat_at',
  'started_at',
  'ended_at',
  'outcome',
  'summary',
  'metadata',
  'error',
] as const

interface RunRow {
  id: number
  task_id: string
  profile: string | null
  step_key: string | null
  status: string
  claim_lock: string | null
  claim_expires: number | null
  worker_pid: number | null
  max_runtime_seconds: number | null
  last_heartbeat_at: number | null
  started_at: number
  ended_at: number | null
  outcome: string | null
  summary: string | null
  metadata: string | null
  error: string | null
}

const toRun = (row: RunRow): Run => ({
  id: row.id,
  taskId: row.task_id,
  profile: row.profile,
  stepKey: row.step_key,
  status: row.status,
  claimLock: row.claim_lock,
  claimExpires: row.claim_expires,
  workerPid: row.worker_pid,
  maxRuntimeSeconds: row.max_runtime_seconds,
  lastHeartbeatAt: row.last_heartbeat_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  outcome: row.outcome as RunOutcome | null,
  summary: row.summary,
  metadata: objectFromJson(row.metadata),
  error: row.error,
})

const open = statement<{
  taskId: string
  profile: string | null
  lock: string
  expires: number
  maxRuntime: number | null
  now: number
}>()((db, p) =>
  db
    .insertInto('task_runs')
    .values({
      task_id: p.taskId,
      profile: p.profile,
      status: 'running',
      claim_lock: p.lock,
      claim_expires: p.expires,
      max_runtime_seconds: p.maxRuntime,
      started_at: p.now,
    })
    .returning('id'),
)

export const insertOpenRun = async (
  db: Connection,
  run: {
    taskId: string
    profile: string | null
    lock: string
    expires: number
    maxRuntime: number | null
    now: number
  },
): Promise<number> => Number((await db.get(open, run))?.id)

const close = statement<{
  id: number
  now: number
  outcome: string
  summary: string | null
  metadata: string | null
  error: string | null
}>()((db, p) =>
  db
    .updateTable('task_runs')
    .set({
      status: p.outcome,
      outcome: p.outcome,
      ended_at: p.now,
      summary: p.summary,
      metadata: p.metadata,
      error: p.error,
    })
    .where('id', '=', p.id)
    .where('ended_at', 'is', null),
)

export interface RunEnd {
  readonly outcome: RunOutcome
  readonly summary: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly error: string | null
}

/** False when the run has ended before. */
export const endRunRow = async (db: Connection, id: number, end: RunEnd, now: number): Promise<boolean> =>
  (await db.run(close, { id, now, ...end, metadata: toJson(end.metadata) })) === 1

const handoff = statement<{
  taskId: string
  profile: string | null
  outcome: string
  summary: string | null
  metadata: string | null
  error: string | null
  now: number
}>()((db, p) =>
  db
    .insertInto('task_runs')
    .values({
      task_id: p.taskId,
      profile: p.profile,
      status: p.outcome,
      outcome: p.outcome,
      started_at: p.now,
      ended_at: p.now,
      summary: p.summary,
      metadata: p.metadata,
      error: p.error,
    })
    .returning('id'),
)

/** A run of no length, which keeps the handoff of a card that nobody had claimed. */
export const insertEndedRun = async (
  db: Connection,
  run: RunEnd & { taskId: string; profile: string | null },
  now: number,
): Promise<number> =>
  Number(
    (
      await db.get(handoff, {
        taskId: run.taskId,
        profile: run.profile,
        outcome: run.outcome,
        summary: run.summary,
        metadata: toJson(run.metadata),
        error: run.error,
        now,
      })
    )?.id,
  )

const byId = statement<{ id: number }>()((db, p) =>
  db.selectFrom('task_runs').select(COLUMNS).where('id', '=', p.id),
)

export async function findRun(db: Connection, id: number): Promise<Run | undefined> {
  const row = await db.get(byId, { id })
  return row === undefined ? undefined : toRun(row)
}

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db.selectFrom('task_runs').select(COLUMNS).where('task_id', '=', p.taskId).orderBy('id'),
)

export const findRuns = async (db: Connection, taskId: string): Promise<Run[]> =>
  (await db.all(ofTask, { taskId })).map(toRun)

const lastCompleted = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('task_runs')
    .select(COLUMNS)
    .where('task_id', '=', p.taskId)
    .where('outcome', '=', 'completed')
    .orderBy('id', 'desc')
    .limit(1),
)

export async function findLastCompletedRun(db: Connection, taskId: string): Promise<Run | undefined> {
  const row = await db.get(lastCompleted, { taskId })
  return row === undefined ? undefined : toRun(row)
}

const lastReview = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('task_runs')
    .select('profile')
    .where('task_id', '=', p.taskId)
    .where('outcome', '=', 'review')
    .orderBy('id', 'desc')
    .limit(1),
)

/** Which profile handed the card over for review last. */
export const findReviewAuthor = async (db: Connection, taskId: string): Promise<string | null> =>
  (await db.get(lastReview, { taskId }))?.profile ?? null

const recentOfProfile = statement<{ profile: string; taskId: string; limit: number }>()((db, p) =>
  db
    .selectFrom('task_runs')
    .select(COLUMNS)
    .where('profile', '=', p.profile)
    .where('task_id', '<>', p.taskId)
    .where('outcome', '=', 'completed')
    .orderBy('id', 'desc')
    .limit(p.limit),
)

/** The profile's last completed runs on other cards, newest first. */
export const findRecentRunsOfProfile = async (
  db: Connection,
  profile: string,
  taskId: string,
  limit: number,
): Promise<Run[]> => (await db.all(recentOfProfile, { profile, taskId, limit })).map(toRun)

const heartbeat = statement<{ id: number; now: number; expires: number }>()((db, p) =>
  db
    .updateTable('task_runs')
    .set({ last_heartbeat_at: p.now, claim_expires: p.expires })
    .where('id', '=', p.id)
    .where('ended_at', 'is', null),
)
const lease = statement<{ id: number; expires: number }>()((db, p) =>
  db
    .updateTable('task_runs')
    .set({ claim_expires: p.expires })
    .where('id', '=', p.id)
    .where('ended_at', 'is', null),
)
const pid = statement<{ id: number; pid: number }>()((db, p) =>
  db.updateTable('task_runs').set({ worker_pid: p.pid }).where('id', '=', p.id).where('ended_at', 'is', null),
)

export const touchRun = (
  db: Connection,
  values: { id: number; now: number; expires: number },
): Promise<number> => db.run(heartbeat, values)
export const extendRunClaim = (db: Connection, values: { id: number; expires: number }): Promise<number> =>
  db.run(lease, values)
export const setRunPid = (db: Connection, values: { id: number; pid: number }): Promise<number> =>
  db.run(pid, values)

const expiredByHand = statement<{ now: number }>()((db, p) =>
  db
    .selectFrom('tasks as t')
    .innerJoin('task_runs as r', 'r.id', 't.current_run_id')
    .leftJoin('run_processes as p', 'p.run_id', 'r.id')
    .select(['t.id as taskId', 'r.id as runId'])
    .where('t.status', '=', 'running')
    .where('p.run_id', 'is', null)
    .where('r.claim_expires', '<', p.now),
)

/** Claims by hand that have expired. */
export const findExpiredClaims = (
  db: Connection,
  now: number,
): Promise<{ taskId: string; runId: number }[]> => db.all(expiredByHand, { now })
