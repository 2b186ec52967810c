import { reasonView, taskDetailView } from '../../contract/views.ts'
import { command, taskId } from '../command.ts'
import { taskPage } from '../text/task-page.ts'
import { whyContext } from '../why-context.ts'

export const show = command({
  about: 'Shows everything about one task: where it stands and why, attempts, comments, events.',
  effect: 'reads',
  arguments: { id: taskId },
  examples: ['yard show t_1a2b', 'yard show t_1a2b --json | jq .runs'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const details = await kernel.showTask(await kernel.resolveTaskId(id))
    const { reasons } = await kernel.why(details.task.id, await whyContext(context, details.task))
    return {
      data: { ...taskDetailView(details), reasons: reasons.map(reasonView) },
      text: (style) => taskPage(style, { details, reasons, policy: kernel.deps.policy() }),
    }
  },
})
