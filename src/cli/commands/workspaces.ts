import { trashView } from '../../contract/home-views.ts'
import { workspaceView } from '../../contract/views.ts'
import type { WorkspaceOwner } from '../../kernel/retention.ts'
import { argument, command, flag } from '../command.ts'
import type { Context } from '../context.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'
import { byteSize, count, relative } from '../../lib/amounts.ts'

export const workspaces = command({
  about: 'Lists every workspace: which task it belongs to, whether it is in use, kept or gone, and why.',
  effect: 'reads',
  options: {
    sizes: flag('Measure them; takes a while.'),
    trash: flag('List the trash instead.'),
    all: flag('Also those that are gone.'),
  },
  examples: ['yard workspaces', 'yard workspaces --sizes', 'yard workspaces --trash'],
  async run(context, { options }) {
    if (options.trash) return listTrash(context)
    const kernel = await context.kernel()
    const places = await context.services.workspaces()
    const owned = await kernel.workspacesWithOwners()
    const shown = options.all
      ? owned
      : owned.filter(({ workspace }) => workspace.state === 'leased' || workspace.state === 'kept')
    const rows: Row[] = []
    for (const owner of shown)
      rows.push({
        ...owner,
        bytes:
          options.sizes && owner.workspace.host === kernel.deps.host
            ? ((await places.size(owner.workspace.path))?.bytes ?? null)
            : null,
      })
    const strays = await places.strays(owned.map(({ workspace }) => workspace.path))
    return {
      data: rows.map(({ workspace, task, bytes }) => ({
        ...workspaceView(workspace),
        task_title: task?.title ?? null,
        task_status: task?.status ?? null,
        ...(options.sizes ? { size_bytes: bytes } : {}),
      })),
      text: (style) =>
        rows.length === 0
          ? 'No workspaces.'
          : table(style, rows, [
              { head: 'TASK', cell: ({ workspace }) => workspace.taskId },
              {
                head: 'STATE',
                cell: ({ workspace }) => (workspace.state === 'leased' ? 'in use' : workspace.state),
                paint: (painter, text, { workspace }) =>
                  workspace.state === 'leased' ? painter.paint('blueBright', text) : text,
              },
              { head: 'CARD', cell: ({ task }) => task?.status ?? 'gone', keep: 3 },
              { head: 'KIND', cell: ({ workspace }) => workspace.kind, keep: 4 },
              { head: 'SIZE', cell: ({ bytes }) => (bytes === null ? '' : byteSize(bytes)), keep: 6 },
              {
                head: 'SINCE',
                cell: ({ workspace }) => relative(workspace.releasedAt ?? workspace.createdAt, style.now),
                keep: 2,
              },
              { head: 'PATH', cell: ({ workspace }) => oneLine(workspace.path), least: 20 },
              { head: 'WHY', cell: ({ workspace }) => oneLine(workspace.reason ?? ''), least: 12, keep: 5 },
            ]),
      warnings:
        strays.length === 0
          ? []
          : [
              `${count(strays.length, 'folder')} among the workspaces ${strays.length === 1 ? 'belongs' : 'belong'} to no task of this board: ${strays.join(', ')}`,
            ],
      ...(rows.length === 0 ? { piped: '' } : {}),
    }
  },
})

interface Row extends WorkspaceOwner {
  readonly bytes: number | null
}

async function listTrash({ services }: Context) {
  const all = await (await services.workspaces()).listTrash()
  return {
    data: all.map(trashView),
    text: (style: Parameters<typeof table>[0]) =>
      all.length === 0
        ? 'The trash is empty.'
        : table(style, all, [
            { head: 'NAME', cell: ({ name }) => name },
            { head: 'SINCE', cell: ({ trashedAt }) => relative(trashedAt, style.now) },
            { head: 'FROM', cell: ({ from }) => oneLine(from), least: 20 },
            { head: 'WHY', cell: ({ reason }) => oneLine(reason), least: 12, keep: 1 },
          ]),
    ...(all.length === 0 ? { piped: '' } : { next: ['yard workspaces restore <name>'] }),
  }
}

export const workspacesRestore = command({
  about: 'Takes a workspace out of the trash, to where it stood.',
  effect: 'changes',
  arguments: { name: argument('Its name in the trash, as yard workspaces --trash lists it.') },
  examples: ['yard workspaces restore t_1a2b-1'],
  async run({ services, actor }, { arguments: { name } }) {
    const { path } = await (await services.workspaces()).restoreFromTrash(name, actor)
    return { data: { name, path }, piped: path, text: () => `Restored ${path}` }
  },
})
