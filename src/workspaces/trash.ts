/** Nothing is deleted at once: a workspace that may go is moved to the trash, and stays there for a while. */
import { lstat, mkdir, readdir, realpath, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conflict, notFound, unavailable } from '../domain/errors.ts'
import type { Seconds } from '../domain/task.ts'
import { systemClock } from '../lib/clock.ts'
import { errorCode, orNull } from './canonical-path.ts'
import { firstComplaint, GitFailure } from './git.ts'
import { writeNewFile } from './marker.ts'
import { branchTip, headCommit } from './repository.ts'
import { ENTRY_MODULES, releaseCheckout, type Release } from './release-checkout.ts'
import { removable, type RemovalRequest } from './removable.ts'
import { removeTree } from './remove-tree.ts'
import { restoreCheckout } from './restore-checkout.ts'
import {
  createEntry,
  ENTRY_FILE,
  ENTRY_WORKSPACE,
  forgetEntry,
  listTrash,
  readEntry,
  type TrashEntry,
} from './trash-entry.ts'

export interface TrashRequest extends RemovalRequest {
  readonly trashRoot: string
  /** Why it goes; a sentence for whoever finds it in the trash. */
  readonly reason: string
  readonly now?: Seconds
}

export type TrashOutcome =
  | ({
      readonly moved: true
      readonly entry: TrashEntry
      /** What is still to be put right in the repository, which emptying the trash tries again; null when all is well. */
      readonly unfinished: string | null
    } & Release)
  | { readonly moved: false; readonly reason: string; readonly needsPerson: boolean }

/**
 * Moves a workspace to the trash, if it is ours and nothing would be lost, or a person insisted (`forcedBy`). Of a git
 * worktree every file is kept, ignored ones included, and the repository forgets the checkout; its branch goes only when
 * another branch contains all of it.
 */
export async function moveToTrash(request: TrashRequest): Promise<TrashOutcome> {
  const answer = await removable(request)
  if (!answer.removable) return { moved: false, reason: answer.reason, needsPerson: answer.needsPerson }
  const { path, marker } = answer
  const origin = marker.worktree
  const worktree = origin && {
    ...origin,
    head: await headCommit(path),
    tip: await branchTip(origin.commonDir, origin.branch),
  }
  const entry = await createEntry(request.trashRoot, {
    boardId: marker.boardId,
    taskId: marker.taskId,
    kind: marker.kind,
    from: path,
    createdAt: marker.createdAt,
    trashedAt: request.now ?? systemClock.now(),
    reason: request.reason,
    forcedBy: request.forcedBy ?? null,
    worktree,
  })
  try {
    await rename(path, join(entry.path, ENTRY_WORKSPACE))
  } catch (error) {
    await forgetEntry(entry)
    await rmdir(entry.path)
    if (errorCode(error) !== 'EXDEV') throw error
    return {
      moved: false,
      reason: `${path} cannot be moved to the trash ${request.trashRoot}: it is on another file system.`,
      needsPerson: false,
    }
  }
  try {
    return { moved: true, entry, unfinished: null, ...(await settle(entry)) }
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    return { moved: true, entry, unfinished: firstComplaint(error.result), ...NOTHING_TO_SETTLE }
  }
}

const NOTHING_TO_SETTLE: Release = { branch: null, rescuedAs: null }

/**
 * Brings the repository into line with the move, once: what its owner does to branches afterwards is not undone. Until it
 * has succeeded it may be repeated.
 */
async function settle(entry: TrashEntry): Promise<Release> {
  const done = join(entry.path, 'settled')
  const isMoved = (await orNull(lstat(join(entry.path, ENTRY_WORKSPACE)))) !== null
  if (entry.worktree === null || !isMoved || (await orNull(lstat(done))) !== null) return NOTHING_TO_SETTLE
  // A later run of the card gets the same private folder in git; this link would let the old files pose as the new checkout.
  await orNull(unlink(join(entry.path, ENTRY_WORKSPACE, '.git')))
  const release = await releaseCheckout(
    entry.worktree,
    entry.from,
    entry.worktree.head,
    join(entry.path, ENTRY_MODULES),
  )
  await writeNewFile(done, '')
  return release
}

export interface TrashPlace {
  readonly trashRoot: string
  readonly boardId: string
}

/**
 * Puts a workspace back where it stood. Of a worktree the files come back as they were; what had been staged is then an
 * ordinary change. Refuses when the place is taken (`workspace_taken`) or the commit is gone (`commit_gone`).
 */
export async function restoreFromTrash({
  trashRoot,
  boardId,
  name,
}: TrashPlace & { readonly name: string }): Promise<{ readonly path: string }> {
  const root = await orNull(realpath(trashRoot))
  const entry = root === null || name.includes('/') ? null : await readEntry(root, name)
  if (entry === null || entry.boardId !== boardId)
    throw notFound(
      'trash_entry_not_found',
      `nothing named ${name} is in the trash. List it with: yard workspaces --trash`,
      { name },
    )
  const kept = join(entry.path, ENTRY_WORKSPACE)
  if (!(await orNull(lstat(kept)))?.isDirectory())
    throw unavailable(
      'trash_entry_damaged',
      `cannot restore ${name}: its folder is missing in ${entry.path}.`,
    )
  if ((await orNull(lstat(entry.from))) !== null) {
    throw conflict(
      'workspace_taken',
      `cannot restore ${name}: something stands at ${entry.from}. Move it away first: mv ${entry.from} ${entry.from}.old`,
      { path: entry.from },
    )
  }
  await mkdir(dirname(entry.from), { recursive: true, mode: 0o700 })
  if (entry.worktree !== null) {
    await settle(entry)
    await restoreCheckout(entry, kept)
  } else {
    await rename(kept, entry.from)
  }
  await removeEntry(entry)
  return { path: entry.from }
}

export interface EmptyTrashResult {
  readonly removed: number
  readonly bytes: number
  /** Ours, but not there long enough. */
  readonly kept: number
  /** Not removed for another reason. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}

/** Deletes for good what has been in the trash for the retention time; of what is there, only what this board put there. */
export async function emptyTrash({
  trashRoot,
  boardId,
  retentionSeconds,
  now,
}: TrashPlace & { readonly retentionSeconds: number; readonly now: Seconds }): Promise<EmptyTrashResult> {
  let removed = 0
  let bytes = 0
  let kept = 0
  const refused: { name: string; reason: string }[] = []
  for (const { name, entry } of await listTrash(trashRoot)) {
    if (entry === null) refused.push({ name, reason: 'It was not put there by Yardmaster.' })
    else if (entry.boardId !== boardId)
      refused.push({ name, reason: `It belongs to another board (${entry.boardId}).` })
    else if (entry.trashedAt + retentionSeconds > now) kept++
    else {
      try {
        await settle(entry)
        bytes += await removeEntry(entry)
        removed++
      } catch (error) {
        refused.push({ name, reason: error instanceof Error ? error.message : String(error) })
      }
    }
  }
  return { removed, bytes, kept, refused }
}

/** The proof that it is ours goes last, so that an interrupted removal is taken up again. */
async function removeEntry(entry: TrashEntry): Promise<number> {
  let bytes = 0
  for (const name of await readdir(entry.path)) {
    const path = join(entry.path, name)
    if (name === ENTRY_FILE) continue
    if ((await lstat(path)).isDirectory()) bytes += await removeTree(path)
    else await unlink(path)
  }
  await forgetEntry(entry)
  await rmdir(entry.path)
  return bytes
}
