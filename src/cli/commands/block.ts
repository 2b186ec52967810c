import { forEachTask } from '../bulk.ts'
import { any, command, taskId, texts } from '../command.ts'

export const block = command({
  about: 'Somebody is needed: the task stays down until a person unblocks it.',
  effect: 'changes',
  forWorkers: true,
  arguments: { id: taskId, reason: any('What is needed, and from whom.') },
  options: { ids: texts('id...', 'More tasks to block for the same reason.', { completes: 'task' }) },
  examples: [
    'yard block t_1a2b "Which of the two designs?"',
    'yard block t_1a2b waits for legal --ids t_3c4d t_5e6f',
  ],
  async run(context, { arguments: { id, reason }, options: { ids } }) {
    const text = reason.join(' ').trim()
    return forEachTask(context, [id, ...ids], (kernel, each) =>
      kernel.blockTask(each, text === '' ? null : text, context.actor),
    )
  },
})
