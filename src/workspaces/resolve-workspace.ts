/**
 * Where a card's work will happen, decided without touching anything. A preflight asks this before every claim; what it
 * refuses never costs an attempt.
 */
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { TaskId, WorkspaceKind } from '../domain/task.ts'
import { canonicalPath, canonicalPlace, errorCode, isBelow, isSameOrBelow } from './canonical-path.ts'
import { isFolderName } from './marker.ts'
import { branchTip, checkoutsOf, findRepository, headBranch, headCommit } from './repository.ts'

export interface WorkspaceRequest {
  readonly taskId: TaskId
  readonly kind: WorkspaceKind
  /** What the card names: nothing for scratch, the folder for dir, the repository (or a folder in it) for worktree. */
  readonly path: string | null
  /** The folder that holds every workspace we make. */
  readonly workspacesRoot: string
  /** The repository of a worktree card that names none. */
  readonly baseFolder?: string | null | undefined
  /** Yardmaster's home; by default the folder that holds the workspaces. */
  readonly home?: string | undefined
  /** The user's home folder; by default the one of the account. */
  readonly userHome?: string | undefined
}

interface Place {
  /** Where the worker will work. */
  readonly path: string
  /** Two cards with the same key must not run at the same time. It is the canonical path. */
  readonly leaseKey: string
}

export interface PlainWorkspace extends Place {
  readonly kind: 'scratch' | 'dir'
  readonly repository?: undefined
  readonly branch?: undefined
}

export interface WorktreeWorkspace extends Place {
  readonly kind: 'worktree'
  /** The root of the main checkout, or the bare repository. */
  readonly repository: string
  readonly commonDir: string
  /** The card's own branch, `yard/<task>`. */
  readonly branch: string
  /** The commit a new branch starts from: the head of the folder the card named. */
  readonly baseCommit: string
  /** The branch whose tip that is; null when the head is detached. */
  readonly baseBranch: string | null
}

export type ResolvedWorkspace = PlainWorkspace | WorktreeWorkspace

/** Why there is no such workspace: the value with the rule it breaks, and what to do. Two sentences for a person. */
export interface WorkspaceProblem {
  readonly problem: string
  readonly next: string
}

export const isWorkspaceProblem = (
  answer: ResolvedWorkspace | WorkspaceProblem,
): answer is WorkspaceProblem => 'problem' in answer

const branchOf = (taskId: TaskId): string => `yard/${taskId}`

/** Decides where the card will work, or says why it cannot. Reads only; the place may still have to be made by `prepareWorkspace`. */
export async function resolveWorkspace(
  request: WorkspaceRequest,
): Promise<ResolvedWorkspace | WorkspaceProblem> {
  const { taskId, kind } = request
  if (!isFolderName(taskId)) {
    return {
      problem: `Task id "${taskId}" cannot name a folder: only letters, digits, - and _ are allowed.`,
      next: 'Create the card again; its new id will do.',
    }
  }
  if (!isAbsolute(request.workspacesRoot)) {
    return {
      problem: `The folder for workspaces, "${request.workspacesRoot}", is not an absolute path.`,
      next: 'Set YARD_HOME to an absolute path.',
    }
  }
  if (kind === 'scratch') return resolveScratch(request)
  if (kind === 'dir') return resolveDir(request)
  return resolveWorktree(request)
}

/** The folder made for a card, whatever its kind. */
async function ownPlace({ taskId, workspacesRoot }: WorkspaceRequest): Promise<string> {
  return join(await canonicalPlace(workspacesRoot), taskId)
}

async function resolveScratch(request: WorkspaceRequest): Promise<ResolvedWorkspace | WorkspaceProblem> {
  // A path ending in the card's own id is one an earlier run was given. Any other is a folder of the user's,
  // and must never come to be treated as disposable.
  if (request.path && basename(request.path) !== request.taskId) {
    return {
      problem: `A scratch workspace takes no path, but the card names ${request.path}.`,
      next: `To work in that folder, create the card with --workspace dir:${request.path}`,
    }
  }
  const path = await ownPlace(request)
  return { kind: 'scratch', path, leaseKey: path }
}

async function resolveDir(request: WorkspaceRequest): Promise<ResolvedWorkspace | WorkspaceProblem> {
  const found = await findFolder('dir', request.path)
  if (typeof found !== 'string') return found
  const home = await canonicalPlace(request.home ?? dirname(request.workspacesRoot))
  const root = await canonicalPlace(request.workspacesRoot)
  const userHome = await canonicalPlace(request.userHome ?? homedir())
  const elsewhere =
    'Name the project folder the card is about, or leave the workspace out to work in a scratch folder.'
  if (dirname(found) === found)
    return {
      problem: `The workspace dir:${request.path} is the root of the whole file system.`,
      next: elsewhere,
    }
  if (found === userHome)
    return { problem: `The workspace dir:${request.path} is the home folder of the user.`, next: elsewhere }
  if (isBelow(userHome, found))
    return {
      problem: `The workspace dir:${request.path} contains the home folder of the user, ${userHome}.`,
      next: elsewhere,
    }
  if (isSameOrBelow(found, home))
    return {
      problem: `The workspace dir:${request.path} belongs to Yardmaster itself (${home}).`,
      next: elsewhere,
    }
  if (isSameOrBelow(found, root))
    return {
      problem: `The workspace dir:${request.path} is where Yardmaster keeps the workspaces it makes (${root}).`,
      next: elsewhere,
    }
  if (isBelow(home, found))
    return {
      problem: `The workspace dir:${request.path} contains the home of Yardmaster, ${home}.`,
      next: elsewhere,
    }
  try {
    await access(found, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return {
      problem: `The workspace dir:${request.path} cannot be written by this user.`,
      next: `Allow it: chmod u+rwx ${found} (or have its owner do so), or name another folder.`,
    }
  }
  return { kind: 'dir', path: found, leaseKey: found }
}

async function resolveWorktree(request: WorkspaceRequest): Promise<ResolvedWorkspace | WorkspaceProblem> {
  const named = request.path || request.baseFolder
  if (!named) {
    return {
      problem: 'The card asks for a worktree but names no repository, and no default one is configured.',
      next: 'Name it: --workspace worktree:/path/to/repository, or set a base folder in the profile or in config.yaml.',
    }
  }
  const folder = await findFolder('worktree', named)
  if (typeof folder !== 'string') return folder
  const repository = await findRepository(folder)
  if ('reason' in repository) {
    return {
      problem: `The worktree repository ${named} cannot be used: ${repository.reason}.`,
      next: nextWithoutRepository(repository.reason, folder),
    }
  }
  const [baseCommit, baseBranch, clash, checkouts] = await Promise.all([
    headCommit(folder),
    headBranch(folder),
    branchTip(repository.commonDir, 'yard'),
    checkoutsOf(repository.commonDir),
  ])
  if (baseCommit === null) {
    return {
      problem: `The repository ${repository.root} has no commit yet, so there is nothing to branch from.`,
      next: `Make a first commit: git -C ${repository.root} commit --allow-empty -m "Start"`,
    }
  }
  if (clash !== null) {
    return {
      problem: `The repository ${repository.root} has a branch named "yard", so git cannot make branches below yard/.`,
      next: `Rename it: git -C ${repository.root} branch -m yard <other-name>`,
    }
  }
  const { root, commonDir } = repository
  const path = await ownPlace(request)
  const branch = branchOf(request.taskId)
  const elsewhere = checkouts.find((checkout) => checkout.branch === branch && checkout.path !== path)
  if (elsewhere) {
    return {
      problem: `The card's branch ${branch} is checked out at ${elsewhere.path}${elsewhere.isMissing ? ', which is missing' : ''}.`,
      next: elsewhere.isMissing
        ? `If that folder is gone for good, let git forget it: git -C ${root} worktree remove --force ${elsewhere.path}`
        : `Free the branch: git -C ${elsewhere.path} switch --detach`,
    }
  }
  return {
    kind: 'worktree',
    path,
    leaseKey: path,
    repository: root,
    commonDir,
    branch,
    baseCommit,
    baseBranch,
  }
}

function nextWithoutRepository(reason: string, folder: string): string {
  if (reason.includes('not installed')) return 'Install git, or use a scratch or dir workspace.'
  if (reason.includes('dubious ownership'))
    return `If you trust it: git config --global --add safe.directory ${folder}`
  return `Name a folder inside a git repository, or make it one: git -C ${folder} init`
}

/** The canonical name of an existing folder the card names, or what is wrong with it. */
async function findFolder(kind: 'dir' | 'worktree', path: string | null): Promise<string | WorkspaceProblem> {
  if (!path)
    return {
      problem: `A ${kind} workspace needs a folder, but the card names none.`,
      next: `Name it: --workspace ${kind}:/absolute/path`,
    }
  if (path.includes('\0'))
    return {
      problem: `The workspace ${kind}:${JSON.stringify(path)} holds a NUL character.`,
      next: 'Write the path without it.',
    }
  if (!isAbsolute(path)) {
    const hint = path.startsWith('~/')
      ? join(homedir(), path.slice(2))
      : `/absolute/path/to/${path.replace(/^(\.\.?\/)+/, '')}`
    return {
      problem: `The workspace ${kind}:${path} is not an absolute path.`,
      next: `Write it in full: --workspace ${kind}:${hint}`,
    }
  }
  try {
    const canonical = await canonicalPath(path)
    if ((await stat(canonical)).isDirectory()) return canonical
    return {
      problem: `The workspace ${kind}:${path} is not a folder.`,
      next: `Name the folder it lies in: --workspace ${kind}:${dirname(canonical)}`,
    }
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return {
        problem: `The workspace ${kind}:${path} does not exist.`,
        next: `Make it, or correct the path: mkdir -p ${path}`,
      }
    if (code === 'EACCES' || code === 'ELOOP')
      return {
        problem: `The workspace ${kind}:${path} cannot be reached (${code}).`,
        next: 'Check the permissions and links on the way to it.',
      }
    throw error
  }
}
