/** The inventory: every folder where workspaces are made, and every branch made for a card, accounted for or not. */
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { TaskId } from '../domain/task.ts'
import { orNull } from './canonical-path.ts'
import { gitText } from './git.ts'
import { readMarker, type WorkspaceMarker } from './marker.ts'
import { checkoutsOf, findRepository } from './repository.ts'

export interface ListedWorkspace {
  readonly name: string
  readonly path: string
  /** Null for what we did not make. */
  readonly marker: WorkspaceMarker | null
}

/** Everything that stands in the folder for workspaces, ours or not; links are listed, not followed. */
export async function listWorkspaces(workspacesRoot: string): Promise<ListedWorkspace[]> {
  const root = await orNull(realpath(workspacesRoot))
  if (root === null) return []
  const found = await readdir(root, { withFileTypes: true })
  return Promise.all(
    found
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(async (entry) => {
        const path = join(root, entry.name)
        return { name: entry.name, path, marker: entry.isDirectory() ? await readMarker(path) : null }
      }),
  )
}

export interface TaskBranch {
  readonly branch: string
  readonly taskId: TaskId
  readonly tip: string
  /** Commits that no other local or remote branch contains. */
  readonly unmergedCommits: number
  /** Where it is checked out; null when it is only a branch. */
  readonly checkout: string | null
}

/** The branches made for cards in a repository, with what would be lost without them. */
export async function listTaskBranches(repository: string): Promise<TaskBranch[]> {
  const found = await findRepository(repository)
  if ('reason' in found) return []
  const here = { cwd: found.commonDir, gitDir: found.commonDir }
  const refs = await gitText(
    ['for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/heads/yard/'],
    here,
  )
  const checkouts = await checkoutsOf(found.commonDir)
  const branches: TaskBranch[] = []
  for (const line of refs.split('\n').filter(Boolean)) {
    const tip = line.slice(0, line.indexOf(' '))
    const branch = line.slice(tip.length + 1)
    const others = [`--exclude=${branch}`, '--branches', '--remotes']
    branches.push({
      branch,
      taskId: branch.slice('yard/'.length),
      tip,
      unmergedCommits: Number(await gitText(['rev-list', '--count', tip, '--not', ...others], here)),
      checkout: checkouts.find((checkout) => checkout.branch === branch)?.path ?? null,
    })
  }
  return branches
}
