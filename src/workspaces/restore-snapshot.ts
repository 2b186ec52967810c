/** Puts the uncommitted work of a snapshot back into a checkout. */
import { chmod, copyFile, lstat, mkdir, readFile, readlink, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { conflict, unavailable } from '../domain/errors.ts'
import { orNull } from './canonical-path.ts'
import { firstComplaint, git, gitText, tryGit } from './git.ts'
import { hashFile } from './hash-file.ts'
import { walk } from './walk.ts'
import {
  SNAPSHOT_FILES,
  SNAPSHOT_LIST,
  SNAPSHOT_PATCH,
  type Snapshot,
  type SnapshotFile,
} from './snapshot.ts'

/**
 * Applies the snapshot kept in the folder `kept` to the checkout at `path`, whose tracked files should be as the
 * snapshot's base commit has them, and checks every byte. Nothing is changed when it does not fit: a patch that does not
 * apply, or another untracked file in the place of one that is kept (`snapshot_does_not_fit`).
 */
export async function restoreSnapshot(kept: string, path: string): Promise<Snapshot> {
  const snapshot = JSON.parse(await readFile(join(kept, SNAPSHOT_LIST), 'utf8')) as Snapshot
  const root = await gitText(['rev-parse', '--show-toplevel'], { cwd: path })
  const patch = join(kept, SNAPSHOT_PATCH)
  const apply = ['apply', '--whitespace=nowarn', '--allow-empty', patch]
  const fits = await tryGit([...apply, '--check'], { cwd: root })
  if (fits.code !== 0) {
    throw conflict(
      'snapshot_does_not_fit',
      `cannot put the snapshot back into ${path}: ${firstComplaint(fits)}. Try it by hand: git -C ${root} apply --3way ${patch}`,
      { path },
    )
  }
  for (const file of snapshot.files) {
    if (file.change !== 'untracked' || (await isFree(root, file, snapshot))) continue
    throw conflict(
      'snapshot_does_not_fit',
      `cannot put the snapshot back into ${path}: another ${file.path} is there. Move it away first.`,
      { path, file: file.path },
    )
  }
  await git(apply, { cwd: root })
  for (const file of snapshot.files) await putBack(kept, root, file)
  for (const file of snapshot.files) {
    if (file.type !== null && !(await isThere(root, file)))
      throw unavailable(
        'snapshot_damaged',
        `${file.path} did not come back as it was kept. The kept copy is in ${kept}.`,
      )
  }
  return snapshot
}

/** Whether an untracked file can go to its place: nothing is there, the same is, or only what the patch deletes. */
async function isFree(root: string, file: SnapshotFile, snapshot: Snapshot): Promise<boolean> {
  const place = join(root, file.path)
  const found = await orNull(lstat(place))
  if (found === null || (await isThere(root, file))) return true
  const deleted = new Set(snapshot.files.filter(({ change }) => change === 'deleted').map(({ path }) => path))
  if (!found.isDirectory()) return deleted.has(file.path)
  for await (const { name, stats } of walk(place)) {
    if (!stats.isDirectory() && !deleted.has(`${file.path}/${name}`)) return false
  }
  return true
}

async function putBack(kept: string, root: string, file: SnapshotFile): Promise<void> {
  const place = join(root, file.path)
  if (file.change === 'untracked') await mkdir(dirname(place), { recursive: true })
  if (file.target !== null && file.change === 'untracked' && !(await isThere(root, file)))
    await symlink(file.target, place)
  if (!file.isCopied) return
  await copyFile(join(kept, SNAPSHOT_FILES, file.path), place)
  await chmod(place, file.isExecutable ? 0o755 : 0o644)
}

async function isThere(root: string, file: SnapshotFile): Promise<boolean> {
  const place = join(root, file.path)
  const found = await orNull(lstat(place))
  if (file.type === 'link') return found?.isSymbolicLink() === true && (await readlink(place)) === file.target
  return found?.isFile() === true && (await hashFile(place)).digest === file.digest
}
