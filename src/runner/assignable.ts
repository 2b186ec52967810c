/** Who can be given cards and what their workers would lack, for the tools of a run. */
import type { AgentPlaces } from '../agents/agent.ts'
import { assignableProfiles, skillsMissingFor } from '../agents/assignable.ts'
import { openProfiles } from '../agents/profiles.ts'
import { agentTable } from '../agents/table.ts'
import type { AssignableProfile, MissingSkill, SkillsWanted } from '../domain/roster.ts'

const profilesAt = ({ profiles, repository, userHome, ownAgents }: AgentPlaces) =>
  openProfiles({ folder: profiles, repository, userHome, agents: () => agentTable(ownAgents) })

export const assignableAt = (places: AgentPlaces): readonly AssignableProfile[] =>
  assignableProfiles(profilesAt(places))

export const skillsMissingAt = (places: AgentPlaces, wanted: SkillsWanted): readonly MissingSkill[] =>
  skillsMissingFor(wanted, profilesAt(places), places.skillFolders)
