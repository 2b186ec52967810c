import { taskView } from '../../contract/views.ts'
import { conflict } from '../../domain/errors.ts'
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
    const workspaces = await context.services.workspaces()
    const wanted = await kernel.getTask(await kernel.resolveTaskId(id))
    if (wanted.status === 'ready') {
      const place = await workspaces.resolve(wanted)
      if ('problem' in place)
        throw conflict('no_workspace', `Cannot claim ${wanted.id}: ${place.problem} ${place.next}`, {
          id: wanted.id,
        })
    }
    const result = await kernel.claimTask(
      wanted.id,
      ttl === undefined ? {} : { ttlSeconds: ttl },
      context.actor,
    )
    if ('refused' in result) {
      const { text, lift, kind } = result.refused
      throw conflict(
        'not_claimable',
        `Cannot claim ${wanted.id}: ${text}.${lift === null ? '' : ` Next: ${lift}`}`,
        {
          id: wanted.id,
          reason: kind,
        },
      )
    }
    const { path } = await workspaces.prepare(result.claimed)
    const until = result.claimed.claimExpires
    return {
      data: { task: taskView(result.claimed), run_id: result.runId, workspace: path },
      piped: path,
      text: () =>
        `Claimed ${result.claimed.id} as run ${result.runId}${until === null ? '' : ` until ${localTime(until)}`}\nWorkspace: ${path}`,
      next: [`yard heartbeat ${wanted.id}`, `yard complete ${wanted.id} --summary "<what you did>"`],
    }
  },
})
