import { taskView } from '../../contract/views.ts'
import { argument, command, flag, taskId } from '../command.ts'
import { noticeOfProfile } from '../notices.ts'
import { assigneeFrom } from '../options.ts'
import { oneLine } from '../../lib/safe-text.ts'

export const assign = command({
  about: 'Gives a task to a profile, or to nobody. Refused while it runs, unless its run is stopped first.',
  effect: 'changes',
  arguments: {
    id: taskId,
    profile: argument('The profile; none for nobody.', { completes: 'profile' }),
  },
  options: { stop: flag('Stop its run first, if it has one.') },
  examples: ['yard assign t_1a2b coder', 'yard assign t_1a2b none'],
  async run(context, { arguments: { id, profile }, options }) {
    const kernel = await context.kernel()
    const assignee = assigneeFrom(profile)
    const { task, stopping } = await kernel.assignTask(
      await kernel.resolveTaskId(id),
      assignee,
      context.actor,
      {
        stop: options.stop,
      },
    )
    const notice = assignee === null ? null : await noticeOfProfile(context, assignee)
    return {
      data: { ...taskView(task), stopping },
      text: () =>
        stopping
          ? `${task.id}: its run is being stopped; then it goes to ${oneLine(assignee ?? 'nobody')}`
          : `${task.id}: for ${oneLine(task.assignee ?? 'nobody')}`,
      notices: notice === null ? [] : [notice],
    }
  },
})
