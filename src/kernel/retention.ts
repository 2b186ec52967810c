/** What the board forgets, and what became of workspaces. */
import type { Actor } from '../domain/actor.ts'
import { removeEventsBefore } from '../store/tables/events.ts'
import { findAttachments, referencedDigests } from '../store/tables/attachments.ts'
import { findTask } from '../store/tables/tasks.ts'
import {
  findWorkspaces,
  setRestored,
  setWorkspaceState,
  type Workspace,
  type WorkspaceState,
} from '../store/tables/workspaces.ts'
import type { Task } from '../domain/task.ts'
import { denyWorkers, type KernelDeps } from './deps.ts'

/** Removes events of done and archived cards older than `before` (unix seconds); returns how many. */
export const forgetEvents = ({ store }: KernelDeps, before: number): Promise<number> =>
  store.write((tx) => removeEventsBefore(tx, before))

/** Digests of all files that some card still names. */
export const keptDigests = ({ store }: KernelDeps): Promise<Set<string>> => store.read(referencedDigests)

export const listAttachments = ({ store }: KernelDeps, taskId: string) =>
  store.read((db) => findAttachments(db, taskId))

export interface WorkspaceOwner {
  readonly workspace: Workspace
  readonly task: Task | null
}

/** Every workspace with the card it belongs to. */
export async function workspacesWithOwners({ store }: KernelDeps): Promise<WorkspaceOwner[]> {
  return store.read(async (db) => {
    const owned: WorkspaceOwner[] = []
    for (const workspace of await findWorkspaces(db))
      owned.push({ workspace, task: (await findTask(db, workspace.taskId)) ?? null })
    return owned
  })
}

/** Records what became of a workspace; false when somebody leases it now. */
export const recordWorkspace = (
  { store }: KernelDeps,
  id: number,
  to: {
    readonly state: Exclude<WorkspaceState, 'leased'>
    readonly reason: string | null
    readonly trashedAt: number | null
    readonly trashPath: string | null
  },
): Promise<boolean> => store.write((tx) => setWorkspaceState(tx, id, to))

/** Records that a workspace of this host was taken out of the trash; it is kept as if its card had just finished. */
export async function recordRestored({ store, host }: KernelDeps, path: string, actor: Actor): Promise<void> {
  denyWorkers(actor, 'restore workspaces')
  const reason = `taken out of the trash by ${actor.name}`
  await store.write((tx) => setRestored(tx, { host, path, reason, now: tx.now }))
}
