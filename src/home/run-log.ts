/**
 * The log of a run, for whoever reads it. When it got too long, its older part is in a second file beside it. Its path
 * comes from the board, and the worker can reach the folder, so files are opened without following links.
 */
import { constants, watch } from 'node:fs'
import { open, realpath, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

export interface LogFile {
  readonly path: string
  /** The folder it must be in, whatever links lead there; null when the path is believed. */
  readonly folder: string | null
}

/** A place in the newer file, from which one can go on reading. */
export interface LogPlace {
  /** Which file that is; null when there was none. */
  readonly file: string | null
  readonly offset: number
}

export interface LogPart {
  readonly exists: boolean
  /** Both files together, in bytes. */
  readonly size: number
  readonly content: string
  /** Something before the content was left out. */
  readonly isCut: boolean
  readonly end: LogPlace
}

/** Both files of a log are at most this long together. */
const MAX_BYTES = 8 * 2 ** 20
/** Read in one go while a log is followed; nobody who reads slowly makes this process hold more. */
const CHUNK_BYTES = 64 * 1024

const NO_LOG: LogPart = { exists: false, size: 0, content: '', isCut: false, end: { file: null, offset: 0 } }

/** The last so many bytes of a log, or all of it. One outside of its folder is as good as none. */
export async function readLog(log: LogFile, tailBytes: number | null): Promise<LogPart> {
  if (!(await isInside(log))) return NO_LOG
  await using files = new AsyncDisposableStack()
  const older = await openPlain(olderFile(log.path), files)
  const newer = await openPlain(log.path, files)
  const size = (older?.size ?? 0) + (newer?.size ?? 0)
  const wanted = Math.min(size, tailBytes ?? MAX_BYTES)
  const fromNewer = Math.min(newer?.size ?? 0, wanted)
  const bytes = Buffer.concat([
    await readRange(older, (older?.size ?? 0) - (wanted - fromNewer), wanted - fromNewer),
    await readRange(newer, (newer?.size ?? 0) - fromNewer, fromNewer),
  ])
  const isCut = wanted < size
  return {
    exists: older !== null || newer !== null,
    size,
    content: textOf(bytes, isCut),
    isCut,
    end: { file: newer?.identity ?? null, offset: newer?.size ?? 0 },
  }
}

export interface FollowOptions {
  readonly log: LogFile
  readonly from: LogPlace
  readonly signal: AbortSignal
  /** Whether nothing more will be written; asked before each look. */
  readonly hasEnded: () => Promise<boolean>
  /** Wakes the look at whether it has ended. */
  readonly watchEnd?: (listener: () => void) => Disposable
}

/** Longest line that is waited for; a longer one is passed on in parts. */
const MAX_LINE = 1_000_000

/** What is written from now on, in whole lines, as it is written; ends with the run or the signal. */
export async function* followLog(options: FollowOptions): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let begun = ''
  for await (const bytes of followBytes(options)) {
    begun += decoder.decode(bytes, { stream: true })
    const end = begun.length > MAX_LINE ? begun.length : begun.lastIndexOf('\n') + 1
    if (end > 0) yield begun.slice(0, end)
    begun = begun.slice(end)
  }
  if (begun !== '') yield begun
}

async function* followBytes({
  log,
  from,
  signal,
  hasEnded,
  watchEnd,
}: FollowOptions): AsyncGenerator<Buffer, void> {
  if (!(await isInside(log))) return
  using alarm = new Alarm(log.path, watchEnd)
  await using file = new GrowingLog(log.path, from)
  while (!signal.aborted) {
    // Asked first: what was written before the end is then still read.
    const isOver = await hasEnded()
    for (let bytes = await file.next(); bytes !== null; bytes = await file.next()) {
      yield bytes
      if (signal.aborted) return
    }
    if (isOver) return
    await alarm.next(signal)
  }
}

/** A log that goes on being written, across the change from one file to the next. */
class GrowingLog implements AsyncDisposable {
  readonly #path: string
  #place: LogPlace
  #file: Plain | null = null

  constructor(path: string, from: LogPlace) {
    this.#path = path
    this.#place = from
  }

  /** What comes next; null when there is nothing more for now. */
  async next(): Promise<Buffer | null> {
    if (this.#file === null) {
      this.#file = await this.#open()
      if (this.#file === null) return null
    }
    const bytes = await this.#read()
    if (bytes !== null || (await identityAt(this.#path)) === this.#file.identity) return bytes
    // It is the older one by now, or gone: nothing more is written to it, so one last look is enough.
    const last = await this.#read()
    if (last !== null) return last
    await this.#close()
    return this.next()
  }

  async #read(): Promise<Buffer | null> {
    const bytes = await readRange(this.#file, this.#place.offset, CHUNK_BYTES)
    if (bytes.length === 0) return null
    this.#place = { ...this.#place, offset: this.#place.offset + bytes.length }
    return bytes
  }

  /** The file we were in, wherever it is now; else the one that followed on it. */
  async #open(): Promise<Plain | null> {
    const newer = await openPlain(this.#path)
    if (newer !== null && newer.identity === this.#place.file) return newer
    const older = await openPlain(olderFile(this.#path))
    if (older !== null && older.identity === this.#place.file && older.size > this.#place.offset) {
      await newer?.handle.close()
      return older
    }
    await older?.handle.close()
    if (newer !== null) this.#place = { file: newer.identity, offset: 0 }
    return newer
  }

  async #close(): Promise<void> {
    await this.#file?.handle.close()
    this.#file = null
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}

const olderFile = (path: string): string => `${path}.1`

/** Logs lie side by side in one folder, so the folder of a log must be that one. */
async function isInside({ path, folder }: LogFile): Promise<boolean> {
  if (folder === null) return true
  if (basename(path) === '..' || path.includes('\0')) return false
  try {
    return (await realpath(dirname(path))) === (await realpath(folder))
  } catch {
    return false
  }
}

interface Plain {
  readonly handle: FileHandle
  readonly size: number
  readonly identity: string
}

/** A plain file, closed with `files`; null for what is none. */
async function openPlain(path: string, files?: AsyncDisposableStack): Promise<Plain | null> {
  try {
    // Without waiting: a pipe put in the place of a log would never open.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const found = await handle.stat()
    if (!found.isFile()) {
      await handle.close()
      return null
    }
    files?.defer(() => handle.close())
    return { handle, size: found.size, identity: identityOf(found) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO') return null
    throw error
  }
}

async function readRange(file: Plain | null, offset: number, length: number): Promise<Buffer> {
  if (file === null || length <= 0) return Buffer.alloc(0)
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.handle.read(bytes, 0, length, offset)
  return bytes.subarray(0, bytesRead)
}

const identityOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev}:${ino}`

const identityAt = (path: string): Promise<string | null> =>
  stat(path).then(identityOf, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })

/** A cut may fall into the middle of a character. */
function textOf(bytes: Buffer, isCut: boolean): string {
  let start = 0
  while (isCut && start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return bytes.subarray(start).toString('utf8')
}

/** Should a report of the system get lost, in milliseconds. */
const LOOK_AGAIN_MS = 1_000

/** Rings when the log was written, when its run may have ended, and now and then. */
class Alarm implements Disposable {
  readonly #watches = new DisposableStack()
  #isDue = false
  #wake = () => {}

  constructor(path: string, watchEnd: FollowOptions['watchEnd']) {
    const ring = () => {
      this.#isDue = true
      this.#wake()
    }
    this.#watches.use(
      watchFolder(dirname(path), (name) => {
        if (name === null || name === basename(path)) ring()
      }),
    )
    if (watchEnd !== undefined) this.#watches.use(watchEnd(ring))
  }

  async next(signal: AbortSignal): Promise<void> {
    if (!this.#isDue && !signal.aborted)
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, LOOK_AGAIN_MS)
        this.#wake = done
        signal.addEventListener('abort', done, { once: true })
      })
    this.#isDue = false
  }

  [Symbol.dispose](): void {
    this.#watches[Symbol.dispose]()
  }
}

/** Null where the system does not report: then only the clock rings. */
function watchFolder(folder: string, listener: (name: string | null) => void): Disposable | null {
  try {
    const watcher = watch(folder, (_, name) => listener(name))
    watcher.on('error', () => watcher.close())
    return { [Symbol.dispose]: () => watcher.close() }
  } catch {
    return null
  }
}
