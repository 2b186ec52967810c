/**
 * What a worker needs is looked for before an attempt is spent on finding out. Every missing thing is named at once, with
 * what to do about it; once it is there, the same look passes. Changes nothing, and is quick enough for every pass.
 */
import type { Task } from '../domain/task.ts'
import { statOf } from '../lib/stat-of.ts'
import type { AgentRow } from './agent.ts'
import type { Problem } from './problem.ts'
import type { Profile } from './profile.ts'
import type { ProfileFinding, Profiles } from './profiles.ts'
import { DEFAULT_PATH, type ProgramSearch } from './program.ts'
import { findSkill, nearestSkill, type Skill } from './skills.ts'

export interface PreflightRequest {
  /** The name of the profile that is to do the work. */
  readonly profile: string
  readonly task: Pick<Task, 'id' | 'title' | 'body' | 'skills'>
  readonly profiles: Profiles
  /** The repository of the task's workspace, when it has one. */
  readonly repository?: string | null
  /** What stands in the way of the workspace, given what the profile says about it; null when nothing does. */
  readonly workspaceProblem?: (profile: Profile) => Pick<Problem, 'message' | 'next'> | null
  /** The folder the worker will start in, when it is known and exists. */
  readonly workspace?: string | null
  /** As listed by `skillFolders`. */
  readonly skillFolders: readonly string[]
  /** The environment the worker's own is made from. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a start needs to know. */
export interface LaunchPlan {
  readonly profile: Profile
  readonly agent: AgentRow
  /** The skills of the task and of the profile. */
  readonly skills: readonly Skill[]
}

export type Preflight =
  | { readonly ok: true; readonly plan: LaunchPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function preflight(request: PreflightRequest): Preflight {
  const { task, profiles, repository = null, env } = request
  const finding = profiles.find(request.profile, { repository })
  if (finding.state !== 'found') return { ok: false, problems: [profileProblem(finding, request)] }
  const { profile } = finding
  const agent = profiles.agents.find(profile.agent)
  if (agent === undefined)
    throw new Error(`profile ${profile.name} passed with the unknown agent ${profile.agent}`)

  const wanted = [...new Set([...(task.skills ?? []), ...profile.skills])]
  const skills = wanted.map((name) => ({ name, skill: findSkill(name, request.skillFolders) }))
  const workspace = request.workspaceProblem?.(profile) ?? null
  const problems: readonly Problem[] = [
    ...agent.preflight({ profile, task, search: programSearch(profile, env, request.workspace ?? null) }),
    ...(workspace === null ? [] : [{ code: 'missing_folder' as const, ...workspace }]),
    ...skills.filter(({ skill }) => skill === null).map(({ name }) => skillProblem(name, profile, request)),
  ]
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    plan: { profile, agent, skills: skills.map(({ skill }) => skill).filter((skill) => skill !== null) },
  }
}

/** Where the programs of a profile's workers are looked up. `folder` is where the worker starts, null while it is not known. */
export const programSearch = (
  profile: Pick<Profile, 'environment'>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string | null,
): ProgramSearch => ({
  path: profile.environment.set['PATH'] ?? env['PATH'] ?? DEFAULT_PATH,
  userHome: env['HOME'] ?? '/',
  folder: folder !== null && statOf(folder)?.isDirectory() === true ? folder : null,
})

function profileProblem(
  finding: Exclude<ProfileFinding, { state: 'found' }>,
  { task, profiles, repository = null }: PreflightRequest,
): Problem {
  if (finding.state === 'broken') {
    return {
      code: 'bad_profile',
      message: `Profile ${finding.name} cannot be used: ${finding.problems.join('; ')}`,
      next: `Correct ${finding.file}.`,
    }
  }
  const near = profiles.nearest(finding.name, { repository })
  const known = profiles.names({ repository })
  return {
    code: 'unknown_profile',
    message: `Task ${task.id} is assigned to ${finding.name}, and there is no profile of that name. ${near === null ? `Known profiles: ${known.join(', ')}.` : `Did you mean ${near}?`}`,
    next:
      near === null
        ? `yard profile create ${finding.name}, or yard assign ${task.id} <profile>`
        : `yard assign ${task.id} ${near}, or yard profile create ${finding.name}`,
  }
}

function skillProblem(name: string, profile: Profile, { task, skillFolders }: PreflightRequest): Problem {
  const owner = profile.skills.includes(name) ? `Profile ${profile.name}` : `Task ${task.id}`
  const near = nearestSkill(name, skillFolders)
  return {
    code: 'missing_skill',
    message: `${owner} needs the skill ${name}, which was not found.${near === null ? '' : ` Did you mean ${near}?`}`,
    next: `Put it into one of these folders as ${name}/SKILL.md: ${skillFolders.join(', ')}`,
  }
}
