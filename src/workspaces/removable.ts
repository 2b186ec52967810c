/**
 * May this folder go? Only what we made (our marker), where we make things (directly in our root), for the card it says;
 * and work that exists nowhere else only when a person said so by name.
 */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { TaskId } from '../domain/task.ts'
import { orNull } from './canonical-path.ts'
import { inspectGit, type GitInspection } from './inspect-workspace.ts'
import { isFolderName, readMarker, type WorkspaceMarker } from './marker.ts'
import { mountsIn } from './remove-tree.ts'

export interface RemovalRequest {
  readonly path: string
  readonly workspacesRoot: string
  readonly boardId: string
  /** The card it should belong to; by default whichever its marker names. */
  readonly taskId?: TaskId | undefined
  /** The person who wants it gone although work would be lost. */
  readonly forcedBy?: string | undefined
}

export type Removability =
  | {
      readonly removable: true
      readonly path: string
      readonly marker: WorkspaceMarker
      readonly git: GitInspection | null
    }
  /** `needsPerson`: a person may insist, with `forcedBy`. Otherwise nobody may. */
  | { readonly removable: false; readonly reason: string; readonly needsPerson: boolean }

/** Decides whether a workspace may be removed. Reads only. The caller has seen to it that no run uses it. */
export async function removable(request: RemovalRequest): Promise<Removability> {
  const provenance = await checkProvenance(request)
  if (typeof provenance === 'string') return { removable: false, reason: provenance, needsPerson: false }
  const { path, marker } = provenance
  if (marker.worktree === null) return { removable: true, path, marker, git: null }
  const git = await inspectGit(path, marker.worktree).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  )
  const loss = typeof git === 'string' ? `it cannot be seen what would be lost: ${git}` : lossOf(git)
  if (loss !== null && !request.forcedBy)
    return { removable: false, reason: `${path} is kept: ${loss}.`, needsPerson: true }
  return { removable: true, path, marker, git: typeof git === 'string' ? null : git }
}

async function checkProvenance(
  request: RemovalRequest,
): Promise<string | { path: string; marker: WorkspaceMarker }> {
  const given = resolve(request.path)
  const root = await orNull(realpath(request.workspacesRoot))
  const parent = await orNull(realpath(dirname(given)))
  const found = await orNull(lstat(given))
  if (root === null || parent === null || found === null) return `${given} does not exist.`
  if (found.isSymbolicLink()) return `${given} is a symbolic link, not a workspace.`
  if (!found.isDirectory()) return `${given} is not a folder.`
  if (parent !== root)
    return `${given} does not lie directly in ${root}, where Yardmaster makes its workspaces.`
  const path = join(root, basename(given))
  if (!isFolderName(basename(path))) return `${path} is not named after a task.`

  const mounts = await mountsIn(path)
  if (mounts.length > 0 || found.dev !== (await lstat(root)).dev)
    return `${mounts[0] ?? path} is mounted from elsewhere.`
  const marker = await readMarker(path)
  if (marker === null) return `${path} does not carry the marker of a workspace made by Yardmaster.`
  if (marker.boardId !== request.boardId) return `${path} belongs to another board (${marker.boardId}).`
  if (marker.taskId !== basename(path))
    return `${path} carries the marker of another task (${marker.taskId}).`
  if (request.taskId !== undefined && marker.taskId !== request.taskId)
    return `${path} belongs to task ${marker.taskId}, not ${request.taskId}.`
  return { path, marker }
}

/** What would be lost with a checkout; null when everything is somewhere else, too. */
function lossOf(git: GitInspection | null): string | null {
  if (git === null) return 'it is no longer a checkout of its repository'
  if (git.isLocked) return 'it was locked with git worktree lock'
  const parts = [
    git.changedFiles > 0 &&
      count(git.changedFiles, 'file with uncommitted changes', 'files with uncommitted changes'),
    git.untrackedFiles > 0 && count(git.untrackedFiles, 'untracked file', 'untracked files'),
    git.unmergedCommits > 0 &&
      count(
        git.unmergedCommits,
        'commit that no other branch contains',
        'commits that no other branch contains',
      ),
    git.hasSubmodules && 'submodules checked out in it',
  ].filter((part) => part !== false)
  return parts.length === 0 ? null : `it has ${parts.join(', ')}`
}

const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`
