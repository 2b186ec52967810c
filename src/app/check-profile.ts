/** What keeps a profile's workers from starting, whatever the card, and what may go wrong with them. */
import { hasLogin } from '../agents/detect-agents.ts'
import { preflight, programSearch } from '../agents/preflight.ts'
import type { Profile } from '../agents/profile.ts'
import type { Profiles } from '../agents/profiles.ts'
import { findProgram } from '../agents/program.ts'
import { isFarFrom, openProgramVersions, type ProgramVersions } from '../agents/program-version.ts'
import type { CliAgent } from '../domain/cli-agent.ts'
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

/**
 * What a person should know of a profile whose workers can start: nobody seems to be logged in, the agent is not the one
 * that was tried, or it is root's.
 */
export async function profileWarnings({
  name,
  profiles,
  paths,
  env,
}: ProfileCheck): Promise<readonly Remark[]> {
  const finding = profiles.find(name)
  if (finding.state !== 'found') return []
  const { profile } = finding
  const cli = profiles.agents.find(profile.agent)?.cli
  if (cli === undefined) return []
  const remarks = rootRemarks(profile, cli)
  const program = findProgram(profile.command?.[0] ?? cli.program, programSearch(profile, env, null))
  if (program.state !== 'found') return remarks
  return [
    ...remarks,
    ...loginRemarks(profile, cli, env),
    ...(await versionRemarks(program.file, cli, openProgramVersions(paths.agentVersions), env)),
  ]
}

interface Remark {
  readonly message: string
  readonly next: string
}

function rootRemarks({ name, permissions }: Profile, cli: CliAgent): readonly Remark[] {
  const isFull = (permissions ?? cli.permissions.usual) === 'full'
  if (process.getuid?.() !== 0 || !isFull || cli.asRoot === undefined) return []
  return [
    {
      message: `Profile ${name} runs as root: ${cli.asRoot}`,
      next: 'Run the gateway as a user of its own, or write permissions: workspace into the profile.',
    },
  ]
}

/** What a profile sets itself is handed on, too. */
function loginRemarks(
  { environment }: Profile,
  { name, logins, allow, install }: CliAgent,
  env: NodeJS.ProcessEnv,
): readonly Remark[] {
  const given = { logins, allow: [...allow, ...environment.allow, ...Object.keys(environment.set)] }
  if (hasLogin(given, { ...env, ...environment.set }) !== false) return []
  return [
    {
      message: `No login and no key of ${name} was found here: its provider may refuse its workers.`,
      next: `Log in with it once, or hand a key on with environment in the profile. ${name}: ${install}`,
    },
  ]
}

async function versionRemarks(
  file: string,
  { name, version: { tested, arguments: asked }, install }: CliAgent,
  versions: ProgramVersions,
  env: NodeJS.ProcessEnv,
): Promise<readonly Remark[]> {
  if (tested === null) return []
  const version = await versions.of({ program: file, arguments: asked, env })
  if (version === null || !isFarFrom(version, tested)) return []
  return [
    {
      message: `${file} is version ${version}, and ${name} was tried with ${tested}: options or output may have changed.`,
      next: `Try one card. If it fails to report, install the version that was tried: ${install}`,
    },
  ]
}
