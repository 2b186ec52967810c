import { forEachTask } from '../bulk.ts'
import { command, taskIds, wholeNumber } from '../command.ts'

export const retry = command({
  about:
    'Another attempt now: ends waits and holds, and grants attempts. A task that is done is taken up again.',
  effect: 'changes',
  arguments: { ids: taskIds },
  options: {
    attempts: wholeNumber('number', 'Attempts to grant on top; by default 1 if none is left, else 0.', {
      max: 1_000,
    }),
  },
  examples: ['yard retry t_1a2b', 'yard retry t_1a2b --attempts 3'],
  run: (context, { arguments: { ids }, options: { attempts } }) =>
    forEachTask(context, ids, async (kernel, id) => ({
      task: await kernel.retryTask(id, attempts ?? null, context.actor),
    })),
})
