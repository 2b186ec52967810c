/** Workspaces for people: where a card would be worked on, what is there, what is in the trash. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Profiles } from '../agents/profiles.ts'
import type { HomeServices, PlacedWorkspace, WorkspaceDiff } from '../home/services.ts'
import type { Settings } from '../contract/config.ts'
import { conflict } from '../domain/errors.ts'
import type { Task } from '../domain/task.ts'
import { orNull } from '../workspaces/canonical-path.ts'
import { firstComplaint, GitFailure } from '../workspaces/git.ts'
import { readMarker } from '../workspaces/marker.ts'
import { workspaceDiff } from '../workspaces/workspace-diff.ts'
import { folderSize } from '../workspaces/walk.ts'
import { prepareWorkspace } from '../workspaces/prepare-workspace.ts'
import { isWorkspaceProblem, resolveWorkspace } from '../workspaces/resolve-workspace.ts'
import { listTrash } from '../workspaces/trash-entry.ts'
import { restoreFromTrash } from '../workspaces/trash.ts'
import { namesIn, type ServicesWiring } from './wiring.ts'
import { expanded } from './settings.ts'

export async function openWorkspaces(
  { paths, kernel }: Pick<ServicesWiring, 'kernel' | 'paths'>,
  settings: () => Promise<Settings>,
  profiles: Profiles,
): Promise<Awaited<ReturnType<HomeServices['workspaces']>>> {
  const resolve = async (task: Task) => {
    const finding = task.assignee === null ? null : profiles.find(task.assignee)
    const configured = (await settings()).workspaces.repository
    const baseFolder =
      (finding?.state === 'found' ? finding.profile.repository : null) ??
      (configured === null ? null : expanded(configured))
    return resolveWorkspace({
      taskId: task.id,
      kind: task.workspaceKind,
      path: task.workspacePath,
      workspacesRoot: paths.workspaces,
      baseFolder,
      home: paths.home,
    })
  }
  const boardId = (await kernel()).deps.store.boardId
  return {
    async resolve(task) {
      const resolved = await resolve(task)
      return isWorkspaceProblem(resolved) ? resolved : { path: resolved.path }
    },
    async prepare(task) {
      const resolved = await resolve(task)
      if (isWorkspaceProblem(resolved))
        throw conflict('no_workspace', `${resolved.problem} ${resolved.next}`, { id: task.id })
      return { path: (await prepareWorkspace(resolved, { taskId: task.id, boardId })).path }
    },
    size: async (path) => folderSize(path).catch(() => null),
    async strays(known) {
      const names = new Set(known)
      return namesIn(paths.workspaces)
        .map((name) => join(paths.workspaces, name))
        .filter((path) => !names.has(path))
    },
    async listTrash() {
      return (await listTrash(paths.trash)).flatMap(({ name, entry }) =>
        entry === null || entry.boardId !== boardId
          ? []
          : {
              name,
              taskId: entry.taskId,
              from: entry.from,
              trashedAt: entry.trashedAt,
              reason: entry.reason,
            },
      )
    },
    async restoreFromTrash(name, actor) {
      const restored = await restoreFromTrash({ trashRoot: paths.trash, boardId, name })
      await (await kernel()).recordRestored(restored.path, actor)
      return restored
    },
    async diff(workspace) {
      const { host } = (await kernel()).deps
      return diffOf(workspace, { host, boardId })
    },
  }
}

/** Only a folder that is still the one the board means is looked into: nothing leads elsewhere, and no other card's is shown. */
async function diffOf(
  { id, host, path, kind, taskId, state, baseCommit }: PlacedWorkspace,
  here: { readonly host: string; readonly boardId: string },
): Promise<WorkspaceDiff | null> {
  const gone = (fact: string, next: string) =>
    conflict('workspace_gone', `Cannot compare workspace ${id} of ${taskId}: ${fact}.`, {
      id,
      path,
      next,
    })
  if (host !== here.host)
    throw conflict(
      'workspace_elsewhere',
      `Cannot compare workspace ${id} of ${taskId}: it is on ${host}, at ${path}.`,
      { id, host, path, next: `Ask the server on ${host}.` },
    )
  if (state === 'trashed')
    throw gone('it is in the trash', 'List the trash, and restore it: yard workspaces --trash')
  if (state === 'removed' || (await orNull(realpath(path))) !== path)
    throw gone(`${path} is not there any more, or not that folder`, 'See what there is: yard workspaces')
  const marker = await readMarker(path)
  const isOurs = marker?.boardId === here.boardId && marker.taskId === taskId
  if (kind !== 'dir' && !isOurs)
    throw gone(`${path} does not carry the mark of ${taskId} any more`, 'See what there is: yard workspaces')
  try {
    return await workspaceDiff(path, { base: marker?.worktree?.baseCommit ?? baseCommit ?? undefined })
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    throw conflict(
      'git_failed',
      `Cannot compare workspace ${id} of ${taskId}: ${firstComplaint(error.result)}.`,
      { id, path, next: `Look at it by hand: cd ${path} && git status` },
    )
  }
}
