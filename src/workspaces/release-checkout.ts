/** Lets a repository forget a checkout whose folder went to the trash, losing no commit on the way. */
import { cp, lstat, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { orNull } from './canonical-path.ts'
import { firstComplaint, git, GitFailure, gitText, gitTextOrNull, gitWhenFree } from './git.ts'
import { readSmallFile, type WorktreeOrigin } from './marker.ts'
import { branchTip, checkoutsOf } from './repository.ts'

export const ENTRY_MODULES = 'modules'

export interface BranchFate {
  readonly name: string
  readonly fate: 'deleted' | 'kept'
  /** Why, as a sentence. */
  readonly because: string
}

export interface Release {
  /** What became of the card's branch; null when there is none. */
  readonly branch: BranchFate | null
  /** A branch made to hold commits that were on no branch; null when there were none. */
  readonly rescuedAs: string | null
}

/**
 * Removes git's record of the checkout that stood at `from`, provided nothing stands there now, and the card's branch if
 * another branch contains all of it. Commits of a detached head that are on no branch get one. Submodule repositories
 * that lived with the checkout are copied to `keepModulesIn`. Doing it twice is doing it once.
 */
export async function releaseCheckout(
  origin: WorktreeOrigin,
  from: string,
  head: string | null,
  keepModulesIn: string,
): Promise<Release> {
  const { commonDir, branch } = origin
  if ((await orNull(lstat(commonDir))) === null) return { branch: null, rescuedAs: null } // the repository itself is gone
  const rescuedAs = head === null ? null : await rescue(commonDir, branch, head)
  await keepModules(commonDir, from, keepModulesIn)
  await forgetMissingCheckout(commonDir, from)
  return { branch: await settleBranch(commonDir, branch), rescuedAs }
}

/** Clears git's record of a checkout whose folder is not there. A folder that is there keeps its record. */
export async function forgetMissingCheckout(commonDir: string, path: string): Promise<void> {
  const known = (await checkoutsOf(commonDir)).some((checkout) => checkout.path === path)
  if (known && (await orNull(lstat(path))) === null)
    await gitWhenFree(['worktree', 'remove', '--force', '--force', path], {
      cwd: commonDir,
      gitDir: commonDir,
    })
}

async function rescue(commonDir: string, branch: string, head: string): Promise<string | null> {
  const here = { cwd: commonDir, gitDir: commonDir }
  const holders = await gitTextOrNull(
    ['for-each-ref', '--count=1', `--contains=${head}`, '--format=%(refname)', 'refs/heads', 'refs/remotes'],
    here,
  )
  if (holders === null || holders !== '') return null // null: the commit does not exist any more
  const name = `${branch}-detached-${head.slice(0, 10)}`
  await gitWhenFree(['update-ref', `refs/heads/${name}`, head, ''], here)
  return name
}

/** Submodules of a linked checkout have their repositories in its private folder, which goes with the record. */
async function keepModules(commonDir: string, from: string, target: string): Promise<void> {
  const privateDir = await privateDirOfMissing(commonDir, from)
  if (privateDir === null || (await orNull(lstat(join(privateDir, 'modules')))) === null) return
  await cp(join(privateDir, 'modules'), target, { recursive: true, verbatimSymlinks: true, force: true })
}

async function privateDirOfMissing(commonDir: string, from: string): Promise<string | null> {
  const folder = join(commonDir, 'worktrees')
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const link = await readSmallFile(join(folder, name, 'gitdir'))
    if (link?.trim() === join(from, '.git')) return realpath(join(folder, name))
  }
  return null
}

/** Deletes the branch if all of it is in another branch and nobody has it checked out. */
async function settleBranch(commonDir: string, branch: string): Promise<BranchFate | null> {
  const here = { cwd: commonDir, gitDir: commonDir }
  const tip = await branchTip(commonDir, branch)
  if (tip === null) return null
  const holder = (await checkoutsOf(commonDir)).find((checkout) => checkout.branch === branch)
  if (holder) return { name: branch, fate: 'kept', because: `It is checked out at ${holder.path}.` }
  const unmerged = Number(
    await gitText(
      ['rev-list', '--count', tip, '--not', `--exclude=${branch}`, '--branches', '--remotes'],
      here,
    ),
  )
  if (unmerged > 0)
    return { name: branch, fate: 'kept', because: `${unmerged} of its commits are in no other branch.` }
  // With the tip it was judged by: a commit that arrived in between keeps the branch. Unlike `git branch -d` this leaves
  // the repository's configuration file alone.
  try {
    await gitWhenFree(['update-ref', '-d', `refs/heads/${branch}`, tip], here)
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    return { name: branch, fate: 'kept', because: `Git did not delete it: ${firstComplaint(error.result)}.` }
  }
  if ((await gitTextOrNull(['config', '--local', '--get-regexp', `^branch\\.${branch}\\.`], here)) !== null) {
    await git(['config', '--local', '--remove-section', `branch.${branch}`], here)
  }
  return { name: branch, fate: 'deleted', because: 'Another branch contains all of it.' }
}
