import { taskView } from '../../contract/views.ts'
import type { Task } from '../../domain/task.ts'
import { command, flag, text, wholeNumber } from '../command.ts'
import { assigneeFrom, statuses } from '../options.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { paintStatus } from '../text/style.ts'
import { table, type Column } from '../text/table.ts'
import { span } from '../../lib/amounts.ts'

export const listTasks = command({
  about: 'Lists tasks, the highest priority first, then the oldest.',
  effect: 'reads',
  options: {
    mine: flag('Only those assigned to you.'),
    assignee: text('profile', 'Only those of this assignee; none for those of nobody.', {
      completes: 'profile',
    }),
    status: statuses('Only those with this status, or one of several separated by commas'),
    tenant: text('name', 'Only those of this tenant.', { completes: 'tenant' }),
    archived: flag('Archived ones as well.'),
    limit: wholeNumber('number', 'At most so many.', { min: 1 }),
  },
  examples: [
    'yard list',
    'yard list --status ready,running --assignee coder',
    'yard list --json | jq -r .[].id',
  ],
  async run(context, { options }) {
    const kernel = await context.kernel()
    const assignee = options.mine
      ? context.me()
      : options.assignee === undefined
        ? undefined
        : assigneeFrom(options.assignee)
    const tasks = await kernel.listTasks({
      archived: options.archived,
      ...(assignee === undefined ? {} : { assignee }),
      ...(options.status === undefined ? {} : { status: options.status }),
      ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    })
    return {
      data: tasks.map(taskView),
      text: (style) => (tasks.length === 0 ? 'No such tasks.' : table(style, tasks, columns(style.now))),
      ...(tasks.length === 0 ? { piped: '', next: ['yard create "<title>" --assignee <profile>'] } : {}),
    }
  },
})

const columns = (now: number): readonly Column<Task>[] => [
  { head: 'ID', cell: ({ id }) => id, paint: (style, shown) => style.paint('bold', shown) },
  {
    head: 'STATUS',
    cell: ({ status }) => status,
    paint: (style, shown, { status }) => paintStatus(style, status, shown),
  },
  { head: 'TITLE', cell: ({ title }) => oneLine(title), least: 16 },
  { head: 'ASSIGNEE', cell: ({ assignee }) => oneLine(assignee ?? '-'), least: 8, keep: 4 },
  { head: 'PRIO', cell: ({ priority }) => (priority === 0 ? '' : String(priority)), keep: 2 },
  { head: 'TENANT', cell: ({ tenant }) => oneLine(tenant ?? ''), keep: 1, least: 6 },
  {
    head: 'AGE',
    cell: ({ createdAt }) => span(now - createdAt),
    paint: (style, shown) => style.paint('dim', shown),
    keep: 3,
  },
]
