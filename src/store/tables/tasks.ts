/** The cards. `updateTask` is for the kernel's `apply` alone. */
import { sql, type Insertable, type Kysely } from 'kysely'
import type { TaskFields } from '../../domain/change.ts'
import type { Task, TaskStatus, WorkspaceKind } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import type { Tables, TasksTable } from '../schema.ts'
import { adHoc, statement, Statement, textsIn, type ParamValue, type StatementText } from '../statement.ts'
import { stringsFromJson, toJson } from './json.ts'

/** Field of the domain to column of the table. */
const COLUMN = {
  id: 'id',
  title: 'title',
  body: 'body',
  assignee: 'assignee',
  status: 'status',
  priority: 'priority',
  createdBy: 'created_by',
  createdAt: 'created_at',
  startedAt: 'started_at',
  completedAt: 'completed_at',
  workspaceKind: 'workspace_kind',
  workspacePath: 'workspace_path',
  claimLock: 'claim_lock',
  claimExpires: 'claim_expires',
  tenant: 'tenant',
  result: 'result',
  idempotencyKey: 'idempotency_key',
  spawnFailures: 'spawn_failures',
  workerPid: 'worker_pid',
  lastSpawnError: 'last_spawn_error',
  maxRuntimeSeconds: 'max_runtime_seconds',
  lastHeartbeatAt: 'last_heartbeat_at',
  currentRunId: 'current_run_id',
  workflowTemplateId: 'workflow_template_id',
  currentStepKey: 'current_step_key',
  skills: 'skills',
} as const satisfies Record<keyof Task, keyof TasksTable>

const FIELDS = Object.keys(COLUMN) as (keyof Task)[]
const COLUMNS = Object.values(COLUMN)

const toTask = (row: Omit<TasksTable, 'created_order'>): Task => ({
  id: row.id,
  title: row.title,
  body: row.body,
  assignee: row.assignee,
  status: row.status as TaskStatus,
  priority: row.priority,
  createdBy: row.created_by,
  createdAt: row.created_at,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  workspaceKind: row.workspace_kind as WorkspaceKind,
  workspacePath: row.workspace_path,
  claimLock: row.claim_lock,
  claimExpires: row.claim_expires,
  tenant: row.tenant,
  result: row.result,
  idempotencyKey: row.idempotency_key,
  spawnFailures: row.spawn_failures,
  workerPid: row.worker_pid,
  lastSpawnError: row.last_spawn_error,
  maxRuntimeSeconds: row.max_runtime_seconds,
  lastHeartbeatAt: row.last_heartbeat_at,
  currentRunId: row.current_run_id,
  workflowTemplateId: row.workflow_template_id,
  currentStepKey: row.current_step_key,
  skills: stringsFromJson(row.skills),
})

const toColumn = (field: keyof Task, value: unknown): ParamValue =>
  field === 'skills' ? toJson(value) : (value as ParamValue)

const byId = statement<{ id: string }>()((db, p) =>
  db.selectFrom('tasks').select(COLUMNS).where('id', '=', p.id),
)
const byIdLocked = statement<{ id: string }>()((db, p, dialect) =>
  dialect.lock(db.selectFrom('tasks').select(COLUMNS).where('id', '=', p.id)),
)

export async function findTask(db: Connection, id: string): Promise<Task | undefined> {
  const row = await db.get(byId, { id })
  return row === undefined ? undefined : toTask(row)
}

/** Like {@link findTask}, and nobody else can change the card before this transaction ends. */
export async function lockTask(db: Connection, id: string): Promise<Task | undefined> {
  const row = await db.get(byIdLocked, { id })
  return row === undefined ? undefined : toTask(row)
}

const insert = statement<Record<(typeof COLUMNS)[number], ParamValue>>()((db, p) =>
  db
    .insertInto('tasks')
    .values({
      ...(Object.fromEntries(
        COLUMNS.map((column) => [column, p[column]]),
      ) as unknown as Insertable<TasksTable>),
      created_order: sql`(select coalesce(max(created_order), 0) + 1 from tasks)`,
    })
    .onConflict((conflict) => conflict.doNothing()),
)

/** False when its id or its idempotency key is taken. */
export async function insertTask(db: Connection, task: Task): Promise<boolean> {
  const row = Object.fromEntries(
    FIELDS.map((field) => [COLUMN[field], toColumn(field, task[field])]),
  ) as Record<(typeof COLUMNS)[number], ParamValue>
  return (await db.run(insert, row)) === 1
}

const updates = new Map<string, Statement<Record<string, ParamValue>, unknown>>()

type WritableFields = TaskFields & { readonly status?: TaskStatus; readonly currentRunId?: number | null }

/** Sets fields if the card still is in the expected state; false when it has moved meanwhile. */
export async function updateTask(
  db: Connection,
  id: string,
  expect: { status: TaskStatus; currentRunId: number | null },
  fields: WritableFields,
): Promise<boolean> {
  const names = Object.keys(fields) as (keyof Task)[]
  const params: Record<string, ParamValue> = { where_id: id, where_status: expect.status }
  for (const name of names) params[COLUMN[name]] = toColumn(name, fields[name as keyof WritableFields])
  if (expect.currentRunId !== null) params['where_run'] = expect.currentRunId
  return (await db.run(updateStatement(names, expect.currentRunId !== null), params)) === 1
}

function updateStatement(
  names: readonly (keyof Task)[],
  withRun: boolean,
): Statement<Record<string, ParamValue>, unknown> {
  const key = `${withRun}:${names.join()}`
  const known = updates.get(key)
  if (known !== undefined) return known
  const made = new Statement<Record<string, ParamValue>, unknown>({
    sqlite: updateText(names, withRun, () => '?'),
    postgres: updateText(names, withRun, (place) => `$${place}`),
  })
  updates.set(key, made)
  return made
}

/** Written out: for Kysely to build it, every process that moves a card would have to load Kysely. */
function updateText(
  names: readonly (keyof Task)[],
  withRun: boolean,
  mark: (place: number) => string,
): StatementText {
  const slots: string[] = []
  const taking = (column: string, slot: string) => `"${column}" = ${mark(slots.push(slot))}`
  const set = names.map((name) => taking(COLUMN[name], COLUMN[name])).join(', ')
  const where = [
    taking('id', 'where_id'),
    taking('status', 'where_status'),
    withRun ? taking('current_run_id', 'where_run') : '"current_run_id" is null',
  ]
  return { sql: `update "tasks" set ${set} where ${where.join(' and ')}`, slots }
}

const heartbeat = statement<{ id: string; runId: number; now: number; expires: number }>()((db, p) =>
  db
    .updateTable('tasks')
    .set({ last_heartbeat_at: p.now, claim_expires: p.expires })
    .where('id', '=', p.id)
    .where('current_run_id', '=', p.runId),
)
const lease = statement<{ id: string; runId: number; expires: number }>()((db, p) =>
  db
    .updateTable('tasks')
    .set({ claim_expires: p.expires })
    .where('id', '=', p.id)
    .where('current_run_id', '=', p.runId),
)
const pid = statement<{ id: string; runId: number; pid: number }>()((db, p) =>
  db
    .updateTable('tasks')
    .set({ worker_pid: p.pid, spawn_failures: 0, last_spawn_error: null })
    .where('id', '=', p.id)
    .where('current_run_id', '=', p.runId),
)

export const touchTask = (
  db: Connection,
  values: { id: string; runId: number; now: number; expires: number },
): Promise<number> => db.run(heartbeat, values)
export const extendTaskClaim = (
  db: Connection,
  values: { id: string; runId: number; expires: number },
): Promise<number> => db.run(lease, values)
export const setWorkerPid = (
  db: Connection,
  values: { id: string; runId: number; pid: number },
): Promise<number> => db.run(pid, values)

const byKey = statement<{ key: string }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select(COLUMNS)
    .where('idempotency_key', '=', p.key)
    .where('status', '<>', 'archived'),
)

export async function findTaskByKey(db: Connection, key: string): Promise<Task | undefined> {
  const row = await db.get(byKey, { key })
  return row === undefined ? undefined : toTask(row)
}

const byPrefix = statement<{ from: string; to: string }>()((db, p) =>
  db.selectFrom('tasks').select('id').where('id', '>=', p.from).where('id', '<', p.to).orderBy('id').limit(6),
)

/** At most six ids that begin with `prefix`. */
export const findTaskIds = async (db: Connection, prefix: string): Promise<string[]> =>
  (await db.all(byPrefix, { from: prefix, to: `${prefix}g` })).map((row) => row.id)

export interface TaskFilter {
  readonly status?: readonly TaskStatus[]
  readonly assignee?: string | null
  readonly tenant?: string
  readonly archived?: boolean
  readonly limit?: number
  readonly offset?: number
}

/** Priority descending, then creation; archived cards only when asked for. */
export async function findTasks(db: Connection, filter: TaskFilter): Promise<Task[]> {
  const rows = await db.all(
    adHoc(db.dialect, (kysely) => {
      let query = kysely
        .selectFrom('tasks')
        .select(COLUMNS)
        .orderBy('priority', 'desc')
        .orderBy('created_at')
        .orderBy('created_order')
        .orderBy('id')
      if (filter.status !== undefined) query = query.where('status', 'in', [...filter.status])
      else if (filter.archived !== true) query = query.where('status', '<>', 'archived')
      if (filter.assignee === null) query = query.where('assignee', 'is', null)
      else if (filter.assignee !== undefined) query = query.where('assignee', '=', filter.assignee)
      if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant)
      if (filter.limit !== undefined) query = query.limit(filter.limit)
      if (filter.offset !== undefined && filter.offset > 0)
        query = (filter.limit === undefined ? query.limit(1_000_000_000) : query).offset(filter.offset)
      return query
    }),
    {},
  )
  return rows.map(toTask)
}

const counts = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('tasks')
    .select(({ fn }) => ['status', 'assignee', fn.countAll().as('n')])
    .groupBy(['status', 'assignee']),
)

export const countTasks = async (
  db: Connection,
): Promise<{ status: TaskStatus; assignee: string | null; count: number }[]> =>
  (await db.all(counts, {})).map((row) => ({
    status: row.status as TaskStatus,
    assignee: row.assignee,
    count: Number(row.n),
  }))

const oldestReady = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('tasks')
    .select(({ fn }) => fn.min('created_at').as('at'))
    .where('status', '=', 'ready'),
)

export const oldestReadyAt = async (db: Connection): Promise<number | null> => {
  const at = (await db.get(oldestReady, {}))?.at ?? null
  return at === null ? null : Number(at)
}

/** What a dispatcher must know of a card before it looks closer. */
export interface ReadyCard {
  readonly id: string
  readonly assignee: string | null
}

interface ReadyParams extends Record<string, ParamValue> {
  readonly limit: number
  readonly now: number
}

const readyCards = (db: Kysely<Tables>, p: ReadyParams, holds: 'all' | 'not preflight') =>
  db
    .selectFrom('tasks')
    .select(['id', 'assignee'])
    .where('status', '=', 'ready')
    .where((eb) => {
      const open = eb
        .selectFrom('holds')
        .select('holds.id')
        .where('scope', '=', 'task')
        .whereRef('target', '=', 'tasks.id')
        .where('lifted_at', 'is', null)
        .where((hold) => hold.or([hold('until', 'is', null), hold('until', '>', p.now)]))
      return eb.not(eb.exists(holds === 'all' ? open : open.where('kind', '<>', 'preflight')))
    })
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .orderBy('created_order')
    .orderBy('id')
    .limit(p.limit)

const ready = statement<ReadyParams>()((db, p) => readyCards(db, p, 'all'))
const readyDespitePreflight = statement<ReadyParams>()((db, p) => readyCards(db, p, 'not preflight'))
const readyForOthers = statement<ReadyParams & { readonly profiles: string; readonly tenants: string }>()(
  (db, p, dialect) =>
    readyCards(db, p, 'all')
      .where('assignee', 'is not', null)
      .where('assignee', 'not in', textsIn(p.profiles, dialect))
      .where((eb) => eb.or([eb('tenant', 'is', null), eb('tenant', 'not in', textsIn(p.tenants, dialect))])),
)

export interface ReadyFilter {
  readonly limit: number
  /** With those whose last check found something missing: they are looked at again before their time. */
  readonly despitePreflight?: boolean
  /** Only cards that are assigned, and neither to one of these profiles nor of one of these tenants. */
  readonly except?: { readonly profiles: readonly string[]; readonly tenants: readonly string[] }
}

/** Ready cards that no hold of their own keeps back, in the order they are to run. */
export const findReady = (
  db: Connection,
  { limit, despitePreflight = false, except }: ReadyFilter,
  now: number,
): Promise<ReadyCard[]> =>
  except === undefined
    ? db.all(despitePreflight ? readyDespitePreflight : ready, { limit, now })
    : db.all(readyForOthers, {
        limit,
        now,
        profiles: JSON.stringify(except.profiles),
        tenants: JSON.stringify(except.tenants),
      })
