/** The operating-system side of dispatched runs: fence, phase, identities, evidence. */
import type { ProcessIdentity, RunEvidence, RunPhase, RunProcess } from '../../domain/run.ts'
import type { Connection } from '../connection.ts'
import type { RunProcessesTable } from '../schema.ts'
import { statement } from '../statement.ts'

const insert = statement<{
  runId: number
  taskId: string
  host: string
  bootId: string
  secretHash: string
  logPath: string | null
}>()((db, p) =>
  db.insertInto('run_processes').values({
    run_id: p.runId,
    task_id: p.taskId,
    host: p.host,
    boot_id: p.bootId,
    phase: 'launching',
    secret_hash: p.secretHash,
    log_path: p.logPath,
    killed: 0,
  }),
)

export const insertRunProcess = (
  db: Connection,
  row: {
    runId: number
    taskId: string
    host: string
    bootId: string
    secretHash: string
    logPath: string | null
  },
): Promise<number> => db.run(insert, row)

const identity = (bootId: string, pid: number | null, startTime: string | null): ProcessIdentity | null =>
  pid === null || startTime === null ? null : { bootId, pid, startTime }

const toProcess = (
  row: Pick<
    RunProcessesTable,
    | 'run_id'
    | 'task_id'
    | 'host'
    | 'boot_id'
    | 'phase'
    | 'runner_pid'
    | 'runner_start'
    | 'worker_pid'
    | 'worker_start'
    | 'log_path'
    | 'gone_at'
  >,
): RunProcess => ({
  runId: row.run_id,
  taskId: row.task_id,
  host: row.host,
  phase: row.phase as RunPhase,
  runner: identity(row.boot_id, row.runner_pid, row.runner_start),
  worker: identity(row.boot_id, row.worker_pid, row.worker_start),
  logPath: row.log_path,
  goneAt: row.gone_at,
})

const COLUMNS = [
  'run_id',
  'task_id',
  'host',
  'boot_id',
  'phase',
  'runner_pid',
  'runner_start',
  'worker_pid',
  'worker_start',
  'log_path',
  'gone_at',
] as const

const byRun = statement<{ runId: number }>()((db, p) =>
  db.selectFrom('run_processes').select(COLUMNS).where('run_id', '=', p.runId),
)

export async function findRunProcess(db: Connection, runId: number): Promise<RunProcess | undefined> {
  const row = await db.get(byRun, { runId })
  return row === undefined ? undefined : toProcess(row)
}

const secret = statement<{ runId: number }>()((db, p) =>
  db.selectFrom('run_processes').select('secret_hash as hash').where('run_id', '=', p.runId),
)

/** What is stored of the run's secret; undefined for a run that was claimed by hand. */
export const findSecretHash = async (db: Connection, runId: number): Promise<string | undefined> =>
  (await db.get(secret, { runId }))?.hash

const live = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('run_processes')
    .select('run_id as runId')
    .where('task_id', '=', p.taskId)
    .where('gone_at', 'is', null),
)

/** The run of the card whose processes are not proven gone, if there is one. */
export const findLingeringRun = async (db: Connection, taskId: string): Promise<number | null> =>
  (await db.get(live, { taskId }))?.runId ?? null

// Asked of SQLite, the order would cost a walk through all runs there ever were.
const allLive = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('run_processes')
    .select([...COLUMNS])
    .where('gone_at', 'is', null),
)

/** Every run whose processes are not proven gone, on any host. */
export const findLiveProcesses = async (db: Connection): Promise<RunProcess[]> =>
  (await db.all(allLive, {})).map(toProcess).sort((a, b) => a.runId - b.runId)

const starting = statement<{ runId: number; bootId: string; pid: number; start: string }>()((db, p) =>
  db
    .updateTable('run_processes')
    .set({ phase: 'starting', boot_id: p.bootId, runner_pid: p.pid, runner_start: p.start })
    .where('run_id', '=', p.runId)
    .where('phase', '=', 'launching'),
)

/** False when the run has got a runner before, or is gone. */
export const registerRunner = async (
  db: Connection,
  runId: number,
  runner: ProcessIdentity,
): Promise<boolean> =>
  (await db.run(starting, { runId, bootId: runner.bootId, pid: runner.pid, start: runner.startTime })) === 1

const started = statement<{ runId: number; pid: number; start: string }>()((db, p) =>
  db
    .updateTable('run_processes')
    .set({ phase: 'running', worker_pid: p.pid, worker_start: p.start })
    .where('run_id', '=', p.runId)
    // Also once more: an agent may be asked again, in a process of its own.
    .where('phase', 'in', ['starting', 'running']),
)

export const registerWorker = async (
  db: Connection,
  runId: number,
  worker: ProcessIdentity,
): Promise<boolean> => (await db.run(started, { runId, pid: worker.pid, start: worker.startTime })) === 1

const gone = statement<{ runId: number; now: number }>()((db, p) =>
  db
    .updateTable('run_processes')
    .set({ phase: 'gone', gone_at: p.now })
    .where('run_id', '=', p.runId)
    .where('gone_at', 'is', null),
)

export const markGone = async (db: Connection, runId: number, now: number): Promise<boolean> =>
  (await db.run(gone, { runId, now })) === 1

const evidence = statement<{
  runId: number
  exitCode: number | null
  signal: string | null
  limit: string | null
  lastLines: string | null
  elapsed: number | null
  killed: number
  signature: string | null
}>()((db, p) =>
  db
    .updateTable('run_processes')
    .set({
      exit_code: p.exitCode,
      signal: p.signal,
      limit_hit: p.limit,
      last_lines: p.lastLines,
      elapsed_seconds: p.elapsed,
      killed: p.killed,
      signature: p.signature,
    })
    .where('run_id', '=', p.runId),
)

export const storeEvidence = (
  db: Connection,
  runId: number,
  seen: RunEvidence,
  signature: string | null,
): Promise<number> =>
  db.run(evidence, {
    runId,
    exitCode: seen.exitCode,
    signal: seen.signal,
    limit: seen.limit,
    lastLines: seen.lastLines,
    elapsed: seen.elapsedSeconds,
    killed: seen.killed ? 1 : 0,
    signature,
  })

const evidenceOf = statement<{ runId: number }>()((db, p) =>
  db
    .selectFrom('run_processes')
    .select([
      'exit_code as exitCode',
      'signal',
      'limit_hit as limit',
      'last_lines as lastLines',
      'elapsed_seconds as elapsedSeconds',
      'killed',
    ])
    .where('run_id', '=', p.runId),
)

export async function findEvidence(db: Connection, runId: number): Promise<RunEvidence | undefined> {
  const row = await db.get(evidenceOf, { runId })
  return row === undefined
    ? undefined
    : { ...row, limit: row.limit as RunEvidence['limit'], killed: row.killed === 1 }
}

const lastEndings = statement<{ profile: string; limit: number }>()((db, p) =>
  db
    .selectFrom('task_runs as r')
    .innerJoin('run_processes as p', 'p.run_id', 'r.id')
    .select(['r.task_id as taskId', 'r.outcome', 'p.signature', 'r.ended_at as endedAt'])
    .where('r.profile', '=', p.profile)
    .where('r.ended_at', 'is not', null)
    .orderBy('r.id', 'desc')
    .limit(p.limit),
)

/** How the profile's last dispatched runs ended, newest first. */
export const findLastEndings = (
  db: Connection,
  profile: string,
  limit: number,
): Promise<{ taskId: string; outcome: string | null; signature: string | null; endedAt: number | null }[]> =>
  db.all(lastEndings, { profile, limit })

const liveByProfile = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('run_processes as p')
    .innerJoin('task_runs as r', 'r.id', 'p.run_id')
    .select(({ fn }) => ['r.profile', fn.countAll().as('n')])
    .where('p.gone_at', 'is', null)
    .groupBy('r.profile'),
)

/** How many runs have processes that are not proven gone, by profile. */
export const countLive = async (db: Connection): Promise<Map<string | null, number>> =>
  new Map((await db.all(liveByProfile, {})).map((row) => [row.profile, Number(row.n)]))
