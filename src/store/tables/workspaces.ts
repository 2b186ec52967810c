/** Workspaces: who leases which folder, and what became of each. One lease per canonical path and host. */
import type { WorkspaceKind } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { statement, textsIn } from '../statement.ts'

export const WORKSPACE_STATES = ['leased', 'kept', 'trashed', 'removed'] as const
export type WorkspaceState = (typeof WORKSPACE_STATES)[number]

export interface Workspace {
  readonly id: number
  readonly host: string
  readonly path: string
  readonly kind: WorkspaceKind
  readonly taskId: string
  readonly runId: number | null
  readonly state: WorkspaceState
  readonly repository: string | null
  readonly branch: string | null
  readonly baseCommit: string | null
  readonly reason: string | null
  readonly createdAt: number
  readonly releasedAt: number | null
  readonly trashedAt: number | null
  readonly trashPath: string | null
}

const COLUMNS = [
  'id',
  'host',
  'path',
  'kind',
  'task_id as taskId',
  'run_id as runId',
  'state',
  'repository',
  'branch',
  'base_commit as baseCommit',
  'reason',
  'created_at as createdAt',
  'released_at as releasedAt',
  'trashed_at as trashedAt',
  'trash_path as trashPath',
] as const

const leaseOn = statement<{ host: string; path: string }>()((db, p) =>
  db
    .selectFrom('workspaces')
    .select(COLUMNS)
    .where('host', '=', p.host)
    .where('path', '=', p.path)
    .where('state', '=', 'leased'),
)

/** Who leases the path on that host. */
export const findLease = async (db: Connection, host: string, path: string): Promise<Workspace | undefined> =>
  (await db.get(leaseOn, { host, path })) as Workspace | undefined

const openIn = statement<{ host: string; paths: string; from: number; until: number }>()((db, p, dialect) =>
  db
    .selectFrom('workspaces as w')
    .innerJoin('task_runs as r', 'r.task_id', 'w.task_id')
    .select(['r.id as runId', 'r.task_id as taskId'])
    .where('w.host', '=', p.host)
    .where('w.path', 'in', textsIn(p.paths, dialect))
    .where('r.started_at', '<=', p.until)
    .where((eb) => eb.or([eb('r.ended_at', 'is', null), eb('r.ended_at', '>=', p.from)]))
    .orderBy('r.id', 'desc')
    .limit(1),
)

/** The newest run that was open on that host between two moments, and whose card has one of these workspaces. */
export const findOpenIn = (
  db: Connection,
  {
    paths,
    ...span
  }: {
    readonly host: string
    readonly paths: readonly string[]
    readonly from: number
    readonly until: number
  },
): Promise<{ readonly runId: number; readonly taskId: string } | undefined> =>
  db.get(openIn, { ...span, paths: JSON.stringify(paths) })

const leases = statement<{ host: string }>()((db, p) =>
  db
    .selectFrom('workspaces')
    .select(['path', 'task_id as taskId'])
    .where('host', '=', p.host)
    .where('state', '=', 'leased'),
)

/** Every leased path on that host, with the card that leases it. */
export const findLeases = async (db: Connection, host: string): Promise<Map<string, string>> =>
  new Map((await db.all(leases, { host })).map((row) => [row.path, row.taskId]))

const lease = statement<{
  host: string
  path: string
  kind: string
  taskId: string
  runId: number
  repository: string | null
  branch: string | null
  now: number
}>()((db, p) =>
  db
    .insertInto('workspaces')
    .values({
      host: p.host,
      path: p.path,
      kind: p.kind,
      task_id: p.taskId,
      run_id: p.runId,
      state: 'leased',
      repository: p.repository,
      branch: p.branch,
      created_at: p.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'host', 'path']).doUpdateSet({
        state: 'leased',
        run_id: p.runId,
        repository: p.repository,
        branch: p.branch,
        released_at: null,
        trashed_at: null,
        trash_path: null,
        reason: null,
      }),
    ),
)

/** Takes the lease; the caller has made sure that nobody has it. */
export const insertLease = (
  db: Connection,
  row: {
    host: string
    path: string
    kind: string
    taskId: string
    runId: number
    repository: string | null
    branch: string | null
    now: number
  },
): Promise<number> => db.run(lease, row)

const release = statement<{ runId: number; now: number }>()((db, p) =>
  db
    .updateTable('workspaces')
    .set({ state: 'kept', released_at: p.now })
    .where('run_id', '=', p.runId)
    .where('state', '=', 'leased'),
)

export const releaseLeases = (db: Connection, runId: number, now: number): Promise<number> =>
  db.run(release, { runId, now })

const base = statement<{ runId: number; baseCommit: string }>()((db, p) =>
  db
    .updateTable('workspaces')
    .set({ base_commit: p.baseCommit })
    .where('run_id', '=', p.runId)
    .where('base_commit', 'is', null),
)

export const setBaseCommit = (db: Connection, runId: number, baseCommit: string): Promise<number> =>
  db.run(base, { runId, baseCommit })

const all = statement<Record<string, never>>()((db) =>
  db.selectFrom('workspaces').select(COLUMNS).orderBy('id'),
)

export const findWorkspaces = async (db: Connection): Promise<Workspace[]> =>
  (await db.all(all, {})) as Workspace[]

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db.selectFrom('workspaces').select(COLUMNS).where('task_id', '=', p.taskId).orderBy('id'),
)

export const findWorkspacesOf = async (db: Connection, taskId: string): Promise<Workspace[]> =>
  (await db.all(ofTask, { taskId })) as Workspace[]

const state = statement<{
  id: number
  state: string
  reason: string | null
  trashedAt: number | null
  trashPath: string | null
}>()((db, p) =>
  db
    .updateTable('workspaces')
    .set({ state: p.state, reason: p.reason, trashed_at: p.trashedAt, trash_path: p.trashPath })
    .where('id', '=', p.id)
    .where('state', '<>', 'leased'),
)

/** Records what became of a workspace nobody leases; false when somebody does. */
export const setWorkspaceState = async (
  db: Connection,
  id: number,
  to: {
    state: Exclude<WorkspaceState, 'leased'>
    reason: string | null
    trashedAt: number | null
    trashPath: string | null
  },
): Promise<boolean> => (await db.run(state, { id, ...to })) === 1

const restored = statement<{ host: string; path: string; reason: string; now: number }>()((db, p) =>
  db
    .updateTable('workspaces')
    .set({ state: 'kept', reason: p.reason, released_at: p.now, trashed_at: null, trash_path: null })
    .where('host', '=', p.host)
    .where('path', '=', p.path)
    .where('state', '=', 'trashed'),
)

/** The workspace stands at its place again; its time there begins anew. */
export const setRestored = (
  db: Connection,
  row: { host: string; path: string; reason: string; now: number },
): Promise<number> => db.run(restored, row)
