/** What whoever makes a card for others is told of who there is, and of what its worker would lack. */
import { join } from 'node:path'
import type { AssignableProfile, MissingSkill, SkillsWanted } from '../domain/roster.ts'
import { repositoryAround, type Profiles } from './profiles.ts'
import { missingSkills } from './skills.ts'

export const assignableProfiles = (profiles: Profiles): readonly AssignableProfile[] =>
  profiles.list().flatMap((entry) =>
    entry.state === 'found'
      ? [
          {
            name: entry.profile.name,
            description: entry.profile.description,
            runsScript: profiles.agents.find(entry.profile.agent)?.verdict === 'exit-code',
          },
        ]
      : [],
  )

/** What a new card needs and neither `folders` nor the repository it will be worked on in has. */
export function skillsMissingFor(
  { skills, assignee, workspacePath }: SkillsWanted,
  profiles: Profiles,
  folders: readonly string[],
): readonly MissingSkill[] {
  if (skills.length === 0) return []
  const finding = assignee === null ? null : profiles.find(assignee)
  const repositories = [
    workspacePath === null ? null : repositoryAround(workspacePath),
    finding?.state === 'found' ? finding.profile.repository : null,
  ]
  const own = repositories.flatMap((path) => (path === null ? [] : [join(path, '.yard', 'skills')]))
  return missingSkills(skills, [...own, ...folders])
}
