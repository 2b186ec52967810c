import { assigneeViews, statsView } from '../../contract/views.ts'
import { TASK_STATUSES, type TaskStatus } from '../../domain/task.ts'
import { command } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { paintStatus, type Style } from '../text/style.ts'
import { table, type Column } from '../text/table.ts'
import { span } from '../../lib/amounts.ts'

type Counts = Readonly<Partial<Record<TaskStatus, number>>>

interface Row {
  readonly name: string
  readonly counts: Counts
}

const statusColumns: readonly Column<Row>[] = TASK_STATUSES.filter((status) => status !== 'archived').map(
  (status) => ({
    head: status.toUpperCase(),
    cell: ({ counts }: Row) => String(counts[status] ?? ''),
    paint: (style: Style, shown: string) => paintStatus(style, status, shown),
    keep: 1,
  }),
)

const total = (counts: Counts): number => Object.values(counts).reduce((sum, number) => sum + number, 0)

export const stats = command({
  about: 'Counts tasks by status and assignee, and says how old the oldest ready one is.',
  effect: 'reads',
  examples: ['yard stats', 'yard stats --json | jq .by_status.ready'],
  async run(context) {
    const found = await (await context.kernel()).getStats()
    const rows: Row[] = [...found.byAssignee].map(([name, counts]) => ({
      name: name === '' ? 'nobody' : name,
      counts,
    }))
    return {
      data: statsView(found),
      text: (style) => {
        const counts = TASK_STATUSES.flatMap((status) => {
          const number = found.byStatus[status]
          return number === undefined ? [] : [`${paintStatus(style, status)} ${number}`]
        })
        const oldest = found.oldestReadyAgeSeconds
        return [
          counts.length === 0 ? 'No tasks.' : counts.join('  '),
          ...(rows.length === 0
            ? []
            : [
                '',
                table(style, rows, [
                  { head: 'ASSIGNEE', cell: ({ name }) => oneLine(name), least: 8 },
                  ...statusColumns,
                ]),
              ]),
          ...(oldest === null ? [] : ['', `The oldest ready task is ${span(oldest)} old.`]),
        ].join('\n')
      },
    }
  },
})

export const assignees = command({
  about: 'Lists everybody who can be given tasks, and everybody who has some.',
  effect: 'reads',
  examples: ['yard assignees'],
  async run(context) {
    const found = await (await context.kernel()).getStats()
    const rows = assigneeViews(found, (await context.services.profiles()).names())
    return {
      data: rows,
      text: (style) =>
        table(style, rows, [
          { head: 'ASSIGNEE', cell: ({ name }) => oneLine(name), least: 8 },
          { head: 'PROFILE', cell: ({ on_disk: isProfile }) => (isProfile ? 'yes' : 'no') },
          { head: 'TASKS', cell: ({ counts }) => String(total(counts)) },
          ...statusColumns,
        ]),
    }
  },
})
