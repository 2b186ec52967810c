/**
 * Uncommitted work, kept beside the run when the run is stopped or taken back: a patch of what git tracks, copies of
 * what it does not. The checkout, its index and its stash stay as they are.
 */
import { createHash } from 'node:crypto'
import { access, constants, lstat, mkdir, open, readlink, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, orNull } from './canonical-path.ts'
import { gitParts, gitText, tryGit } from './git.ts'
import { chunksOf, hashChunks, hashFile, openWithoutFollowing } from './hash-file.ts'
import { writeNewFile } from './marker.ts'
import { headBranch, headCommit, repositoryOfWorkspace } from './repository.ts'
import { makePatch } from './snapshot-patch.ts'
import { rawDiff } from './raw-diff.ts'
import { openTemporaryIndex } from './temporary-index.ts'

export const SNAPSHOT_PATCH = 'changes.patch'
export const SNAPSHOT_FILES = 'files'
export const SNAPSHOT_LIST = 'snapshot.json'

export interface SnapshotFile {
  /** Relative to the root of the checkout. */
  readonly path: string
  readonly change: 'modified' | 'deleted' | 'untracked'
  /** `link`: a symbolic link; its target is in `target`. Null when deleted. */
  readonly type: 'file' | 'link' | null
  readonly isExecutable: boolean
  readonly size: number
  /** SHA-256 of the content; null for links and deletions. */
  readonly digest: string | null
  readonly target: string | null
  /** Whether the bytes lie under `files/`; otherwise the patch holds them. */
  readonly isCopied: boolean
}

export interface LeftOut {
  readonly path: string
  readonly size: number | null
  readonly reason: string
}

export interface Snapshot {
  readonly format: 1
  /** The commit the patch applies to; null before the first commit. */
  readonly base: string | null
  readonly branch: string | null
  readonly files: readonly SnapshotFile[]
  /** What could not be kept, each with its reason. Empty means that every uncommitted byte is here. */
  readonly leftOut: readonly LeftOut[]
  /** What the kept files hold together. */
  readonly bytes: number
}

export interface SnapshotOptions {
  /** How much the kept files may hold together; what does not fit is listed. */
  readonly maxBytes?: number
}

/**
 * Stores the uncommitted changes below `path` in the new folder `target` and verifies them there. Resolves with null,
 * and makes no folder, when the folder is not in git or has no such changes. The caller has seen to it that nobody works
 * in the folder meanwhile.
 */
export async function snapshotChanges(
  path: string,
  target: string,
  { maxBytes = 50 * 1024 * 1024 }: SnapshotOptions = {},
): Promise<Snapshot | null> {
  if ((await repositoryOfWorkspace(path)) === null) return null
  const root = await gitText(['rev-parse', '--show-toplevel'], { cwd: path })
  await using index = await openTemporaryIndex(path)
  const base = await headCommit(path)
  const candidates = await findChanges(path, base, index.env)
  if (candidates.length === 0) return null

  const { chosen, leftOut } = await chooseWithin(maxBytes, root, candidates)
  const partial = `${target}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(join(partial, SNAPSHOT_FILES), { recursive: true, mode: 0o700 })

  const tracked = chosen.filter(({ change }) => change !== 'untracked')
  const { patch, blobs } = await makePatch({
    root,
    base,
    changed: tracked.filter(({ type }) => type !== null).map((file) => file.path),
    deleted: tracked.filter(({ type }) => type === null).map((file) => file.path),
    env: index.emptyIndex('chosen'),
    checkEnv: index.emptyIndex('check'),
  })
  await writeNewFile(join(partial, SNAPSHOT_PATCH), patch)

  const files: SnapshotFile[] = []
  for (const candidate of chosen) {
    try {
      files.push(
        await keep(root, join(partial, SNAPSHOT_FILES), candidate, blobs.get(candidate.path) ?? null),
      )
    } catch (error) {
      leftOut.push({
        path: candidate.path,
        size: candidate.size,
        reason: `could not be read (${errorCode(error) ?? String(error)})`,
      })
    }
  }
  const snapshot: Snapshot = {
    format: 1,
    base,
    branch: await headBranch(path),
    files,
    leftOut,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  }
  await writeNewFile(join(partial, SNAPSHOT_LIST), `${JSON.stringify(snapshot, null, 2)}\n`)
  await rename(partial, target)
  return snapshot
}

interface Change {
  readonly path: string
  readonly change: SnapshotFile['change']
  readonly isSubmodule: boolean
}

interface Chosen extends Change {
  readonly type: SnapshotFile['type']
  readonly size: number
  readonly isExecutable: boolean
}

async function findChanges(
  path: string,
  base: string | null,
  env: Readonly<Record<string, string>>,
): Promise<Change[]> {
  const inCopy = { cwd: path, env, maxBytes: 64 * 1024 * 1024 }
  await tryGit(['update-index', '-q', '--refresh'], inCopy)
  const against = base ?? (await gitText(['hash-object', '-t', 'tree', '/dev/null'], inCopy))
  const changes = new Map<string, Change>()
  for (const { path: name, status, isSubmodule } of await rawDiff([against, '--', '.'], inCopy)) {
    changes.set(name, { path: name, change: status === 'D' ? 'deleted' : 'modified', isSubmodule })
  }
  const untracked = await gitParts(
    ['ls-files', '--others', '--exclude-standard', '--full-name', '-z', '--', '.'],
    inCopy,
  )
  return [
    ...changes.values(),
    ...untracked.map((name): Change => ({ path: name, change: 'untracked', isSubmodule: false })),
  ]
}

/** What is to be kept, within the limit; tracked files first, because they come first. */
async function chooseWithin(maxBytes: number, root: string, changes: readonly Change[]) {
  const chosen: Chosen[] = []
  const leftOut: LeftOut[] = []
  let left = maxBytes
  for (const change of changes) {
    const found = await orNull(lstat(join(root, change.path)))
    const leave = (reason: string) => leftOut.push({ path: change.path, size: found?.size ?? null, reason })
    if (change.path.includes('\uFFFD')) leave('a name that is not UTF-8')
    else if (change.isSubmodule) leave('a submodule; commit inside it')
    else if (change.change === 'deleted') chosen.push({ ...change, type: null, size: 0, isExecutable: false })
    else if (found === null) leave('gone meanwhile')
    else if (found.isDirectory()) leave('a repository of its own')
    else if (!found.isFile() && !found.isSymbolicLink()) leave('not a file')
    else if (found.isFile() && !(await isReadable(join(root, change.path)))) leave('may not be read')
    else if (found.size > left) leave(`over the limit of ${maxBytes} bytes for one snapshot`)
    else {
      left -= found.size
      chosen.push({
        ...change,
        type: found.isFile() ? 'file' : 'link',
        size: found.size,
        isExecutable: (found.mode & 0o100) !== 0,
      })
    }
  }
  return { chosen, leftOut }
}

const isReadable = (path: string) =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

async function keep(root: string, folder: string, file: Chosen, blob: string | null): Promise<SnapshotFile> {
  const { path, change, type, size, isExecutable } = file
  const source = join(root, path)
  if (type === null)
    return { path, change, type, isExecutable: false, size: 0, digest: null, target: null, isCopied: false }
  if (type === 'link')
    return {
      path,
      change,
      type,
      isExecutable: false,
      size,
      digest: null,
      target: await readlink(source),
      isCopied: false,
    }
  // Where a filter (line endings, large files) stands between file and blob, the patch may not give back every byte.
  const isCopied =
    change === 'untracked' || blob === null || blob !== (await blobId(source, size, blob.length))
  if (!isCopied)
    return { path, change, type, isExecutable, ...(await hashFile(source)), target: null, isCopied }
  const copy = join(folder, path)
  await mkdir(dirname(copy), { recursive: true, mode: 0o700 })
  const written = await copyHashing(source, copy)
  const stored = await hashFile(copy)
  if (stored.digest !== written.digest || stored.size !== written.size)
    throw new Error(`the copy of ${path} differs from what was read`)
  return { path, change, type, isExecutable, ...written, target: null, isCopied }
}

async function copyHashing(source: string, copy: string) {
  const from = await openWithoutFollowing(source)
  try {
    const to = await open(copy, 'wx', 0o600)
    try {
      const written = await hashChunks(chunksOf(from), (chunk) => to.writeFile(chunk))
      await to.sync()
      return written
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

/** The id git gives to these bytes as they are, without any filter. */
async function blobId(path: string, size: number, idLength: number): Promise<string> {
  const hash = createHash(idLength === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`)
  const file = await openWithoutFollowing(path)
  try {
    for await (const chunk of chunksOf(file)) hash.update(chunk)
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}
