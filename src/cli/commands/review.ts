import { taskView } from '../../contract/views.ts'
import { forEachTask } from '../bulk.ts'
import { command, jsonObject, several, taskId, taskIds, text, UsageError } from '../command.ts'
import { paintStatus } from '../text/style.ts'

export const review = command({
  about: 'Hands the work over for a second pair of eyes. The reviewer is never the author.',
  effect: 'changes',
  forWorkers: true,
  arguments: { ids: taskIds },
  options: {
    result: text('text', 'What came out.'),
    summary: text('text', 'What was done, for the reviewer.'),
    metadata: jsonObject('json', 'Facts as a JSON object; "artifacts" names files of the workspace to keep.'),
  },
  examples: ['yard review t_1a2b --summary "Ready: see branch yard/t_1a2b"'],
  async run(context, { arguments: { ids }, options: { result, summary, metadata } }) {
    if (ids.length > 1 && (summary !== undefined || metadata !== undefined))
      throw new UsageError(
        '--summary and --metadata belong to one task. Hand the tasks over one by one, or leave them out.',
      )
    const completion = { result: result ?? null, summary: summary ?? null, metadata: metadata ?? null }
    return forEachTask(context, ids, (kernel, id) => kernel.requestTaskReview(id, completion, context.actor))
  },
})

export const sendBack = command({
  about: 'The reviewer wants changes: the remarks become a comment, and the task goes back to work.',
  effect: 'changes',
  arguments: { id: taskId, remarks: several('What should change; - reads it from standard input.') },
  examples: ['yard send-back t_1a2b "The error message names the wrong file."'],
  async run(context, { arguments: { id, remarks } }) {
    const kernel = await context.kernel()
    const words = remarks.length === 1 && remarks[0] === '-' ? await context.readInput() : remarks.join(' ')
    const task = await kernel.sendBackTask(await kernel.resolveTaskId(id), words, context.actor)
    return { data: taskView(task), text: (style) => `${task.id}: ${paintStatus(style, task.status)}` }
  },
})
