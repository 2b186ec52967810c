import { runView } from '../../contract/views.ts'
import type { RunView } from '../../kernel/show-task.ts'
import { command, taskId } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { paintOutcome } from '../text/style.ts'
import { costText, tokensText } from '../text/usage-text.ts'
import { table, type Column } from '../text/table.ts'
import { relative, span } from '../../lib/amounts.ts'

export const runs = command({
  about: 'Lists the attempts at a task, the oldest first.',
  effect: 'reads',
  arguments: { id: taskId },
  examples: ['yard runs t_1a2b', 'yard runs t_1a2b --json | jq .[-1].summary'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const taskIdFound = await kernel.resolveTaskId(id)
    const all = await kernel.listRuns(taskIdFound)
    return {
      data: all.map(runView),
      text: (style) => (all.length === 0 ? 'No attempts yet.' : table(style, all, columns(style.now))),
      ...(all.length === 0 ? { piped: '', next: [`yard why ${taskIdFound}`] } : {}),
    }
  },
})

const columns = (now: number): readonly Column<RunView>[] => [
  { head: 'RUN', cell: ({ id }) => String(id) },
  {
    head: 'OUTCOME',
    cell: outcomeOf,
    paint: (style, shown, run) => paintOutcome(style, outcomeOf(run)) + shown.slice(outcomeOf(run).length),
  },
  { head: 'PROFILE', cell: ({ profile }) => oneLine(profile ?? '-'), least: 8 },
  { head: 'STARTED', cell: ({ startedAt }) => relative(startedAt, now), keep: 3 },
  { head: 'TOOK', cell: ({ startedAt, endedAt }) => span((endedAt ?? now) - startedAt), keep: 2 },
  {
    head: 'TOKENS',
    cell: ({ usage }) => (usage === null ? '' : tokensText(usage.tokensIn + usage.tokensOut)),
    keep: 1,
  },
  { head: 'COST', cell: ({ usage }) => (usage === null ? '' : costText(usage)), keep: 2 },
  { head: 'EXIT', cell: ({ evidence }) => evidence?.signal ?? String(evidence?.exitCode ?? ''), keep: 1 },
  { head: 'SAID', cell: ({ summary, error }) => oneLine(summary ?? error ?? ''), least: 12, keep: 4 },
]

function outcomeOf({ outcome }: RunView): string {
  return outcome ?? 'running'
}
