/** Reading: nothing here can change the board. */
import type { Hold } from '../domain/hold.ts'
import type { BoardEvent } from '../domain/event.ts'
import { invalid, notFound, taskNotFound } from '../domain/errors.ts'
import type { Run, RunEvidence, RunProcess } from '../domain/run.ts'
import type { Comment, Task, TaskId, TaskStatus } from '../domain/task.ts'
import type { Connection } from '../store/connection.ts'
import { findAttachments, type Attachment } from '../store/tables/attachments.ts'
import { findComments } from '../store/tables/comments.ts'
import { findMail, type RunMail } from '../store/tables/run-mail.ts'
import {
  findCreatedBy,
  findCreator,
  findEvents,
  latestEventId,
  type EventFilter,
} from '../store/tables/events.ts'
import { findHolds, findOpenHolds, holding } from '../store/tables/holds.ts'
import { findLateReports, type LateReport } from '../store/tables/late-reports.ts'
import { ledgerTotals } from '../store/tables/ledger.ts'
import { findChildren, findParents, type LinkedTask } from '../store/tables/links.ts'
import { findEvidence, findLiveProcesses, findRunProcess } from '../store/tables/run-processes.ts'
import { findRun, findRuns } from '../store/tables/runs.ts'
import { countTasks, findTaskIds, findTasks, oldestReadyAt, type TaskFilter } from '../store/tables/tasks.ts'
import { findWorkspaces, findWorkspacesOf, type Workspace } from '../store/tables/workspaces.ts'
import type { LedgerTotals } from '../domain/change.ts'
import { findUsageOfRun, findUsageOfTask } from '../store/tables/usage.ts'
import { added, NO_AMOUNTS, type Amounts } from '../domain/usage.ts'
import { requireTask, type KernelDeps } from './deps.ts'

export const listTasks = ({ store }: KernelDeps, filter: TaskFilter): Promise<Task[]> =>
  store.read((db) => findTasks(db, filter))

export const getTask = ({ store }: KernelDeps, id: string): Promise<Task> =>
  store.read((db) => requireTask(db, id))

/** Finds the one card whose id begins like this; `t_` may be left out. */
export async function resolveTaskId({ store }: KernelDeps, given: string): Promise<string> {
  const text = given.trim().toLowerCase()
  const prefix = text.startsWith('t_') ? text : `t_${text}`
  if (!/^t_[0-9a-f]+$/.test(prefix))
    throw invalid(
      'bad_task_id',
      `${JSON.stringify(given)} is not a card's id. Ids look like t_1a2b3c4d; list them with: yard list`,
      { id: given },
    )
  const ids = await store.read((db) => findTaskIds(db, prefix))
  if (ids.includes(prefix)) return prefix
  const [only, ...more] = ids
  if (only === undefined) throw taskNotFound(given)
  if (more.length > 0)
    throw invalid('ambiguous_task_id', `${given} could be ${ids.join(', ')}. Give more of the id.`, {
      id: given,
      candidates: ids,
    })
  return only
}

export interface RunView extends Run {
  /** What it used; null for a run that was claimed by hand. */
  readonly usage: Amounts | null
  readonly evidence: RunEvidence | null
  readonly process: RunProcess | null
}

export interface TaskDetails {
  readonly task: Task
  readonly parents: readonly LinkedTask[]
  readonly children: readonly LinkedTask[]
  readonly comments: readonly Comment[]
  /** How far each of its runs was told of them. */
  readonly mail: readonly RunMail[]
  readonly runs: readonly RunView[]
  readonly events: readonly BoardEvent[]
  readonly holds: readonly Hold[]
  readonly attachments: readonly Attachment[]
  readonly lateReports: readonly LateReport[]
  readonly workspaces: readonly Workspace[]
  readonly attempts: LedgerTotals
  /** All its runs together. */
  readonly usage: Amounts
}

async function runsOf(db: Connection, taskId: string): Promise<RunView[]> {
  const usage = await findUsageOfTask(db, taskId)
  const runs: RunView[] = []
  for (const run of await findRuns(db, taskId))
    runs.push({
      ...run,
      evidence: (await findEvidence(db, run.id)) ?? null,
      process: (await findRunProcess(db, run.id)) ?? null,
      usage: usage.get(run.id) ?? null,
    })
  return runs
}

/** Everything about one card, on one consistent state of the board. */
export async function showTask({ store }: KernelDeps, id: string): Promise<TaskDetails> {
  const now = await store.now()
  return store.read(async (db) => {
    const task = await requireTask(db, id)
    const runs = await runsOf(db, id)
    return {
      task,
      parents: await findParents(db, id),
      children: await findChildren(db, id),
      comments: await findComments(db, id),
      mail: await findMail(db, id),
      runs,
      events: await findEvents(db, { taskId: id, limit: 1_000_000 }),
      holds: holding(await findHolds(db, 'task', id), now),
      attachments: await findAttachments(db, id),
      lateReports: await findLateReports(db, id),
      workspaces: await findWorkspacesOf(db, id),
      attempts: await ledgerTotals(db, id),
      usage: runs.reduce((sum, run) => (run.usage === null ? sum : added(sum, run.usage)), NO_AMOUNTS),
    }
  })
}

export async function getRun({ store }: KernelDeps, id: number): Promise<RunView> {
  return store.read(async (db) => {
    const run = await findRun(db, id)
    if (run === undefined)
      throw notFound('run_not_found', `run ${id} not found. List a card's runs with: yard runs <id>`, { id })
    const days = await findUsageOfRun(db, id)
    return {
      ...run,
      evidence: (await findEvidence(db, id)) ?? null,
      process: (await findRunProcess(db, id)) ?? null,
      usage: days.length === 0 ? null : days.reduce(added, NO_AMOUNTS),
    }
  })
}

export async function listRuns({ store }: KernelDeps, taskId: string): Promise<RunView[]> {
  return store.read(async (db) => {
    await requireTask(db, taskId)
    return runsOf(db, taskId)
  })
}

/** The card in whose run this one was created; null when a person created it, or it is not there. */
export const creatorOf = ({ store }: KernelDeps, id: TaskId): Promise<TaskId | null> =>
  store.read((db) => findCreator(db, id))

/** The cards that the runs of a card created, in that order. */
export const listCreatedBy = ({ store }: KernelDeps, id: TaskId): Promise<TaskId[]> =>
  store.read((db) => findCreatedBy(db, id))

/** The cards a card waits for, and those that wait for it. */
export const listLinks = (
  { store }: KernelDeps,
  id: string,
): Promise<{ readonly parents: readonly LinkedTask[]; readonly children: readonly LinkedTask[] }> =>
  store.read(async (db) => {
    await requireTask(db, id)
    return { parents: await findParents(db, id), children: await findChildren(db, id) }
  })

export const readEvents = ({ store }: KernelDeps, filter: EventFilter): Promise<BoardEvent[]> =>
  store.read((db) => findEvents(db, filter))

export interface EventPage {
  readonly events: readonly BoardEvent[]
  /** Up to here was looked: whoever goes on after it misses nothing, and nothing is looked at twice. */
  readonly cursor: number
}

/** A page of history, also where little or nothing of it is wanted. */
export const readEventPage = (
  { store }: KernelDeps,
  filter: EventFilter & { readonly limit: number },
): Promise<EventPage> =>
  store.read(async (db) => {
    const events = await findEvents(db, filter)
    const last = events.at(-1)
    const isCut = last !== undefined && events.length === filter.limit && filter.newestFirst !== true
    return { events, cursor: isCut ? last.id : Math.max(await latestEventId(db), filter.after ?? 0) }
  })

export const getLatestEventId = ({ store }: KernelDeps): Promise<number> => store.read(latestEventId)

export interface BoardStats {
  readonly byStatus: Readonly<Partial<Record<TaskStatus, number>>>
  /** Cards of each assignee by status; archived ones left out. `''` stands for nobody. */
  readonly byAssignee: ReadonlyMap<string, Readonly<Partial<Record<TaskStatus, number>>>>
  readonly oldestReadyAgeSeconds: number | null
}

export async function getStats({ store }: KernelDeps): Promise<BoardStats> {
  const now = await store.now()
  return store.read(async (db) => {
    const byStatus: Partial<Record<TaskStatus, number>> = {}
    // A map, because a name may be `__proto__`.
    const byAssignee = new Map<string, Partial<Record<TaskStatus, number>>>()
    for (const { status, assignee, count } of await countTasks(db)) {
      byStatus[status] = (byStatus[status] ?? 0) + count
      if (status === 'archived') continue
      const mine = byAssignee.get(assignee ?? '') ?? {}
      byAssignee.set(assignee ?? '', { ...mine, [status]: (mine[status] ?? 0) + count })
    }
    const oldest = await oldestReadyAt(db)
    return { byStatus, byAssignee, oldestReadyAgeSeconds: oldest === null ? null : Math.max(0, now - oldest) }
  })
}

export async function listHolds({ store }: KernelDeps): Promise<Hold[]> {
  const now = await store.now()
  return store.read(async (db) => holding(await findOpenHolds(db), now))
}

/** Every run whose processes are not proven gone. */
export const listLiveRuns = ({ store }: KernelDeps): Promise<RunProcess[]> => store.read(findLiveProcesses)

export const listWorkspaces = ({ store }: KernelDeps): Promise<Workspace[]> => store.read(findWorkspaces)
