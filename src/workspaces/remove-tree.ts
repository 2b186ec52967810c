/** The only place that deletes folders. It never leaves the folder it was given: not by a link, not by a mount. */
import { chmod, lstat, readFile, rm } from 'node:fs/promises'
import { conflict } from '../domain/errors.ts'
import { isSameOrBelow, orNull } from './canonical-path.ts'
import { walk } from './walk.ts'

/** What is mounted at or below a canonical path. Bind mounts look like ordinary folders to everything but this list. */
export async function mountsIn(path: string): Promise<string[]> {
  const table = await orNull(readFile('/proc/self/mountinfo', 'utf8'))
  const points = (table ?? '').split('\n').flatMap((line) => line.split(' ')[4] ?? [])
  return points.map(unescape).filter((point) => isSameOrBelow(point, path))
}

const unescape = (point: string) =>
  point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/**
 * Deletes a folder with all it holds and says how many bytes that were. The path is canonical. Refuses (`mount_inside`)
 * when something is mounted in it. Links are deleted, never followed.
 */
export async function removeTree(path: string): Promise<number> {
  const [mount] = await mountsIn(path)
  if (mount !== undefined) throw mountInside(path, mount)
  const { dev } = await lstat(path)
  let bytes = 0
  await allowChanges(path)
  for await (const { path: found, stats } of walk(path)) {
    if (!stats.isDirectory()) bytes += stats.size
    else if (stats.dev === dev) await allowChanges(found)
    else throw mountInside(path, found)
  }
  await rm(path, { recursive: true })
  return bytes
}

/** Package caches make their folders read-only; their owner may still delete them, after saying so. */
async function allowChanges(folder: string): Promise<void> {
  const { mode } = await lstat(folder)
  if ((mode & 0o700) !== 0o700) await chmod(folder, (mode & 0o777) | 0o700)
}

const mountInside = (path: string, mount: string) =>
  conflict(
    'mount_inside',
    `cannot remove ${path}: ${mount} is mounted from elsewhere. Unmount it first: umount ${mount}`,
    { path, mount },
  )
