import { taskView } from '../../contract/views.ts'
import { conflict } from '../../domain/errors.ts'
import { claimByHand } from '../../home/claim-by-hand.ts'
import { command, taskId, wholeNumber } from '../command.ts'
import { localTime } from '../../lib/amounts.ts'

export const claim = command({
  about:
    'Takes a ready task for you to work on, and prints its workspace. Keep it with heartbeats; report with complete or block.',
  effect: 'changes',
  arguments: { id: taskId },
  options: {
    ttl: wholeNumber('seconds', 'How long the claim lasts without a heartbeat; 900 by default.', { min: 1 }),
  },
  examples: ['cd "$(yard claim t_1a2b)"'],
  async run(context, { arguments: { id }, options: { ttl } }) {
    const kernel = await context.kernel()
    const claimed = await claimByHand(
      { kernel, services: context.services },
      await kernel.resolveTaskId(id),
      { ttlSeconds: ttl ?? null },
      context.actor,
    )
    const { task } = claimed
    if ('refused' in claimed) {
      const { text, lift, kind } = claimed.refused
      throw conflict(
        'not_claimable',
        `Cannot claim ${task.id}: ${text}.${lift === null ? '' : ` Next: ${lift}`}`,
        { id: task.id, reason: kind },
      )
    }
    const { runId, workspace } = claimed
    const until = task.claimExpires
    return {
      data: { task: taskView(task), run_id: runId, workspace },
      piped: workspace,
      text: () =>
        `Claimed ${task.id} as run ${runId}${until === null ? '' : ` until ${localTime(until)}`}\nWorkspace: ${workspace}`,
      next: [`yard heartbeat ${task.id}`, `yard complete ${task.id} --summary "<what you did>"`],
    }
  },
})
