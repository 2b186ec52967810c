import type { AfterStop } from '../../domain/run.ts'
import { forEachTask } from '../bulk.ts'
import { choice, command, taskIds, text } from '../command.ts'

const DESTINATIONS = ['hold', 'ready', 'archive'] as const

export const stop = command({
  about:
    'Stops the run of a task: its whole process tree is ended, and the task stays down until you unblock it, unless the worker still reports how it went.',
  effect: 'changes',
  arguments: { ids: taskIds },
  options: {
    reason: text('text', 'Why, for whoever looks at it later.'),
    destination: choice('where', DESTINATIONS, 'What becomes of the task; hold by default.'),
  },
  examples: ['yard stop t_1a2b --reason "wrong branch"', 'yard stop t_1a2b --destination ready'],
  run: (context, { arguments: { ids }, options: { reason, destination } }) =>
    forEachTask(context, ids, (kernel, id) =>
      kernel.stopTask(
        id,
        { reason: reason ?? 'stopped by hand', after: placeAfter(destination ?? 'hold') },
        context.actor,
      ),
    ),
})

const placeAfter = (kind: (typeof DESTINATIONS)[number]): AfterStop => ({ kind })
