/** One thing in the trash: a folder with `entry.json`, which says what it is, and `workspace`, which is it. */
import { mkdir, readdir, realpath, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Seconds, TaskId } from '../domain/task.ts'
import { errorCode, orNull } from './canonical-path.ts'
import { parseObject, parseOrigin, readSmallFile, writeNewFile, type WorktreeOrigin } from './marker.ts'

export const ENTRY_FILE = 'entry.json'
export const ENTRY_WORKSPACE = 'workspace'

export interface TrashEntry {
  /** The folder of the entry, canonical. */
  readonly path: string
  readonly name: string
  readonly boardId: string
  readonly taskId: TaskId
  readonly kind: 'scratch' | 'worktree'
  /** Where the workspace stood. */
  readonly from: string
  readonly createdAt: Seconds
  readonly trashedAt: Seconds
  readonly reason: string
  /** The person who insisted although work would be lost; null when nothing was. */
  readonly forcedBy: string | null
  readonly worktree: (WorktreeOrigin & { readonly head: string | null; readonly tip: string | null }) | null
}

/** Makes the folder of a new entry, named after time and card, and writes what it is. */
export async function createEntry(
  trashRoot: string,
  entry: Omit<TrashEntry, 'path' | 'name'>,
): Promise<TrashEntry> {
  await mkdir(trashRoot, { recursive: true, mode: 0o700 })
  const root = await realpath(trashRoot)
  const time = new Date(entry.trashedAt * 1000).toISOString().replace(/[-:]|\.\d+/g, '')
  for (let attempt = 1; ; attempt++) {
    const name = `${time}-${entry.taskId}${attempt === 1 ? '' : `-${attempt}`}`
    const path = join(root, name)
    try {
      await mkdir(path, { mode: 0o700 })
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue
      throw error
    }
    const made = { path, name, ...entry }
    // Complete or not there at all: an entry that cannot be read would never be emptied.
    await writeNewFile(
      join(path, `${ENTRY_FILE}.partial`),
      `${JSON.stringify({ format: 1, ...entry }, null, 2)}\n`,
    )
    await rename(join(path, `${ENTRY_FILE}.partial`), join(path, ENTRY_FILE))
    return made
  }
}

/** Reads the entry in a folder directly in the trash; null when there is none of ours. */
export async function readEntry(root: string, name: string): Promise<TrashEntry | null> {
  const path = join(root, name)
  const text = await readSmallFile(join(path, ENTRY_FILE))
  const value = text === null ? null : parseObject(text)
  if (value === null || value['format'] !== 1) return null
  const { boardId, taskId, kind, from, createdAt, trashedAt, reason, forcedBy, worktree } = value
  if (
    typeof boardId !== 'string' ||
    typeof taskId !== 'string' ||
    typeof from !== 'string' ||
    typeof reason !== 'string'
  )
    return null
  if (typeof createdAt !== 'number' || typeof trashedAt !== 'number') return null
  const common = {
    path,
    name,
    boardId,
    taskId,
    from,
    createdAt,
    trashedAt,
    reason,
    forcedBy: typeof forcedBy === 'string' ? forcedBy : null,
  }
  if (kind === 'scratch') return { ...common, kind, worktree: null }
  const origin = parseOrigin(worktree)
  if (kind !== 'worktree' || origin === null) return null
  const { head, tip } = worktree as Record<string, unknown>
  return {
    ...common,
    kind,
    worktree: {
      ...origin,
      head: typeof head === 'string' ? head : null,
      tip: typeof tip === 'string' ? tip : null,
    },
  }
}

/** Every folder in the trash, oldest first; `entry` is null for what we did not put there. */
export async function listTrash(
  trashRoot: string,
): Promise<{ readonly name: string; readonly path: string; readonly entry: TrashEntry | null }[]> {
  const root = await orNull(realpath(trashRoot))
  if (root === null) return []
  const found = await readdir(root, { withFileTypes: true })
  const names = found.map(({ name }) => name).sort()
  return Promise.all(
    names.map(async (name) => ({
      name,
      path: join(root, name),
      // A link is not looked through: its target is somebody else's.
      entry: found.some((each) => each.name === name && each.isDirectory())
        ? await readEntry(root, name)
        : null,
    })),
  )
}

export const forgetEntry = (entry: TrashEntry): Promise<unknown> =>
  orNull(unlink(join(entry.path, ENTRY_FILE)))
