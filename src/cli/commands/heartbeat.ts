import { taskView } from '../../contract/views.ts'
import { command, taskId, text } from '../command.ts'
import { localTime } from '../../lib/amounts.ts'

export const heartbeat = command({
  about: 'A sign of life from whoever works on a running task; extends the claim.',
  effect: 'changes',
  forWorkers: true,
  arguments: { id: taskId },
  options: { note: text('text', 'How far the work is.') },
  examples: ['yard heartbeat t_1a2b --note "tests are running"'],
  async run(context, { arguments: { id }, options }) {
    const kernel = await context.kernel()
    const task = await kernel.heartbeatTask(
      await kernel.resolveTaskId(id),
      options.note ?? null,
      context.actor,
    )
    return {
      data: taskView(task),
      text: () =>
        `${task.id}: claimed until ${task.claimExpires === null ? 'it ends' : localTime(task.claimExpires)}`,
    }
  },
})
