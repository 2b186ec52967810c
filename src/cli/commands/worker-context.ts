import { contextText } from '../../kernel/worker-context.ts'
import { workerContextView } from '../../contract/views.ts'
import { command, taskId } from '../command.ts'
import { safe } from '../../lib/safe-text.ts'

export const workerContext = command({
  about:
    'Prints what a worker of this task is told: the task, earlier attempts, results of its parents, comments.',
  effect: 'reads',
  arguments: { id: taskId },
  examples: ['yard context t_1a2b'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const told = await kernel.workerContext(await kernel.resolveTaskId(id))
    return { data: workerContextView(told), text: () => safe(contextText(told, 'cli')) }
  },
})
