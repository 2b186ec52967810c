/** The one place a card's own workspace has, and who stands there. */
import { lstat, readdir } from 'node:fs/promises'
import { conflict, type YardError } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import { orNull } from './canonical-path.ts'
import { readMarker, type WorkspaceMarker } from './marker.ts'

export interface WorkspaceOwner {
  readonly taskId: TaskId
  readonly boardId: string
}

export interface PreparedWorkspace {
  readonly path: string
  /** False when an earlier run's folder is continued in, and for a folder of the user's. */
  readonly created: boolean
  /** Where changes are counted from; of a folder of the user's that is in git, its head at this moment. */
  readonly baseCommit?: string
}

/**
 * Whether this card's own workspace stands at the place already. False when the place is free (nothing, or an empty
 * folder); anything else there is refused.
 */
export async function isOurs(
  path: string,
  owner: WorkspaceOwner,
  kind: WorkspaceMarker['kind'],
): Promise<boolean> {
  const found = await orNull(lstat(path))
  if (found === null) return false
  if (!found.isDirectory())
    throw taken(
      path,
      found.isSymbolicLink() ? 'a symbolic link stands there' : 'something that is not a folder stands there',
    )
  const marker = await readMarker(path)
  if (marker === null) {
    const names = await readdir(path)
    if (names.length === 0) return false
    throw taken(
      path,
      names.includes('.git')
        ? 'a checkout stands there that is not, or no longer, known as one of ours'
        : 'a folder stands there that Yardmaster did not make',
    )
  }
  if (marker.boardId !== owner.boardId)
    throw taken(path, `the folder belongs to another board (${marker.boardId})`)
  if (marker.taskId !== owner.taskId) throw taken(path, `the folder belongs to task ${marker.taskId}`)
  if (marker.kind !== kind)
    throw taken(path, `the folder was made as ${marker.kind}, and the card now asks for ${kind}`)
  return true
}

export const taken = (path: string, fact: string): YardError =>
  conflict(
    'workspace_taken',
    `cannot make the workspace ${path}: ${fact}. Move it away: mv ${path} ${path}.old`,
    { path },
  )
