/** One folder, one name: whatever way it was written, the same place gives the same text. */
import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'

/**
 * The canonical name of an existing path: symbolic links, `.` and `..` resolved, and on a file system that ignores case
 * the spelling the folder really has. Rejects as `realpath` does.
 */
export async function canonicalPath(path: string): Promise<string> {
  let place = await realpath(path)
  const names: string[] = []
  for (; dirname(place) !== place; place = dirname(place))
    names.unshift(await spelling(dirname(place), basename(place)))
  return join(place, ...names)
}

/** The canonical name a path has or would have: of a path that does not exist yet, its existing part is made canonical. */
export async function canonicalPlace(path: string): Promise<string> {
  try {
    return await canonicalPath(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error
    return join(await canonicalPlace(dirname(path)), basename(path))
  }
}

/** Whether `path` lies strictly below `folder`; both canonical. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

export const isSameOrBelow = (path: string, folder: string): boolean =>
  path === folder || isBelow(path, folder)

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined

/** Gives null where the path does not exist. */
export const orNull = async <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null
    throw error
  })

async function spelling(folder: string, name: string): Promise<string> {
  const fold = (text: string) => text.normalize('NFC').toLowerCase()
  // A folder that may be entered but not listed cannot be asked; the name as given leads there.
  const names = await readdir(folder).catch(() => [name])
  if (names.includes(name)) return name
  const self = await lstat(join(folder, name), { bigint: true })
  for (const other of names.filter((each) => fold(each) === fold(name))) {
    const there = await lstat(join(folder, other), { bigint: true })
    if (there.ino === self.ino && there.dev === self.dev) return other
  }
  return name
}
