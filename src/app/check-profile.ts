/** What keeps a profile's workers from starting, whatever the card, and what may go wrong with them. */
import { preflight, programSearch } from '../agents/preflight.ts'
import type { Profiles } from '../agents/profiles.ts'
import { findProgram } from '../agents/program.ts'
import { isFarFrom, openProgramVersions } from '../agents/program-version.ts'
import type { HomePaths } from '../lib/paths.ts'
import { skillFoldersHere } from './skill-places.ts'

export interface ProfileCheck {
  readonly name: string
  readonly profiles: Profiles
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
}

/** Stands in for a card, with a body that every agent can start with. */
const ANY_TASK = { id: 't_check', title: 'check', body: 'true', skills: null }

export function checkProfile({
  name,
  profiles,
  paths,
  env,
}: ProfileCheck): readonly { message: string; next: string }[] {
  const skillFolders = skillFoldersHere(paths, env)
  const checked = preflight({ profile: name, task: ANY_TASK, profiles, skillFolders, env })
  return checked.ok ? [] : checked.problems
}

/** What a person should know of a profile whose workers can start: its agent is not the one that was tried, or root's. */
export async function profileWarnings({
  name,
  profiles,
  paths,
  env,
}: ProfileCheck): Promise<readonly { message: string; next: string }[]> {
  const finding = profiles.find(name)
  if (finding.state !== 'found') return []
  const { profile } = finding
  const cli = profiles.agents.find(profile.agent)?.cli
  if (cli === undefined) return []
  const permissions = profile.permissions ?? cli.permissions.usual
  const asRoot = process.getuid?.() === 0 && permissions === 'full' ? cli.asRoot : undefined
  const remarks =
    asRoot === undefined
      ? []
      : [
          {
            message: `Profile ${name} runs as root: ${asRoot}`,
            next: 'Run the gateway as a user of its own, or write permissions: workspace into the profile.',
          },
        ]
  const { tested } = cli.version
  if (tested === null) return remarks
  const program = findProgram(profile.command?.[0] ?? cli.program, programSearch(profile, env, null))
  if (program.state !== 'found') return remarks
  const version = await openProgramVersions(paths.agentVersions).of({
    program: program.file,
    arguments: cli.version.arguments,
    env,
  })
  if (version === null || !isFarFrom(version, tested)) return remarks
  return [
    ...remarks,
    {
      message: `${program.file} is version ${version}, and ${cli.name} was tried with ${tested}: options or output may have changed.`,
      next: `Try one card. If it fails to report, install the version that was tried: ${cli.install}`,
    },
  ]
}
