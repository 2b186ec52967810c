/** Walks a folder without leaving it: links are reported, never followed, and another file system is not entered. */
import { lstat, opendir } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { errorCode, orNull } from './canonical-path.ts'

export interface Found {
  readonly path: string
  /** Relative to the folder walked, with `/`. */
  readonly name: string
  readonly stats: Stats
}

/** Everything below `folder`, a folder before its content. `enter` decides about each folder; what vanishes meanwhile, and folders that may not be read, are skipped. */
export async function* walk(
  folder: string,
  enter: (found: Found) => boolean | Promise<boolean> = () => true,
): AsyncGenerator<Found> {
  const { dev } = await lstat(folder)
  const waiting: { path: string; name: string }[] = [{ path: folder, name: '' }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const entries = await opendir(next.path).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return null
      throw error
    })
    if (entries === null) continue
    for await (const entry of entries) {
      const path = join(next.path, entry.name)
      const stats = await orNull(lstat(path))
      if (stats === null) continue
      const found = { path, name: next.name === '' ? entry.name : `${next.name}/${entry.name}`, stats }
      yield found
      if (stats.isDirectory() && stats.dev === dev && (await enter(found))) waiting.push(found)
    }
  }
}

export interface FolderSize {
  readonly bytes: number
  readonly files: number
  /** False when the walk was cut short: there is more than this. */
  readonly isComplete: boolean
}

/** How much a folder holds. Looks at no more than `maxEntries` files and folders, and past what it may not read. */
export async function folderSize(folder: string, maxEntries = 200_000): Promise<FolderSize> {
  let bytes = 0
  let files = 0
  let entries = 0
  for await (const { stats } of walk(folder)) {
    if (++entries > maxEntries) return { bytes, files, isComplete: false }
    if (stats.isDirectory()) continue
    bytes += stats.size
    files++
  }
  return { bytes, files, isComplete: true }
}
