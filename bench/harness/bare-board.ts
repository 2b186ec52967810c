/**
 * The limit: the rows that the kernel's verbs write, written by prepared statements with nothing around them. No checks, no
 * types, no reads but the one that finds the children of a finished card. Same schema, same pragmas, same fair waiting for
 * the write lock.
 */
import { createHash, randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../src/lib/clock.ts'
import { HOST } from './boards.ts'
import { BODY } from './seed.ts'
import { BOOT_ID, LOG_FOLDER, PROFILE, RESULT, workspaceOf, type Subject } from './subject.ts'

const TTL_SECONDS = 900
const LEASE_SECONDS = 60
const SQLITE_BUSY = 5
/** What its runner says of every run; see our-board.ts. */
const ELAPSED_SECONDS = 3

/** Where the totals of all time stand. */
const ALL_DAYS = -1

const dayOf = (now: number): number => Math.floor(now / 86_400)

export function openBare(file: string): Subject {
  const db = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true })
  db.exec(
    'pragma synchronous = full; pragma cache_size = -16000; pragma wal_autocheckpoint = 1000; pragma temp_store = memory',
  )
  const begin = db.prepare('begin immediate')
  const commit = db.prepare('commit')
  const insertTask = db.prepare(
    `insert into tasks (id, title, body, assignee, status, priority, created_by, created_at, workspace_kind, created_order)
     values (?, ?, ?, ?, 'ready', 0, 'bench', ?, 'scratch', (select coalesce(max(created_order), 0) + 1 from tasks))`,
  )
  const insertEvent = db.prepare(
    'insert into task_events (task_id, run_id, kind, payload, created_at, actor, door) values (?, ?, ?, ?, ?, ?, ?)',
  )
  const insertRun = db.prepare(
    `insert into task_runs (task_id, profile, status, claim_lock, claim_expires, max_runtime_seconds, started_at)
     values (?, ?, 'running', ?, ?, ?, ?)`,
  )
  const claimTask = db.prepare(
    `update tasks set status = 'running', started_at = ?, claim_lock = ?, claim_expires = ?, current_run_id = ?
     where id = ? and status = 'ready'`,
  )
  const endRun = db.prepare(
    `update task_runs set status = 'completed', outcome = 'completed', ended_at = ?, summary = ?
     where task_id = ? and ended_at is null`,
  )
  const finishTask = db.prepare(
    `update tasks set status = 'done', completed_at = ?, result = ?, claim_lock = null, claim_expires = null,
       worker_pid = null, spawn_failures = 0, current_run_id = null
     where id = ? and status = 'running'
     returning 1`,
  )
  // A cross join keeps the order: from the few links to their cards, never from all waiting cards.
  const freedChildren = db.prepare(
    `select l.child_id as id from task_links l cross join tasks c on c.id = l.child_id
     where l.parent_id = ? and c.status = 'todo' and not exists (
       select 1 from task_links o join tasks p on p.id = o.parent_id
       where o.child_id = l.child_id and p.status <> 'done' and not (p.status = 'archived' and p.completed_at is not null))`,
  )
  const promote = db.prepare(`update tasks set status = 'ready' where id = ? and status = 'todo'`)
  const insertProcess = db.prepare(
    `insert into run_processes (run_id, task_id, host, boot_id, phase, secret_hash, log_path)
     values (?, ?, ?, ?, 'launching', ?, ?)`,
  )
  const charge = db.prepare(
    `insert into attempt_ledger (task_id, run_id, profile, day, kind, amount, actor, reason, created_at)
     values (?, ?, ?, ?, 'charge', 1, 'dispatcher', 'run opened', ?)`,
  )
  const insertLease = db.prepare(
    `insert into workspaces (host, path, kind, task_id, run_id, state, created_at) values (?, ?, 'scratch', ?, ?, 'leased', ?)`,
  )
  const processGone = db.prepare(
    `update run_processes set phase = 'gone', gone_at = ?, exit_code = 0, last_lines = ?, elapsed_seconds = ${ELAPSED_SECONDS} where run_id = ?`,
  )
  const insertUsage = db.prepare(
    `insert into run_usage (run_id, day, task_id, profile, runs, runtime_seconds, tokens_in, tokens_cached, tokens_out, cost_micros, estimated_micros, unpriced_tokens, updated_at)
     values (?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, ?)`,
  )
  const addRuntime = db.prepare(
    'update run_usage set runtime_seconds = runtime_seconds + ?, updated_at = ? where run_id = ? and day = ?',
  )
  const addToTotal = db.prepare(
    `insert into usage_totals (scope, target, day, runs, runtime_seconds, tokens_in, tokens_cached, tokens_out, cost_micros, estimated_micros, unpriced_tokens)
     values (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0)
     on conflict (scope, target, day) do update set runs = runs + excluded.runs, runtime_seconds = runtime_seconds + excluded.runtime_seconds`,
  )
  const releaseLease = db.prepare(
    `update workspaces set state = 'kept', released_at = ? where task_id = ? and host = ? and path = ?`,
  )

  const completed = JSON.stringify({ result_len: RESULT.length, summary: RESULT, status: 'done' })
  const promoted = JSON.stringify({ status: 'ready' })

  function openRunRow(
    taskId: string,
    lock: string,
    expires: number,
    maxRuntime: number | null,
    now: number,
  ): number {
    const runId = Number(insertRun.run(taskId, PROFILE, lock, expires, maxRuntime, now).lastInsertRowid)
    claimTask.run(now, lock, expires, runId, taskId)
    return runId
  }

  function claimedEvent(
    taskId: string,
    runId: number,
    lock: string,
    expires: number,
    actor: string,
    door: string,
    now: number,
  ): void {
    insertEvent.run(
      taskId,
      runId,
      'claimed',
      JSON.stringify({ lock, expires, run_id: runId, status: 'running' }),
      now,
      actor,
      door,
    )
  }

  function finish(taskId: string, runId: number | null, actor: string, door: string, now: number): void {
    endRun.run(now, RESULT, taskId)
    if (finishTask.get(now, RESULT, taskId) === undefined) throw new Error(`${taskId} was not running`)
    insertEvent.run(taskId, runId, 'completed', completed, now, actor, door)
    for (const { id } of freedChildren.all(taskId) as { id: string }[]) {
      promote.run(id)
      insertEvent.run(id, null, 'promoted', promoted, now, 'rule:dependency', door)
    }
  }

  function addToTotals(taskId: string, runs: number, seconds: number, day: number): void {
    for (const at of [day, ALL_DAYS]) {
      addToTotal.run('board', '*', at, runs, seconds)
      addToTotal.run('profile', PROFILE, at, runs, seconds)
      addToTotal.run('task', taskId, at, runs, seconds)
    }
  }

  const isBegun = (): boolean => {
    try {
      begin.run()
      return true
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
      throw error
    }
  }

  function write<T>(work: (now: number) => T): T | Promise<T> {
    if (!isBegun()) return writeLater(work)
    const result = work(systemClock.now())
    commit.run()
    return result
  }

  async function writeLater<T>(work: (now: number) => T): Promise<T> {
    do await systemClock.sleep(1 + Math.floor(Math.random() * 4))
    while (!isBegun())
    const result = work(systemClock.now())
    commit.run()
    return result
  }

  const runIds = db.prepare('select current_run_id as id from tasks where id = ?')

  return {
    create: (title) => {
      const id = `t_${randomBytes(4).toString('hex')}`
      const payload = JSON.stringify({
        assignee: PROFILE,
        status: 'ready',
        parents: [],
        tenant: null,
        skills: null,
      })
      return write((now) => {
        insertTask.run(id, title, BODY, PROFILE, now)
        insertEvent.run(id, null, 'created', payload, now, 'bench', 'cli')
        return id
      })
    },
    claim: (id) =>
      write((now) => {
        const lock = `${HOST}:bench`
        const runId = openRunRow(id, lock, now + TTL_SECONDS, null, now)
        claimedEvent(id, runId, lock, now + TTL_SECONDS, 'bench', 'cli', now)
      }),
    complete: (id) =>
      write((now) => {
        const runId = (runIds.get(id) as { id: number }).id
        finish(id, runId, 'bench', 'cli', now)
      }),
    openRun: (id) => {
      const secret = randomBytes(32).toString('base64url')
      return write((now) => {
        const lock = 'bench-host:4711'
        const expires = now + LEASE_SECONDS
        const runId = openRunRow(id, lock, expires, 3600, now)
        const hash = createHash('sha256').update(secret).digest('hex')
        insertProcess.run(runId, id, HOST, BOOT_ID, hash, `${LOG_FOLDER}/${id}-${runId}.log`)
        const day = dayOf(now)
        charge.run(id, runId, PROFILE, day, now)
        insertUsage.run(runId, day, id, PROFILE, now)
        addToTotals(id, 1, 0, day)
        claimedEvent(id, runId, lock, expires, 'dispatcher', 'gateway', now)
        insertLease.run(HOST, workspaceOf(id), id, runId, now)
        return { taskId: id, runId }
      })
    },
    closeRun: ({ taskId, runId }) =>
      write((now) => {
        processGone.run(now, RESULT, runId)
        addRuntime.run(ELAPSED_SECONDS, now, runId, dayOf(now))
        addToTotals(taskId, 0, ELAPSED_SECONDS, dayOf(now))
        releaseLease.run(now, taskId, HOST, workspaceOf(taskId))
        finish(taskId, runId, 'runner', 'runner', now)
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(db.close()),
  }
}
