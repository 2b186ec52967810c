import { taskView } from '../../contract/views.ts'
import type { LateAccepted } from '../../kernel/accept-late.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { command, optional, taskId, UsageError } from '../command.ts'
import { paintStatus, type Style } from '../text/style.ts'

export const acceptLate = command({
  about: 'Accepts what a worker reported after its run had ended; it counts as your own word from then on.',
  effect: 'changes',
  arguments: {
    id: taskId,
    report: optional('Number of the report, as yard show lists it; not needed where there is one.'),
  },
  examples: ['yard accept-late t_1a2b', 'yard accept-late t_1a2b 3'],
  async run(context, { arguments: { id, report } }) {
    if (report !== undefined && !/^\d+$/.test(report))
      throw new UsageError(`${JSON.stringify(report)} is not the number of a report. See: yard show ${id}`)
    const kernel = await context.kernel()
    const accepted = await kernel.acceptLate(
      await kernel.resolveTaskId(id),
      report === undefined ? null : Number(report),
      context.actor,
    )
    const { task, stopping, created } = accepted
    return {
      data: {
        ...taskView(task),
        stopping,
        report: { id: accepted.report.id, run_id: accepted.report.runId, verb: accepted.report.verb },
        created: created.map(taskView),
      },
      text: (style) => acceptedText(style, accepted),
    }
  },
})

function acceptedText(style: Style, { task, stopping, report, created }: LateAccepted): string {
  const said = (name: string): string =>
    typeof report.payload[name] === 'string' ? report.payload[name] : ''
  const about: Readonly<Record<string, string>> = {
    comment: ` on ${said('task_id') || task.id}`,
    link: `: ${said('child_id')} waits for ${said('parent_id')}`,
    unlink: `: ${said('child_id')} no longer waits for ${said('parent_id')}`,
    unblock: ` of ${said('task_id')}`,
  }
  return [
    `Accepted report ${report.id} of run ${report.runId}: ${report.verb}${oneLine(about[report.verb] ?? '')}`,
    ...created.map(
      (card) =>
        `Created ${style.paint('bold', card.id)}: ${paintStatus(style, card.status)}${card.assignee === null ? '' : `, for ${oneLine(card.assignee)}`}`,
    ),
    stopping
      ? `${task.id}: its run is being stopped; it moves on once its processes are gone`
      : `${task.id}: ${paintStatus(style, task.status)}`,
  ].join('\n')
}
