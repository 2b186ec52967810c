/** Makes the kept files of a removed worktree a checkout of its repository again. */
import { cp, lstat, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { unavailable } from '../domain/errors.ts'
import { orNull } from './canonical-path.ts'
import { git, gitTextOrNull, gitWhenFree, tryGit } from './git.ts'
import { worktreePrivateDir, writeMarker } from './marker.ts'
import { ENTRY_MODULES } from './release-checkout.ts'
import { branchTip } from './repository.ts'
import type { TrashEntry } from './trash-entry.ts'

/** `kept` is the folder in the trash; it ends up where it came from, registered with git, on its branch if that has not moved. */
export async function restoreCheckout(entry: TrashEntry, kept: string): Promise<void> {
  const origin = entry.worktree
  if (origin === null) return
  const { commonDir, branch, head, tip } = origin
  const path = entry.from
  const here = { cwd: commonDir, gitDir: commonDir }
  const exists =
    head !== null &&
    (await orNull(lstat(commonDir))) !== null &&
    (await gitTextOrNull(['rev-parse', '--verify', '--quiet', `${head}^{commit}`], here)) !== null
  if (!exists)
    throw unavailable(
      'commit_gone',
      `cannot restore ${entry.name} as a checkout: commit ${head} is no longer in ${origin.repository}. Its files are in ${kept}.`,
    )

  const current = await branchTip(commonDir, branch)
  const isOnBranch = head === tip && (current === null || current === tip)
  if (isOnBranch && current === null) await gitWhenFree(['branch', '--no-track', branch, head], here)
  const start = isOnBranch ? [path, branch] : ['--detach', path, head]
  await gitWhenFree(['worktree', 'add', '--quiet', '--no-checkout', ...start], here)
  // Git made a folder with nothing but its link; ours takes its place, with that link in it.
  await writeFile(join(kept, '.git'), await readFile(join(path, '.git')))
  await unlink(join(path, '.git'))
  await rmdir(path)
  await rename(kept, path)

  const privateDir = await worktreePrivateDir(path)
  if (privateDir === null)
    throw unavailable(
      'workspace_not_made',
      `git does not recognise the restored checkout ${path}. Look at: git -C ${dirname(commonDir)} worktree list`,
    )
  const modules = join(entry.path, ENTRY_MODULES)
  if ((await orNull(lstat(modules))) !== null)
    await cp(modules, join(privateDir, 'modules'), { recursive: true, verbatimSymlinks: true })
  const { repository, baseCommit, baseBranch } = origin
  await writeMarker(privateDir, {
    boardId: entry.boardId,
    taskId: entry.taskId,
    kind: 'worktree',
    createdAt: entry.createdAt,
    worktree: { repository, commonDir, branch, baseCommit, baseBranch },
  })
  await git(['read-tree', 'HEAD'], { cwd: path })
  await tryGit(['update-index', '-q', '--refresh'], { cwd: path })
}
