/** What must be true before a card may be claimed: a profile, a place to work, everything the worker needs. Changes nothing. */
import type { Profile } from '../agents/profile.ts'
import { preflight, type LaunchPlan } from '../agents/preflight.ts'
import { explainProblems } from '../agents/problem.ts'
import { repositoryAround } from '../agents/profiles.ts'
import { skillFolders } from '../agents/skills.ts'
import type { Task } from '../domain/task.ts'
import {
  isWorkspaceProblem,
  resolveWorkspace,
  type ResolvedWorkspace,
} from '../workspaces/resolve-workspace.ts'
import type { DispatchDeps } from './deps.ts'

export type Admission =
  | { readonly ok: true; readonly plan: LaunchPlan; readonly workspace: ResolvedWorkspace }
  | { readonly ok: false; readonly problem: string }

export async function checkNeeds(deps: DispatchDeps, task: Task): Promise<Admission> {
  const { profiles, env } = deps
  const assignee = task.assignee ?? ''
  const repository = task.workspacePath === null ? null : repositoryAround(task.workspacePath)
  const finding = profiles.find(assignee, { repository })
  const resolved = finding.state === 'found' ? await placeFor(deps, task, finding.profile) : null
  const checked = preflight({
    profile: assignee,
    task,
    profiles,
    repository,
    workspaceProblem: () =>
      resolved !== null && isWorkspaceProblem(resolved)
        ? { message: resolved.problem, next: resolved.next }
        : null,
    workspace: resolved === null || isWorkspaceProblem(resolved) ? null : resolved.path,
    skillFolders: skillFoldersFor(deps, repository),
    env,
  })
  if (!checked.ok) return { ok: false, problem: explainProblems(checked.problems) }
  if (resolved === null || isWorkspaceProblem(resolved))
    return { ok: false, problem: resolved?.problem ?? `there is no profile ${assignee}` }
  return { ok: true, plan: checked.plan, workspace: resolved }
}

/** Where the skills of cards in this repository are looked for. */
export const skillFoldersFor = (
  { paths, env, packagedSkills }: DispatchDeps,
  repository: string | null,
): readonly string[] =>
  skillFolders({
    home: paths.home,
    repositories: [repository, repositoryAround(process.cwd())],
    packaged: packagedSkills,
    userHome: env['HOME'] ?? paths.home,
  })

async function placeFor({ paths, settings }: DispatchDeps, task: Task, profile: Profile) {
  // A scratch card takes the kind its profile works in; any other kind was asked for.
  const kind =
    task.workspaceKind === 'scratch' && profile.workspace === 'worktree' ? 'worktree' : task.workspaceKind
  return resolveWorkspace({
    taskId: task.id,
    kind,
    path: task.workspacePath,
    workspacesRoot: paths.workspaces,
    baseFolder: profile.repository ?? settings().repository,
    home: paths.home,
  })
}
