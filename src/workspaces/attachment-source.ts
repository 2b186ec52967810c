/** Opens the file a worker named, and only a file that really lies in its workspace. */
import type { BigIntStats } from 'node:fs'
import { lstat, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { invalid, type YardError } from '../domain/errors.ts'
import { errorCode, isBelow, isSameOrBelow, orNull } from './canonical-path.ts'
import { openWithoutFollowing } from './hash-file.ts'

export interface AttachmentSource extends AsyncDisposable {
  readonly file: FileHandle
  readonly size: number
  /** Relative to the workspace, with `/`. */
  readonly name: string
  /** Refuses when the file is not exactly what it was when it was opened, or no longer goes by its name. */
  assertUnchanged(): Promise<void>
}

/** `source` is relative to the workspace `within`, or absolute inside it. Refuses everything but a plain file in there (`attachment_refused`). */
export async function openSource(source: string, within: string): Promise<AttachmentSource> {
  const refuse = (fact: string) => refused(source, fact)
  if (source === '' || source.includes('\0')) throw refuse('that is not a file name')
  if (source.split(/[\\/]/).includes('..')) throw refuse('names with .. are not accepted')
  const workspace = await realpath(within)
  const asked = isAbsolute(source) ? source : join(workspace, source)
  const parent = await orNull(realpath(dirname(asked)))
  if (parent === null) throw refuse('there is no such file')
  const path = join(parent, basename(asked))
  if (!isSameOrBelow(parent, workspace) || !isBelow(path, workspace))
    throw refuse(`it lies outside the workspace ${workspace}`)

  const file = await openWithoutFollowing(path).catch((error: unknown) => {
    throw refuse(WHY[errorCode(error) ?? ''] ?? `it cannot be read (${errorCode(error) ?? String(error)})`)
  })
  try {
    const opened = await file.stat({ bigint: true })
    if (opened.isDirectory()) throw refuse('it is a folder; name the files in it, or pack it into an archive')
    if (!opened.isFile()) throw refuse('it is not a plain file')
    // Between resolving the folder and opening the file, a link may have been slipped in: ask what was really opened.
    const real = await openedPath(file, path)
    if (real === null || !isBelow(real, workspace)) throw refuse('it was moved while it was being opened')
    if (!isSame(opened, await orNull(lstat(path, { bigint: true }))))
      throw refuse('it was replaced while it was being opened')
    return {
      file,
      size: Number(opened.size),
      name: relative(workspace, path).split(sep).join('/'),
      assertUnchanged: async () => {
        const now = await file.stat({ bigint: true })
        if (!isSame(opened, now)) throw refuse('it changed while it was being read; finish writing it first')
        if (!isSame(opened, await orNull(lstat(path, { bigint: true }))))
          throw refuse('it was renamed or replaced while it was being read')
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  ELOOP: 'it is a symbolic link; name the file it points to',
  EMLINK: 'it is a symbolic link; name the file it points to',
  EACCES: 'it may not be read',
  ENXIO: 'it is not a plain file',
}

/** The path of an open file as the kernel knows it; elsewhere than on Linux, as the name leads there now. */
async function openedPath(file: FileHandle, path: string): Promise<string | null> {
  return (await orNull(readlink(`/proc/self/fd/${file.fd}`))) ?? (await orNull(realpath(path)))
}

const isSame = (before: BigIntStats, now: BigIntStats | null): boolean =>
  now !== null &&
  before.dev === now.dev &&
  before.ino === now.ino &&
  before.size === now.size &&
  before.mtimeNs === now.mtimeNs &&
  before.ctimeNs === now.ctimeNs

export const refused = (name: string, fact: string): YardError =>
  invalid('attachment_refused', `cannot attach ${JSON.stringify(name)}: ${fact}.`, { name, fact })
