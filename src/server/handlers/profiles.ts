import { agentView, profileView } from '../../contract/home-views.ts'
import { conflict, notFound } from '../../domain/errors.ts'
import type { ProfileEntry, ProfileFile, Profiles } from '../../home/services.ts'
import type { Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

type Found = Extract<ProfileEntry, { state: 'found' }>

export const profileHandlers = ({ services }: { readonly services: ServerServices }) =>
  ({
    async listProfiles() {
      const files = await services.profileFiles()
      return {
        profiles: (await services.profiles()).list().map((finding) => ({
          name: finding.state === 'found' ? finding.profile.name : finding.name,
          origin: files.originOf(finding),
          file: finding.state === 'found' ? finding.profile.file : finding.file,
          problems: finding.state === 'found' ? [] : [...finding.problems],
          ...summaryOf(finding.state === 'found' ? finding : null),
        })),
      }
    },

    async createProfile({ input: { name, agent } }) {
      return textView(await (await services.profileFiles()).create(name, { agent: agent ?? null }))
    },

    async getProfile({ input: { name } }) {
      const finding = requireProfile(await services.profiles(), name)
      if (finding.state === 'broken')
        throw conflict('bad_profile', `Profile ${name} cannot be used: ${finding.problems.join('; ')}`, {
          name,
          problems: finding.problems,
          next: `Correct its text: PUT /profiles/${name}/text`,
        })
      const { profile } = finding
      const { environment, ...view } = profileView(profile)
      return {
        ...view,
        origin: (await services.profileFiles()).originOf(finding),
        orchestrator: profile.orchestrator,
        environment: { allow: [...environment.allow], set: Object.keys(environment.set) },
        instructions: profile.instructions,
      }
    },

    async checkProfile({ input: { name } }) {
      requireProfile(await services.profiles(), name)
      const problems = await services.checkProfile(name)
      const warnings = await services.profileWarnings(name)
      return {
        name,
        ok: problems.length === 0,
        problems: problems.map(findingView),
        warnings: warnings.map(findingView),
      }
    },

    getProfileText: async ({ input: { name } }) => textView(await (await services.profileFiles()).read(name)),

    async putProfileText({ input: { name, text, digest } }) {
      return textView(await (await services.profileFiles()).write(name, { text, digest: digest ?? null }))
    },

    listAgents: async () => ({ agents: (await services.installedAgents()).map(agentView) }),
  }) satisfies Partial<Handlers>

const summaryOf = (finding: Found | null) => ({
  description: finding?.profile.description ?? null,
  agent: finding?.profile.agent ?? null,
  model: finding?.profile.model ?? null,
  orchestrator: finding?.profile.orchestrator ?? false,
})

const textView = ({ name, origin, file, text, digest, problems }: ProfileFile) => ({
  name,
  origin,
  file,
  text,
  digest,
  problems: [...problems],
})

const findingView = ({ message, next }: { readonly message: string; readonly next: string }) => ({
  message,
  next,
})

function requireProfile(profiles: Profiles, name: string): ProfileEntry {
  const finding = profiles.find(name)
  if (finding.state !== 'unknown') return finding
  const near = profiles.nearest(name)
  throw notFound(
    'unknown_profile',
    `There is no profile ${name}. ${near === null ? `Known: ${profiles.names().join(', ')}` : `Did you mean ${near}?`}`,
    { name, next: 'List them with GET /profiles' },
  )
}
