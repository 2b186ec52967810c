import { trashView } from '../../contract/home-views.ts'
import { workspaceView } from '../../contract/views.ts'
import { notFound } from '../../domain/errors.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

export interface WorkspacesDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
}

export const workspaceHandlers = ({ kernel, services }: WorkspacesDeps) =>
  ({
    async listWorkspaces({ input: { task: wanted, all = false, sizes = false } }) {
      const places = await services.workspaces()
      const shown = (await kernel.workspacesWithOwners()).filter(
        ({ workspace: { taskId, state } }) =>
          (wanted === undefined || taskId === wanted) && (all || state === 'leased' || state === 'kept'),
      )
      const workspaces = []
      for (const { workspace, task } of shown) {
        const isHere = workspace.host === kernel.deps.host
        const size = sizes && isHere ? await places.size(workspace.path) : null
        workspaces.push({
          ...workspaceView(workspace),
          task_title: task?.title ?? null,
          task_status: task?.status ?? null,
          is_here: isHere,
          ...(sizes ? { size_bytes: size?.bytes ?? null } : {}),
        })
      }
      return { workspaces }
    },

    async getWorkspaceDiff({ input: { id } }) {
      const workspace = (await kernel.listWorkspaces()).find((each) => each.id === id)
      if (workspace === undefined)
        throw notFound('workspace_not_found', `There is no workspace ${id} on this board.`, {
          id,
          next: 'List them with GET /workspaces',
        })
      const found = await (await services.workspaces()).diff(workspace)
      return {
        workspace_id: id,
        task_id: workspace.taskId,
        is_git: found !== null,
        base: found?.base ?? null,
        stat: found?.stat ?? '',
        diff: found?.diff ?? '',
        truncated: found?.truncated ?? false,
        not_shown: [...(found?.notShown ?? [])],
      }
    },

    listTrash: async () => ({
      entries: (await (await services.workspaces()).listTrash()).map(trashView),
    }),

    async restoreWorkspace({ input: { name }, actor }) {
      const { path } = await (await services.workspaces()).restoreFromTrash(name, actor)
      return { name, path }
    },
  }) satisfies Partial<Handlers>
