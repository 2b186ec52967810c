import { command, flag, wholeNumber } from '../command.ts'
import { count } from '../../lib/amounts.ts'
import { oneLine } from '../../lib/safe-text.ts'

export const dispatch = command({
  about: 'One pass of the dispatcher: takes back what is lost, promotes what is due, starts what is ready.',
  effect: 'changes',
  options: {
    'dry-run': flag('Only say what would happen; changes nothing.'),
    max: wholeNumber('number', 'Start at most so many.'),
    'failure-limit': wholeNumber('number', 'Give a task up after so many starts in a row that failed.', {
      min: 1,
    }),
  },
  examples: ['yard dispatch --dry-run', 'yard dispatch --max 1 --json'],
  async run(context, { options }) {
    const dryRun = options['dry-run']
    const report = await context.services.dispatch({
      dryRun,
      max: options.max ?? null,
      failureLimit: options['failure-limit'] ?? null,
    })
    const lines = (head: string, list: readonly string[]) =>
      list.length === 0 ? [] : [`${head}: ${list.join(', ')}`]
    return {
      data: report,
      text: (style) => {
        const said = [
          ...report.spawned.map(
            ({ task_id: id, assignee, workspace }) =>
              `${style.paint('green', dryRun ? 'would start' : 'started')} ${id} for ${assignee} in ${workspace}`,
          ),
          ...lines('promoted', report.promoted),
          ...lines('reclaimed', report.reclaimed),
          ...lines('crashed', report.crashed),
          ...lines('timed out', report.timed_out),
          ...lines('given up', report.auto_blocked),
          ...report.preflight_failed.map(
            ({ task_id: id, problem }) =>
              `${style.paint('yellow', 'cannot start')} ${id}: ${oneLine(problem)}`,
          ),
          ...report.waiting.map(({ task_id: id, reason }) => `${id} waits: ${oneLine(reason)}`),
          ...lines('nobody is assigned to', report.skipped_unassigned),
          ...(report.adopted.length === 0
            ? []
            : [`looks after ${count(report.adopted.length, 'running worker')}`]),
        ]
        return said.length === 0 ? 'Nothing to do.' : said.join('\n')
      },
    }
  },
})
