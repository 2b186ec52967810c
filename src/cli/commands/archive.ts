import { forEachTask } from '../bulk.ts'
import { command, taskIds } from '../command.ts'

export const archive = command({
  about: 'Files tasks away. One that runs is stopped first.',
  effect: 'changes',
  arguments: { ids: taskIds },
  examples: ['yard archive t_1a2b t_3c4d'],
  run: (context, { arguments: { ids } }) =>
    forEachTask(context, ids, (kernel, id) => kernel.archiveTask(id, context.actor)),
})

export const restoreTask = command({
  about: 'Takes tasks out of the archive, to where they were.',
  effect: 'changes',
  arguments: { ids: taskIds },
  examples: ['yard list --archived', 'yard restore-task t_1a2b'],
  run: (context, { arguments: { ids } }) =>
    forEachTask(context, ids, async (kernel, id) => ({ task: await kernel.restoreTask(id, context.actor) })),
})
