import { taskView } from '../../contract/views.ts'
import { argument, command, taskId, UsageError } from '../command.ts'
import { paintStatus } from '../text/style.ts'

export const acceptLate = command({
  about: 'Accepts what a worker reported after its run had ended; it counts as your own word from then on.',
  effect: 'changes',
  arguments: { id: taskId, report: argument('Number of the report, as yard show lists it.') },
  examples: ['yard accept-late t_1a2b 3'],
  async run(context, { arguments: { id, report } }) {
    if (!/^\d+$/.test(report))
      throw new UsageError(`${JSON.stringify(report)} is not the number of a report. See: yard show ${id}`)
    const kernel = await context.kernel()
    const { task, stopping } = await kernel.acceptLate(
      await kernel.resolveTaskId(id),
      Number(report),
      context.actor,
    )
    return {
      data: { ...taskView(task), stopping },
      text: (style) => `${task.id}: ${paintStatus(style, task.status)}`,
    }
  },
})
