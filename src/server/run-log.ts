/**
 * The log file of a run. Its path comes from the board, and the worker could reach the folder, so the file is opened without
 * following links and only inside the folder of logs.
 */
import { constants } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

export interface LogText {
  readonly exists: boolean
  /** Both generations together, in bytes. */
  readonly size: number
  readonly content: string
  /** Something before the content was left out. */
  readonly isCut: boolean
}

/** Both generations of a log are at most this long together. */
const MAX_BYTES = 8 * 2 ** 20

/** The last `tail` bytes of a log, or all of it. A path outside of `folder` is as good as none. */
export async function readRunLog(folder: string, path: string, tail: number | null): Promise<LogText> {
  if (!(await isInside(folder, path))) return { exists: false, size: 0, content: '', isCut: false }
  await using files = new AsyncDisposableStack()
  const older = files.use(await openPlain(`${path}.1`))
  const newer = files.use(await openPlain(path))
  const size = older.size + newer.size
  const wanted = Math.min(size, tail ?? MAX_BYTES)
  const fromNewer = Math.min(newer.size, wanted)
  const bytes = Buffer.concat([
    await older.read(older.size - (wanted - fromNewer), wanted - fromNewer),
    await newer.read(newer.size - fromNewer, fromNewer),
  ])
  const isCut = wanted < size
  return { exists: older.exists || newer.exists, size, content: textOf(bytes, isCut), isCut }
}

/** Logs lie side by side in one folder, so the folder of a log must be that one, whatever links lead there. */
async function isInside(folder: string, path: string): Promise<boolean> {
  if (basename(path) === '..' || path.includes('\0')) return false
  try {
    return (await realpath(dirname(path))) === (await realpath(folder))
  } catch {
    return false
  }
}

interface Plain extends AsyncDisposable {
  readonly exists: boolean
  readonly size: number
  read(offset: number, length: number): Promise<Buffer>
}

/** A plain file; what is none counts as not there. */
async function openPlain(path: string): Promise<Plain> {
  const file = await openUnfollowed(path)
  const stat = await file?.stat()
  return {
    exists: file !== null,
    size: stat?.size ?? 0,
    async read(offset, length) {
      if (file === null || length <= 0) return Buffer.alloc(0)
      const bytes = Buffer.alloc(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytes.subarray(0, bytesRead)
    },
    [Symbol.asyncDispose]: async () => file?.close(),
  }
}

async function openUnfollowed(path: string): Promise<FileHandle | null> {
  try {
    // Without waiting: a pipe put in the place of a log would never open.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if ((await file.stat()).isFile()) return file
    await file.close()
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO') return null
    throw error
  }
}

/** A cut may fall into the middle of a character. */
function textOf(bytes: Buffer, isCut: boolean): string {
  let start = 0
  while (isCut && start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return bytes.subarray(start).toString('utf8')
}
