import { TASK_STATUSES, type TaskStatus } from '../../domain/task.ts'
import { taskView } from '../../contract/views.ts'
import { argument, command, jsonObject, taskId, text } from '../command.ts'
import { paintStatus } from '../text/style.ts'

export const move = command({
  about: 'Moves a task to another status by whatever leads there from where it is.',
  effect: 'changes',
  arguments: {
    id: taskId,
    status: argument(`One of ${TASK_STATUSES.join(', ')}.`, { choices: TASK_STATUSES, completes: 'status' }),
  },
  options: {
    reason: text('text', 'Why, when it is blocked.'),
    result: text('text', 'What came out, when it is done or handed over.'),
    summary: text('text', 'What was done, when it is done or handed over.'),
    metadata: jsonObject('json', 'Facts as a JSON object, when it is done or handed over.'),
  },
  examples: ['yard move t_1a2b ready'],
  async run(context, { arguments: { id, status }, options: { reason, result, summary, metadata } }) {
    const kernel = await context.kernel()
    const details = {
      reason: reason ?? null,
      result: result ?? null,
      summary: summary ?? null,
      metadata: metadata ?? null,
    }
    const { task, stopping } = await kernel.moveTask(
      await kernel.resolveTaskId(id),
      status as TaskStatus,
      details,
      context.actor,
    )
    return {
      data: { ...taskView(task), stopping },
      text: (style) =>
        stopping
          ? `${task.id}: its run is being stopped; it moves to ${status} once its processes are gone`
          : `${task.id}: ${paintStatus(style, task.status)}`,
    }
  },
})
