/** What stands at a workspace's place: whose it is, and what would be lost if it went away. Reads only. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TaskId } from '../domain/task.ts'
import { orNull } from './canonical-path.ts'
import { gitParts, gitText, gitTextOrNull } from './git.ts'
import { readMarker, worktreePrivateDir, type WorkspaceMarker, type WorktreeOrigin } from './marker.ts'
import { branchTip, headBranch, headCommit, repositoryOfWorkspace } from './repository.ts'
import { folderSize, type FolderSize } from './walk.ts'

export interface WorkspaceInspection {
  readonly path: string
  readonly exists: boolean
  readonly marker: WorkspaceMarker | null
  /** `ours`: made by this board for this card. */
  readonly owner: 'ours' | 'other_task' | 'other_board' | 'unmarked'
  /** Null when the folder is not in git. */
  readonly git: GitInspection | null
  readonly size: FolderSize
}

export interface GitInspection {
  readonly repository: string
  /** Null when detached. */
  readonly branch: string | null
  readonly head: string | null
  /** Files with changes that are in no commit. */
  readonly changedFiles: number
  /** Files git does not know and was not told to ignore. */
  readonly untrackedFiles: number
  readonly isDirty: boolean
  /** Commits of the head and of the card's own branch (elsewhere: of the current branch) that no other local or remote branch contains. */
  readonly unmergedCommits: number
  /** Commits since the card's base; null when the folder is not a worktree of ours. */
  readonly ahead: number | null
  /** Submodules were checked out here: their repositories live and die with this checkout. */
  readonly hasSubmodules: boolean
  /** The user told git to keep this checkout (`git worktree lock`). */
  readonly isLocked: boolean
}

/** Looks at one workspace. `expected` says whose it should be. Rejects when git is there but cannot make sense of the folder. */
export async function inspectWorkspace(
  path: string,
  expected: { readonly boardId: string; readonly taskId?: TaskId | undefined },
): Promise<WorkspaceInspection> {
  if (!(await orNull(stat(path)))?.isDirectory()) {
    return {
      path,
      exists: false,
      marker: null,
      owner: 'unmarked',
      git: null,
      size: { bytes: 0, files: 0, isComplete: true },
    }
  }
  const marker = await readMarker(path)
  const [git, size] = await Promise.all([inspectGit(path, marker?.worktree ?? null), folderSize(path)])
  return { path, exists: true, marker, owner: ownerOf(marker, expected), git, size }
}

function ownerOf(
  marker: WorkspaceMarker | null,
  expected: { boardId: string; taskId?: TaskId | undefined },
): WorkspaceInspection['owner'] {
  if (marker === null) return 'unmarked'
  if (marker.boardId !== expected.boardId) return 'other_board'
  return expected.taskId === undefined || marker.taskId === expected.taskId ? 'ours' : 'other_task'
}

/** The git side of a folder; null when it is in no repository. */
export async function inspectGit(path: string, origin: WorktreeOrigin | null): Promise<GitInspection | null> {
  const repository = await repositoryOfWorkspace(path)
  if (repository === null) {
    if (origin !== null) throw new Error(`git no longer understands the checkout ${path}`)
    return null
  }
  const privateDir = await worktreePrivateDir(path)
  const [branch, head, changes, submodules, lock] = await Promise.all([
    headBranch(path),
    headCommit(path),
    changesIn(path),
    privateDir && orNull(stat(join(privateDir, 'modules'))),
    privateDir && orNull(stat(join(privateDir, 'locked'))),
  ])
  const ahead =
    origin && (await gitTextOrNull(['rev-list', '--count', `${origin.baseCommit}..HEAD`], { cwd: path }))
  return {
    repository: repository.root,
    branch,
    head,
    ...changes,
    isDirty: changes.changedFiles + changes.untrackedFiles > 0,
    unmergedCommits: await unmergedCommits(path, repository.commonDir, origin ? origin.branch : branch),
    ahead: ahead === null ? null : Number(ahead),
    hasSubmodules: Boolean(submodules),
    isLocked: Boolean(lock),
  }
}

async function changesIn(path: string) {
  const args = [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=normal',
    '--ignore-submodules=none',
    '--no-renames',
    '--',
    '.',
  ]
  const lines = await gitParts(args, { cwd: path })
  const untrackedFiles = lines.filter((line) => line.startsWith('?? ')).length
  return { changedFiles: lines.length - untrackedFiles, untrackedFiles }
}

/** Counts the commits that would be on no branch any more if `ownBranch` and the folder's head went away. */
async function unmergedCommits(path: string, commonDir: string, ownBranch: string | null): Promise<number> {
  const tips = await Promise.all([
    headCommit(path),
    ownBranch === null ? null : branchTip(commonDir, ownBranch),
  ])
  const present = tips.filter((tip) => tip !== null)
  if (present.length === 0) return 0
  const others = [...(ownBranch === null ? [] : [`--exclude=${ownBranch}`]), '--branches', '--remotes']
  return Number(await gitText(['rev-list', '--count', ...present, '--not', ...others], { cwd: path }))
}
