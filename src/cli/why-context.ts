import type { WhyContext } from '../kernel/why.ts'
import type { Task } from '../domain/task.ts'
import type { Context } from './context.ts'

/** What the kernel cannot know of why a card waits: the caps in force, and whether anybody dispatches. */
export async function whyContext(context: Context, task: Task): Promise<WhyContext> {
  if (task.status !== 'ready') return { caps: null, dispatcher: 'unknown' }
  const { services } = context
  // Nothing was spent where nobody has run, and then no budget of a profile's own can be the reason.
  if (await (await context.kernel()).hasSpent(task)) await services.heedProfiles()
  const { running, dispatching } = await services.gateway.status()
  return { caps: await capsFor(context, task), dispatcher: running && dispatching ? 'running' : 'absent' }
}

async function capsFor({ services, kernel }: Context, { assignee }: Task): Promise<WhyContext['caps']> {
  const caps = await services.caps()
  if (assignee === null) return caps
  const { byAssignee } = await (await kernel()).getStats()
  // Where none of its cards run, the profile's own cap cannot be the reason, and the profile need not be read.
  if ((byAssignee.get(assignee)?.running ?? 0) === 0) return caps
  const finding = (await services.profiles()).find(assignee)
  const own = finding.state === 'found' ? finding.profile.limits.maxRunning : null
  return own === null ? caps : { ...caps, profile: own }
}
