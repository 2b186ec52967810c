/** The log file of a run: what a worker printed. When it got too long, its older part is in a second file beside it. */
import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** A place in the newer file, from which one can go on reading. */
export interface LogPlace {
  readonly file: string | null
  readonly offset: number
}

export interface LogPart {
  readonly exists: boolean
  readonly size: number
  readonly content: string
  /** Whether something before the content was left out. */
  readonly isCut: boolean
  readonly end: LogPlace
}

const olderFile = (path: string): string => `${path}.1`
const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null

/** The last so many bytes of a log, or all of it. */
export function readLog(path: string, tailBytes: number | null): LogPart {
  const file = identityOf(path)
  const older = sizeOf(olderFile(path))
  const newer = sizeOf(path)
  const size = (older ?? 0) + (newer ?? 0)
  const wanted = Math.min(size, tailBytes ?? size)
  const fromNewer = Math.min(newer ?? 0, wanted)
  const bytes = Buffer.concat([
    older === null ? Buffer.alloc(0) : readFrom(olderFile(path), older - (wanted - fromNewer)),
    newer === null ? Buffer.alloc(0) : readFrom(path, newer - fromNewer, newer),
  ])
  const content = textFrom(bytes, wanted < size)
  const end = { file, offset: newer ?? 0 }
  return { exists: newer !== null || older !== null, size, content, isCut: wanted < size, end }
}

/** A cut may fall into the middle of a character. */
function textFrom(bytes: Buffer, isCut: boolean): string {
  let start = 0
  while (isCut && start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return bytes.subarray(start).toString('utf8')
}

function readFrom(path: string, offset: number, end?: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(Math.max(0, (end ?? fstatSync(file).size) - offset))
    const read = readSync(file, bytes, 0, bytes.length, offset)
    return bytes.subarray(0, read)
  } finally {
    closeSync(file)
  }
}

/** Should a report of the system get lost, in milliseconds. */
const LOOK_AGAIN_MS = 1_000

export interface FollowOptions {
  readonly path: string
  readonly from: LogPlace
  readonly signal: AbortSignal
  /** Whether nothing more will be written; asked before each look. */
  readonly hasEnded: () => Promise<boolean>
}

/** What is written from now on, in whole lines, as it is written; ends with the run or the signal. */
export async function* followLog({ path, from, signal, hasEnded }: FollowOptions): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let { file, offset } = from
  let begun = ''
  using writes = watchFile(path)
  while (!signal.aborted) {
    // Asked first: what was written before the end is then still read.
    const isOver = await hasEnded()
    const current = identityOf(path)
    const parts: Buffer[] = []
    if (current !== file) {
      // The file we were in has become the older one.
      if (file !== null && identityOf(olderFile(path)) === file) parts.push(readFrom(olderFile(path), offset))
      file = current
      offset = 0
    }
    if (current !== null) {
      const bytes = readFrom(path, offset)
      offset += bytes.length
      parts.push(bytes)
    }
    begun += decoder.decode(Buffer.concat(parts), { stream: true })
    const end = begun.lastIndexOf('\n') + 1
    if (end > 0) yield begun.slice(0, end)
    begun = begun.slice(end)
    if (isOver) break
    if (end === 0) await writes.next(signal)
  }
  if (begun !== '') yield begun
}

const identityOf = (path: string): string | null => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`
}

function watchFile(path: string): Disposable & { next(signal: AbortSignal): Promise<void> } {
  let wake = () => {}
  let isDue = false
  const watcher = watchFolder(dirname(path), (name) => {
    if (name !== null && name !== basename(path)) return
    isDue = true
    wake()
  })
  return {
    async next(signal) {
      if (!isDue)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, LOOK_AGAIN_MS)
          wake = done
          signal.addEventListener('abort', done, { once: true })
          function done() {
            clearTimeout(timer)
            signal.removeEventListener('abort', done)
            resolve()
          }
        })
      isDue = false
    },
    [Symbol.dispose]: () => watcher?.close(),
  }
}

/** Null where the system does not report: then only the clock wakes. */
function watchFolder(folder: string, listener: (name: string | null) => void) {
  try {
    const watcher = watch(folder, (_, name) => listener(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
