import { commentView } from '../../contract/views.ts'
import { command, several, taskId, text } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'

export const comment = command({
  about:
    'Leaves a remark on a task. Its worker reads it at the next attempt, or at once if the agent can take it.',
  effect: 'changes',
  forWorkers: true,
  arguments: { id: taskId, text: several('What to say; - reads it from standard input.') },
  options: { author: text('name', 'In whose name, if not yours.') },
  examples: ['yard comment t_1a2b "Use the new endpoint."', 'yard comment t_1a2b - < notes.md'],
  async run(context, { arguments: { id, text: words }, options }) {
    const kernel = await context.kernel()
    const body = words.length === 1 && words[0] === '-' ? await context.readInput() : words.join(' ')
    const made = await kernel.commentTask(
      await kernel.resolveTaskId(id),
      body,
      options.author ?? null,
      context.actor,
    )
    return { data: commentView(made), text: () => `Commented on ${made.taskId} as ${oneLine(made.author)}` }
  },
})
