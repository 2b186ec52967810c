/** Makes the folder a run will work in, or finds the one an earlier run of the same card worked in. */
import { lstat, mkdir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../domain/errors.ts'
import type { Seconds } from '../domain/task.ts'
import { systemClock } from '../lib/clock.ts'
import { orNull } from './canonical-path.ts'
import { MARKER_NAME, writeMarker } from './marker.ts'
import { isOurs, type PreparedWorkspace, type WorkspaceOwner } from './own-place.ts'
import { prepareWorktree } from './prepare-worktree.ts'
import { headCommit } from './repository.ts'
import type { PlainWorkspace, ResolvedWorkspace } from './resolve-workspace.ts'

export interface PrepareOptions {
  readonly now?: Seconds
  readonly signal?: AbortSignal
}

/**
 * Makes the workspace, or continues in the card's own. The caller holds the lease on `resolved.leaseKey`.
 * Refuses (`workspace_taken`) a place where something stands that we did not make for this card, and
 * (`workspace_gone`) a user's folder that is no longer what was resolved.
 */
export async function prepareWorkspace(
  resolved: ResolvedWorkspace,
  owner: WorkspaceOwner,
  options: PrepareOptions = {},
): Promise<PreparedWorkspace> {
  if (resolved.kind === 'dir') return checkFolder(resolved)
  await mkdir(dirname(resolved.path), { recursive: true, mode: 0o700 })
  const now = options.now ?? systemClock.now()
  if (resolved.kind === 'worktree') return prepareWorktree(resolved, owner, now, options.signal)
  return prepareScratch(resolved, owner, now)
}

async function checkFolder({ path }: PlainWorkspace): Promise<PreparedWorkspace> {
  const found = await orNull(realpath(path))
  if (found !== path || !(await stat(path)).isDirectory()) {
    throw conflict(
      'workspace_gone',
      `cannot work in ${path}: the folder is gone or has become a link since it was checked. Put it back, or create the card with another folder.`,
      { path },
    )
  }
  const baseCommit = await headCommit(path).catch(() => null) // a folder of the user's need not be in git, nor git be there
  return { path, created: false, ...(baseCommit === null ? {} : { baseCommit }) }
}

async function prepareScratch(
  { path }: PlainWorkspace,
  owner: WorkspaceOwner,
  now: Seconds,
): Promise<PreparedWorkspace> {
  if (await isOurs(path, owner, 'scratch')) return { path, created: false }
  // Made under another name first, so that a folder under its final name always carries its marker.
  const making = join(dirname(path), `.making-${owner.taskId}`)
  await discard(making)
  await mkdir(making, { mode: 0o700 })
  await writeMarker(making, { ...owner, kind: 'scratch', createdAt: now, worktree: null })
  // Over an empty folder this succeeds, over anything else it fails: what it replaces held nothing.
  await rename(making, path).catch((cause: unknown) => {
    throw unavailable(
      'workspace_not_made',
      `cannot make the workspace ${path}. Try again; if it repeats, look at what stands there.`,
      cause,
    )
  })
  return { path, created: true }
}

/** What a crash in the middle of making a scratch folder left: a folder with at most the marker in it. */
async function discard(making: string): Promise<void> {
  if ((await orNull(lstat(making))) === null) return
  await orNull(unlink(join(making, MARKER_NAME)))
  await rmdir(making)
}
