/** Workspaces for people: where a card would be worked on, what is there, what is in the trash. */
import { join } from 'node:path'
import type { Profiles } from '../agents/profiles.ts'
import type { HomeServices } from '../home/services.ts'
import type { Settings } from '../contract/config.ts'
import { conflict } from '../domain/errors.ts'
import type { Task } from '../domain/task.ts'
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
        entry === null
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
    restoreFromTrash: (name) => restoreFromTrash({ trashRoot: paths.trash, boardId, name }),
  }
}
