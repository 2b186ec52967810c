/** What git knows of a folder: its repository, and which checkouts the repository has. */
import { basename, dirname } from 'node:path'
import { canonicalPath, errorCode } from './canonical-path.ts'
import { firstComplaint, gitTextOrNull, gitWhenFree, tryGit } from './git.ts'
import { readMarker } from './marker.ts'

export interface Repository {
  /** The root of the main checkout, or the bare repository itself. */
  readonly root: string
  /** Where git keeps what all checkouts share: branches, objects, configuration. */
  readonly commonDir: string
}

/** The repository a folder belongs to, or git's reason why there is none. */
export async function findRepository(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Repository | { readonly reason: string }> {
  const question = ['rev-parse', '--path-format=absolute', '--git-common-dir']
  const found = await tryGit(question, { cwd: folder, env }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
  if (found === null) return { reason: 'git is not installed, or not in the PATH' }
  if (found.code !== 0) return { reason: firstComplaint(found) }
  const commonDir = await canonicalPath(found.stdout.toString('utf8').replace(/\n$/, ''))
  return { root: basename(commonDir) === '.git' ? dirname(commonDir) : commonDir, commonDir }
}

/**
 * The repository a workspace belongs to. A folder that we made is never taken for a part of a repository around it, such
 * as one of the user's whole home; a folder of the user's is.
 */
export async function repositoryOfWorkspace(path: string): Promise<Repository | null> {
  const env = (await readMarker(path)) === null ? {} : { GIT_CEILING_DIRECTORIES: dirname(path) }
  const found = await findRepository(path, env)
  return 'reason' in found ? null : found
}

/** The commit a folder's checkout stands on; null before the first commit. */
export const headCommit = (folder: string): Promise<string | null> =>
  gitTextOrNull(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd: folder })

/** The branch a folder's checkout is on; null when detached. */
export const headBranch = (folder: string): Promise<string | null> =>
  gitTextOrNull(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd: folder })

/** The commit at the tip of a local branch; null when there is no such branch. */
export const branchTip = (commonDir: string, branch: string): Promise<string | null> =>
  gitTextOrNull(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`], {
    cwd: commonDir,
    gitDir: commonDir,
  })

export interface Checkout {
  readonly path: string
  readonly branch: string | null
  /** The folder is gone; only git's record is left. */
  readonly isMissing: boolean
  readonly isLocked: boolean
}

/** Every checkout git has on record for a repository, the main one first. */
export async function checkoutsOf(commonDir: string): Promise<Checkout[]> {
  // Reading the records fails while another git writes one of them.
  const { stdout } = await gitWhenFree(['worktree', 'list', '--porcelain', '-z'], {
    cwd: commonDir,
    gitDir: commonDir,
  })
  const parts = stdout.toString('utf8').split('\0').filter(Boolean)
  const checkouts: { path: string; branch: string | null; isMissing: boolean; isLocked: boolean }[] = []
  for (const part of parts) {
    const [key, value] = splitOnce(part)
    if (key === 'worktree') checkouts.push({ path: value, branch: null, isMissing: false, isLocked: false })
    const current = checkouts.at(-1)
    if (!current) continue
    if (key === 'branch') current.branch = value.replace(/^refs\/heads\//, '')
    if (key === 'prunable') current.isMissing = true
    if (key === 'locked') current.isLocked = true
  }
  return checkouts
}

const splitOnce = (line: string): [string, string] => {
  const at = line.indexOf(' ')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
