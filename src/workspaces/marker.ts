/**
 * The marker is the proof that a folder was made by us, and for which card. Nothing without one is ever moved or removed.
 * In a scratch folder it is a file; of a git worktree it lies in the private folder git keeps for that worktree, where
 * neither `git status` nor a commit can see it.
 */
import { constants } from 'node:fs'
import { lstat, open, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Seconds, TaskId } from '../domain/task.ts'
import { errorCode, orNull } from './canonical-path.ts'

export const MARKER_NAME = '.yardmaster-workspace'

export interface WorkspaceMarker {
  readonly boardId: string
  readonly taskId: TaskId
  readonly kind: 'scratch' | 'worktree'
  readonly createdAt: Seconds
  /** Of a worktree: what it was made from. */
  readonly worktree: WorktreeOrigin | null
}

export interface WorktreeOrigin {
  /** The repository's own folder: the root of the main checkout, or the bare repository. */
  readonly repository: string
  /** Where git keeps what all checkouts of the repository share. */
  readonly commonDir: string
  readonly branch: string
  readonly baseCommit: string
  /** The branch the base commit was the tip of; null when it was detached. */
  readonly baseBranch: string | null
}

/** A task id that can name a folder and a branch. */
export const isFolderName = (taskId: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(taskId)

/** The marker of a workspace folder, or null when it carries none that can be read. */
export async function readMarker(path: string): Promise<WorkspaceMarker | null> {
  const privateDir = await worktreePrivateDir(path)
  const text = await readSmallFile(join(privateDir ?? path, MARKER_NAME))
  const marker = text === null ? null : parseMarker(text)
  // A marker committed into a repository turns up in checkouts that are not ours; each kind has one place only.
  return marker !== null && (marker.kind === 'worktree') === (privateDir !== null) ? marker : null
}

/** Writes the marker so that it is there after a power cut, too. `folder` is the workspace, or a worktree's private folder. */
export async function writeMarker(folder: string, marker: WorkspaceMarker): Promise<void> {
  const { boardId, taskId, kind, createdAt, worktree } = marker
  await writeNewFile(
    join(folder, MARKER_NAME),
    `${JSON.stringify({ format: 1, board: boardId, task: taskId, kind, created_at: createdAt, worktree })}\n`,
  )
}

/** The private folder git keeps for a linked worktree; null when the folder is no linked worktree, or git's two records of it disagree. */
export async function worktreePrivateDir(path: string): Promise<string | null> {
  const link = await readSmallFile(join(path, '.git'))
  const target = link?.match(/^gitdir: (.+?)\r?\n?$/s)?.[1]
  if (target === undefined) return null
  const privateDir = await orNull(realpath(isAbsolute(target) ? target : resolve(path, target)))
  if (privateDir === null || basename(dirname(privateDir)) !== 'worktrees') return null
  const back = (await readSmallFile(join(privateDir, 'gitdir')))?.trim()
  if (!back) return null
  const backPath = await orNull(realpath(dirname(resolve(privateDir, back))))
  return backPath === (await realpath(path)) ? privateDir : null
}

/** Creates a file that must not exist yet, private to its owner and flushed to the disk. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The text of a small regular file; null when there is none, or a link, a folder or something big in its place. */
export async function readSmallFile(path: string): Promise<string | null> {
  try {
    // Asked first because opening a device can have effects; opened without following because it may change in between.
    const about = await lstat(path)
    if (!about.isFile() || about.size > 64 * 1024) return null
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return (await file.stat()).isFile() ? await readFile(file, 'utf8') : null
    } finally {
      await file.close()
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EACCES', 'ENXIO'].includes(errorCode(error) ?? ''))
      return null
    throw error
  }
}

function parseMarker(text: string): WorkspaceMarker | null {
  const value = parseObject(text)
  if (value === null) return null
  const { format, board, task, kind, created_at: createdAt, worktree } = value
  if (format !== 1 || typeof board !== 'string' || typeof task !== 'string' || typeof createdAt !== 'number')
    return null
  if (kind === 'scratch') return { boardId: board, taskId: task, kind, createdAt, worktree: null }
  const origin = parseOrigin(worktree)
  return kind === 'worktree' && origin
    ? { boardId: board, taskId: task, kind, createdAt, worktree: origin }
    : null
}

export function parseOrigin(value: unknown): WorktreeOrigin | null {
  if (typeof value !== 'object' || value === null) return null
  const { repository, commonDir, branch, baseCommit, baseBranch } = value as Record<string, unknown>
  if (
    typeof repository !== 'string' ||
    typeof commonDir !== 'string' ||
    typeof branch !== 'string' ||
    typeof baseCommit !== 'string'
  )
    return null
  return {
    repository,
    commonDir,
    branch,
    baseCommit,
    baseBranch: typeof baseBranch === 'string' ? baseBranch : null,
  }
}

/** The JSON object in a text, or null. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
