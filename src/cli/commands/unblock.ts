import { forEachTask } from '../bulk.ts'
import { command, taskIds } from '../command.ts'

export const unblock = command({
  about: 'The question is answered: back to work, or to waiting while a parent is open.',
  effect: 'changes',
  arguments: { ids: taskIds },
  examples: ['yard unblock t_1a2b t_3c4d'],
  run: (context, { arguments: { ids } }) =>
    forEachTask(context, ids, async (kernel, id) => ({ task: await kernel.unblockTask(id, context.actor) })),
})
