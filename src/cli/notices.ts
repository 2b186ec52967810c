import type { MissingSkill } from '../domain/roster.ts'
import type { Context } from './context.ts'

/** Says that nobody of that name can be started, and who was probably meant; null for a name that is known. */
export async function noticeOfProfile(
  { services }: Pick<Context, 'services'>,
  name: string,
): Promise<string | null> {
  const profiles = await services.profiles()
  const finding = profiles.find(name)
  if (finding.state === 'found') return null
  if (finding.state === 'broken') return `Profile ${name} cannot be used: ${finding.problems.join('; ')}`
  const near = profiles.nearest(name)
  return `There is no profile ${name}. ${near === null ? `Make one with: yard profile create ${name}` : `Did you mean ${near}?`}`
}

/** Says that a card waits for a skill, and which one was probably meant. */
export const noticeOfSkill = ({ name, near }: MissingSkill, id: string): string =>
  `There is no skill ${name}, and ${id} waits for it. ${near === null ? `Once it was looked for, this names the folders: yard why ${id}` : `Did you mean ${near}?`}`

/** Says that nothing starts a card that is ready; empty when something does. */
export async function noticeOfDispatcher(
  { services }: Pick<Context, 'services'>,
  id: string,
): Promise<string[]> {
  const { running, dispatching } = await services.gateway.status()
  if (!running) return [`No gateway is running, so nothing starts ${id}. Start one with: yard gateway start`]
  if (dispatching) return []
  return [
    `The gateway does not start workers, so nothing starts ${id}. Let it with: yard config set kanban.dispatch_in_gateway true`,
  ]
}
