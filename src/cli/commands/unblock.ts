import { forEachTask } from '../bulk.ts'
import { command, taskIds } from '../command.ts'

export const unblock = command({
  about: 'The question is answered: back to work, or to waiting while a parent is open.',
  effect: 'changes',
  arguments: { ids: taskIds },
  examples: ['yard comment t_1a2b "The first one." && yard unblock t_1a2b'],
  run: (context, { arguments: { ids } }) =>
    forEachTask(context, ids, async (kernel, id) => ({ task: await kernel.unblockTask(id, context.actor) })),
})
