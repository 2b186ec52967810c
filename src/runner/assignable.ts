/** Who can be given cards, for the tools of an orchestrator. */
import type { AgentPlaces } from '../agents/agent.ts'
import { openProfiles } from '../agents/profiles.ts'
import type { AssignableProfile } from '../domain/roster.ts'
import { agentTable } from '../agents/table.ts'

export const assignableProfiles = ({
  profiles,
  repository,
  userHome,
  ownAgents,
}: AgentPlaces): readonly AssignableProfile[] =>
  openProfiles({ folder: profiles, repository, userHome, agents: () => agentTable(ownAgents) })
    .list()
    .flatMap((entry) =>
      entry.state === 'found' ? [{ name: entry.profile.name, description: entry.profile.description }] : [],
    )
