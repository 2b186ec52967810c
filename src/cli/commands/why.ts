import { reasonView } from '../../contract/views.ts'
import { standing, stateText } from '../../domain/budget.ts'
import { command, taskId } from '../command.ts'
import { reasonLines } from '../text/reason.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { paintStatus } from '../text/style.ts'
import { whyContext } from '../why-context.ts'

export const why = command({
  about: 'Says why a task is not running: every reason, whose it is, since when, and what lifts it.',
  effect: 'reads',
  arguments: { id: taskId },
  examples: ['yard why t_1a2b'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const found = await kernel.getTask(await kernel.resolveTaskId(id))
    const { task, reasons } = await kernel.why(found.id, await whyContext(context, found))
    const near = (await kernel.budgetsOver(task.id)).filter((state) => standing(state) === 'near')
    return {
      data: { task_id: task.id, status: task.status, reasons: reasons.map(reasonView) },
      notices: near.map((state) => `${stateText(state)}.`),
      text: (style) =>
        [
          `${style.paint('bold', task.id)} ${oneLine(task.title)}: ${paintStatus(style, task.status)}`,
          ...(reasons.length === 0
            ? [
                task.status === 'running'
                  ? '  It runs.'
                  : '  Nothing keeps it: it starts with the next look of the dispatcher.',
              ]
            : reasons.flatMap((reason) =>
                reasonLines(style, reason).map((line, index) =>
                  index === 0 ? `  • ${line}` : `    ${line}`,
                ),
              )),
        ].join('\n'),
    }
  },
})
