/** Reads a board with SQL of its own: the column names are the public ones, and no code of the product takes part. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

export interface TaskRow {
  readonly id: string
  readonly title: string
  readonly status: string
  readonly assignee: string | null
  readonly result: string | null
  readonly current_run_id: number | null
  readonly spawn_failures: number
}

export interface RunRow {
  readonly id: number
  readonly task_id: string
  readonly outcome: string | null
  readonly summary: string | null
  readonly error: string | null
  readonly started_at: number
  readonly ended_at: number | null
  readonly exit_code: number | null
  readonly signal: string | null
  readonly limit_hit: string | null
  readonly last_lines: string | null
  readonly killed: number | null
  readonly runner_pid: number | null
  readonly worker_pid: number | null
  readonly phase: string | null
  readonly log_path: string | null
}

export interface EventRow {
  readonly id: number
  readonly task_id: string | null
  readonly run_id: number | null
  readonly kind: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly actor: string | null
  readonly door: string | null
}

export interface HoldRow {
  readonly scope: string
  readonly target: string
  readonly kind: string
  readonly reason: string
  readonly lifted_at: number | null
}

const RUNS = `select r.id, r.task_id, r.outcome, r.summary, r.error, r.started_at, r.ended_at,
  p.exit_code, p.signal, p.limit_hit, p.last_lines, p.killed, p.runner_pid, p.worker_pid, p.phase, p.log_path
  from task_runs r left join run_processes p on p.run_id = r.id`

export class BoardReader implements Disposable {
  readonly #file: string
  #db: DatabaseSync | null = null

  constructor(file: string) {
    this.#file = file
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    this.#db ??= new DatabaseSync(this.#file, { readOnly: true, timeout: 10_000 })
    return this.#db.prepare(sql).all(...values) as Row[]
  }

  count(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.all<{ n: number }>(`select count(*) as n from ${sql}`, ...values)[0]?.n)
  }

  task(id: string): TaskRow {
    const [row] = this.all<TaskRow>('select * from tasks where id = ?', id)
    if (row === undefined) throw new Error(`${id} is not on the board`)
    return row
  }

  tasks(): TaskRow[] {
    return this.all('select * from tasks order by created_at, created_order, id')
  }

  runs(taskId: string): RunRow[] {
    return this.all(`${RUNS} where r.task_id = ? order by r.id`, taskId)
  }

  allRuns(): RunRow[] {
    return this.all(`${RUNS} order by r.id`)
  }

  /** Events after a cursor, of one card or of all. */
  events({ task, after = 0 }: { task?: string; after?: number } = {}): EventRow[] {
    const rows = this.all<Omit<EventRow, 'payload'> & { payload: string | null }>(
      'select * from task_events where id > ? and (? is null or task_id = ?) order by id',
      after,
      task ?? null,
      task ?? null,
    )
    return rows.map((row) => ({ ...row, payload: JSON.parse(row.payload ?? '{}') as EventRow['payload'] }))
  }

  get cursor(): number {
    return Number(this.all<{ id: number }>('select coalesce(max(id), 0) as id from task_events')[0]?.id)
  }

  /** Holds that are not lifted. */
  holds(target: string): HoldRow[] {
    return this.all('select * from holds where target = ? and lifted_at is null order by id', target)
  }

  ledger(taskId: string): { charge: number; refund: number; grant: number } {
    const totals = { charge: 0, refund: 0, grant: 0 }
    for (const { kind, n } of this.all<{ kind: keyof typeof totals; n: number }>(
      'select kind, sum(amount) as n from attempt_ledger where task_id = ? group by kind',
      taskId,
    ))
      totals[kind] = n
    return totals
  }

  /** Lets go of the file; the next question opens it again. */
  close(): void {
    this.#db?.close()
    this.#db = null
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
