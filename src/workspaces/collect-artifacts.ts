/** Brings the files a worker declared into the store before its completion is accepted, and names those it did not declare. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { isYardError } from '../domain/errors.ts'
import { mediaTypeOf } from '../lib/media-type.ts'
import type { Seconds } from '../domain/task.ts'
import type { AttachmentStore, FileScreen, StoredFile } from './attachment-store.ts'
import { orNull } from './canonical-path.ts'
import { gitParts, gitText } from './git.ts'
import { MARKER_NAME } from './marker.ts'
import { repositoryOfWorkspace } from './repository.ts'
import { walk } from './walk.ts'

export interface CollectRequest {
  readonly store: Pick<AttachmentStore, 'storeFile'>
  readonly workspace: string
  /** As the worker wrote them: relative to the workspace, or absolute inside it. */
  readonly names: readonly string[]
  readonly maxBytes?: number
  readonly screen?: FileScreen | undefined
  readonly maxFiles?: number
}

export interface Artifact extends StoredFile {
  /** Guessed from the name; null when the name says nothing. */
  readonly mime: string | null
}

export interface Collected {
  readonly stored: readonly Artifact[]
  /** Each with a reason the worker can act on. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}

/** Stores every declared file that can be; when it resolves, the stored ones no longer depend on the workspace. */
export async function collectArtifacts({
  store,
  workspace,
  names,
  maxBytes,
  screen,
  maxFiles = 100,
}: CollectRequest): Promise<Collected> {
  const stored = new Map<string, Artifact>()
  const refused: { name: string; reason: string }[] = []
  for (const [at, name] of [...new Set(names)].entries()) {
    if (at >= maxFiles) {
      refused.push({
        name,
        reason: `only ${maxFiles} files can be attached at once; pack the rest into an archive`,
      })
      continue
    }
    try {
      const file = await store.storeFile({ source: name, within: workspace, maxBytes, screen })
      stored.set(file.name, { ...file, mime: mimeOf(file.name) })
    } catch (error) {
      if (!isYardError(error)) throw error
      refused.push({
        name,
        reason: typeof error.details['fact'] === 'string' ? error.details['fact'] : error.message,
      })
    }
  }
  return { stored: [...stored.values()], refused }
}

// To the registry .ts is a video format; to everybody here it is a program.
export const mimeOf = (name: string): string | null =>
  /\.[cm]?tsx?$/.test(name) ? 'text/typescript' : mediaTypeOf(name)

export interface UndeclaredFile {
  readonly name: string
  readonly size: number
  readonly modifiedAt: Seconds
}

export interface UndeclaredRequest {
  readonly workspace: string
  /** Only files changed at or after this moment: the start of the run. */
  readonly since: Seconds
  /** The names that were declared, as `collectArtifacts` returned them. */
  readonly declared?: readonly string[]
  readonly limit?: number
}

/** Folders full of what tools fetch and make; nobody means them as a result. */
const NOT_RESULTS = new Set([
  '.git',
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.cache',
  '.mypy_cache',
  '.pytest_cache',
  '.tox',
  '.gradle',
  '.next',
  '.turbo',
])

const MAX_LOOKED_AT = 50_000

/**
 * Files of the workspace that were changed during the run and not declared, the newest first. In git only those that are
 * in no commit: the rest is kept by the branch. `isComplete` is false when there are more than were listed or looked at.
 */
export async function listUndeclared({
  workspace,
  since,
  declared = [],
  limit = 50,
}: UndeclaredRequest): Promise<{ readonly files: readonly UndeclaredFile[]; readonly isComplete: boolean }> {
  const known = new Set([...declared, MARKER_NAME])
  const found: UndeclaredFile[] = []
  let looked = 0
  for await (const { name, stats } of await candidates(workspace)) {
    if (++looked > MAX_LOOKED_AT) break
    const modifiedAt = Math.floor(stats.mtimeMs / 1000)
    if (stats.isFile() && modifiedAt >= since && !known.has(name))
      found.push({ name, size: stats.size, modifiedAt })
  }
  found.sort((a, b) => b.modifiedAt - a.modifiedAt || (a.name < b.name ? -1 : 1))
  return { files: found.slice(0, limit), isComplete: found.length <= limit && looked <= MAX_LOOKED_AT }
}

async function candidates(workspace: string) {
  const isInGit = (await repositoryOfWorkspace(workspace)) !== null
  return isInGit
    ? uncommitted(workspace)
    : walk(workspace, ({ path }) => !NOT_RESULTS.has(path.slice(path.lastIndexOf('/') + 1)))
}

async function* uncommitted(workspace: string) {
  const lines = await gitParts(
    ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', '.'],
    { cwd: workspace },
  )
  const prefix = await gitText(['rev-parse', '--show-prefix'], { cwd: workspace }) // status names files from the root of the checkout
  for (const line of lines) {
    const name = line.slice(3).slice(prefix.length)
    const stats = await orNull(lstat(join(workspace, name)))
    if (stats !== null) yield { name, stats }
  }
}
