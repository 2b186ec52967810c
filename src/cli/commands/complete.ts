import { forEachTask } from '../bulk.ts'
import { command, jsonObject, taskIds, text, UsageError } from '../command.ts'

export const complete = command({
  about: 'The work is done. A running task with a live worker is stopped first, then done.',
  effect: 'changes',
  forWorkers: true,
  arguments: { ids: taskIds },
  options: {
    result: text('text', 'What came out, for whoever waits for it.'),
    summary: text('text', 'What was done, for whoever comes next; the result by default.'),
    metadata: jsonObject('json', 'Facts as a JSON object; "artifacts" names files of the workspace to keep.'),
  },
  examples: [
    'yard complete t_1a2b --summary "Login works with passkeys" --metadata \'{"tests": 12}\'',
    'yard complete t_1a2b t_3c4d',
  ],
  async run(context, { arguments: { ids }, options: { result, summary, metadata } }) {
    if (ids.length > 1 && (summary !== undefined || metadata !== undefined))
      throw new UsageError(
        '--summary and --metadata belong to one task. Complete the tasks one by one, or leave them out.',
      )
    const completion = { result: result ?? null, summary: summary ?? null, metadata: metadata ?? null }
    return forEachTask(context, ids, (kernel, id) => kernel.completeTask(id, completion, context.actor))
  },
})
