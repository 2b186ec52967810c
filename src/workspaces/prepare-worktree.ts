/**
 * One checkout and one branch per card: siblings in the same repository never share either. Of the user's repository
 * only git's own record of the checkout and the branch change.
 */
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../domain/errors.ts'
import type { Seconds } from '../domain/task.ts'
import { orNull } from './canonical-path.ts'
import { firstComplaint, git, GitFailure, gitTextOrNull, gitWhenFree, tryGit } from './git.ts'
import {
  parseObject,
  readMarker,
  readSmallFile,
  worktreePrivateDir,
  writeMarker,
  writeNewFile,
  type WorktreeOrigin,
} from './marker.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { isOurs, taken, type PreparedWorkspace, type WorkspaceOwner } from './own-place.ts'
import { forgetMissingCheckout } from './release-checkout.ts'
import { branchTip, checkoutsOf } from './repository.ts'
import type { WorktreeWorkspace } from './resolve-workspace.ts'

const CHECKOUT_TIMEOUT_MS = 30 * 60 * 1000

const perRepository = oneAtATime()

/** Makes the card's checkout, or continues in it. Callers use `prepareWorkspace`. */
export const prepareWorktree = (
  resolved: WorktreeWorkspace,
  owner: WorkspaceOwner,
  now: Seconds,
  signal?: AbortSignal,
): Promise<PreparedWorkspace> =>
  perRepository(resolved.commonDir, async () => {
    const { path, commonDir } = resolved
    const intent = join(dirname(path), `.making-${owner.taskId}.json`)
    await clearHalfMade(resolved, owner, intent)
    if (await isOurs(path, owner, 'worktree')) return continueIn(resolved)

    await writeNewFile(intent, `${JSON.stringify({ ...owner, commonDir })}\n`)
    const origin = await addCheckout(resolved, signal)
    const privateDir = await worktreePrivateDir(path)
    if (privateDir === null)
      throw unavailable(
        'workspace_not_made',
        `cannot make the workspace ${path}: git made a checkout that it does not know itself. Look at: git -C ${resolved.repository} worktree list`,
      )
    await writeMarker(privateDir, { ...owner, kind: 'worktree', createdAt: now, worktree: origin })
    await rm(intent)
    return { path, created: true, baseCommit: origin.baseCommit }
  })

async function continueIn({ path, commonDir, repository }: WorktreeWorkspace): Promise<PreparedWorkspace> {
  const origin = (await readMarker(path))?.worktree
  if (!origin) throw taken(path, 'its marker disappeared while it was looked at')
  if (origin.commonDir !== commonDir)
    throw taken(path, `it is a checkout of ${origin.repository}, and the card now names ${repository}`)
  return { path, created: false, baseCommit: origin.baseCommit }
}

async function addCheckout(
  resolved: WorktreeWorkspace,
  signal: AbortSignal | undefined,
): Promise<WorktreeOrigin> {
  const { path, repository, commonDir, branch, baseBranch } = resolved
  const inRepository = { cwd: commonDir, gitDir: commonDir }
  // Our own record of a checkout whose folder is gone would be in the way. Records of other folders stay: the user's
  // disk may just not be mounted.
  await forgetMissingCheckout(commonDir, path)
  const tip = await branchTip(commonDir, branch)
  try {
    // Two steps, each of which can be repeated when another git was in the way: a branch made by a `worktree add` that
    // then failed would stop the next try.
    if (tip === null) await gitWhenFree(['branch', '--no-track', branch, resolved.baseCommit], inRepository)
    const add = ['worktree', 'add', '--quiet', path, branch]
    await gitWhenFree(add, { ...inRepository, timeoutMs: CHECKOUT_TIMEOUT_MS, signal })
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    if (tip === null)
      await tryGit(['update-ref', '-d', `refs/heads/${branch}`, resolved.baseCommit], inRepository)
    const lock = /Unable to create '(.+\.lock)'/.exec(error.result.stderr)?.[1]
    const next = lock
      ? `If no git is at work there, remove its lock: rm '${lock}'`
      : `See what is there: git -C ${repository} worktree list`
    throw conflict(
      'worktree_not_made',
      `cannot make a checkout of ${repository} at ${path}: ${firstComplaint(error.result)}. ${next}`,
      { path, repository, branch, git: error.result.stderr },
    )
  }
  // A branch kept from earlier runs started where it left the line it came from.
  const base =
    tip === null
      ? resolved.baseCommit
      : await gitTextOrNull(['merge-base', tip, resolved.baseCommit], inRepository)
  return { repository, commonDir, branch, baseCommit: base ?? resolved.baseCommit, baseBranch }
}

/**
 * A checkout without marker, made after we wrote down that we were about to make it: we were cut off in between, and no
 * worker has been in it. Clears it away so that it can be made again.
 */
async function clearHalfMade(
  { path, commonDir }: WorktreeWorkspace,
  owner: WorkspaceOwner,
  intent: string,
): Promise<void> {
  const text = await readSmallFile(intent)
  if (text === null) return
  const plan = parseObject(text)
  const isOurPlan =
    plan?.['taskId'] === owner.taskId && plan['boardId'] === owner.boardId && plan['commonDir'] === commonDir
  if (isOurPlan && (await orNull(lstat(path)))?.isDirectory() && (await readMarker(path)) === null) {
    const known = (await checkoutsOf(commonDir)).some((checkout) => checkout.path === path)
    if (known)
      await git(['worktree', 'remove', '--force', '--force', path], { cwd: commonDir, gitDir: commonDir })
    else if ((await readdir(path)).length === 0) await rmdir(path)
  }
  await rm(intent)
}
