/**
 * Files that belong to cards, kept by their content: a file's name in the store is the SHA-256 of its bytes, so it can be
 * checked on every read, and the same file is kept once. What was stored does not depend on the workspace any more.
 */
import { constants } from 'node:fs'
import { lstat, mkdir, mkdtemp, open, readdir, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { invalid, notFound, unavailable } from '../domain/errors.ts'
import type { Seconds } from '../domain/task.ts'
import { openSource, refused } from './attachment-source.ts'
import { errorCode, orNull } from './canonical-path.ts'
import { chunksOf, hashChunks, hashFile, openWithoutFollowing, type Digest } from './hash-file.ts'

const DEFAULT_MAX_ATTACHMENT_BYTES = 25 * 1024 * 1024

/** What was stored: from here on `digest` is how to ask for it. */
export type StoredAttachment = Digest

export interface StoredFile extends StoredAttachment {
  /** Relative to the workspace, with `/`. */
  readonly name: string
}

/** Looks through a file as it is read: says why it must not be kept, once it has seen a reason. */
export type FileScreen = () => (chunk: Uint8Array) => string | null

export interface StoreLimits {
  readonly maxBytes?: number | undefined
  readonly screen?: FileScreen | undefined
}

export interface StreamExpectation extends StoreLimits {
  /** What to call it in a refusal. */
  readonly name?: string
  /** Refuse a stream that ends early or late. */
  readonly size?: number | undefined
  readonly digest?: string | undefined
}

export interface OpenedAttachment extends Digest, AsyncDisposable {
  /** The bytes that were checked; to be read once. */
  chunks(): AsyncIterable<Uint8Array>
  bytes(): Promise<Uint8Array>
}

export interface AttachmentStore {
  /** Copies a file of the workspace `within` into the store. Refuses (`attachment_refused`) anything but a plain, unchanging file of at most `maxBytes` in there. */
  storeFile(file: { readonly source: string; readonly within: string } & StoreLimits): Promise<StoredFile>
  storeBytes(bytes: Uint8Array, expectation?: StreamExpectation): Promise<StoredAttachment>
  storeStream(source: AsyncIterable<Uint8Array>, expectation?: StreamExpectation): Promise<StoredAttachment>
  /** Opens what has this digest after checking it again. Refuses with `attachment_not_found` or `attachment_damaged`. */
  open(digest: string): Promise<OpenedAttachment>
  /** Deletes what no card refers to and nobody stored since `olderThan`; also what crashes left half written. */
  removeUnreferenced(
    referenced: ReadonlySet<string>,
    olderThan: Seconds,
  ): Promise<{ readonly removed: number; readonly bytes: number; readonly kept: number }>
}

/** The store in a folder, `<home>/attachments`. */
export function attachmentStore(root: string): AttachmentStore {
  const files = join(root, 'sha256')
  const incoming = join(root, 'incoming')
  const placeOf = (digest: string) => join(files, digest.slice(0, 2), digest)

  /** Writes the source beside the store and flushes it, lets `accept` judge it, reads it back, and only then gives it its name. */
  async function take(
    source: AsyncIterable<Uint8Array>,
    name: string,
    maxBytes: number,
    accept: (stored: Digest) => Promise<void> | void,
  ): Promise<StoredAttachment> {
    await mkdir(incoming, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(incoming, 'file-'))
    try {
      const copy = join(folder, 'content')
      const stored = await writeTo(copy, source, (total) => {
        if (total > maxBytes) throw tooBig(name, maxBytes)
      })
      await accept(stored)
      const readBack = await hashFile(copy)
      if (readBack.digest !== stored.digest || readBack.size !== stored.size) {
        throw unavailable(
          'attachment_not_stored',
          `cannot attach ${JSON.stringify(name)}: what the disk gives back differs from what was written. Check the disk.`,
        )
      }
      const place = placeOf(stored.digest)
      const isNewFolder = (await mkdir(dirname(place), { recursive: true, mode: 0o700 })) !== undefined
      // Over an older copy as well: that renews its age, so that it is not cleaned away before the card refers to it,
      // and mends it should it have been damaged.
      await rename(copy, place)
      await syncFolder(dirname(place))
      if (isNewFolder) await syncFolder(files)
      return stored
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  const storeStream: AttachmentStore['storeStream'] = (
    source,
    { name = 'the file', maxBytes = DEFAULT_MAX_ATTACHMENT_BYTES, size, digest, screen } = {},
  ) =>
    take(screened(source, name, screen), name, maxBytes, (stored) => {
      if (size !== undefined && stored.size !== size)
        throw refused(name, `${size} bytes were announced and ${stored.size} arrived`)
      if (digest !== undefined && stored.digest !== digest.toLowerCase())
        throw refused(name, `its SHA-256 is ${stored.digest}, and ${digest} was announced`)
    })

  return {
    storeStream,
    storeBytes: (bytes, expectation) => storeStream(once(bytes), expectation),

    async storeFile({ source, within, maxBytes = DEFAULT_MAX_ATTACHMENT_BYTES, screen }) {
      await using opened = await openSource(source, within)
      if (opened.size > maxBytes) throw tooBig(source, maxBytes, opened.size)
      const content = screened(chunksOf(opened.file), source, screen)
      const stored = await take(content, source, maxBytes, async ({ size }) => {
        await opened.assertUnchanged()
        if (size !== opened.size)
          throw refused(source, `it had ${opened.size} bytes when it was opened and ${size} were read`)
      })
      return { name: opened.name, ...stored }
    },

    async open(digest) {
      if (!isDigest(digest))
        throw invalid(
          'invalid_digest',
          `${JSON.stringify(digest)} is not a SHA-256 digest: 64 lowercase hex digits.`,
        )
      const place = placeOf(digest)
      const damaged = () =>
        unavailable(
          'attachment_damaged',
          `the stored file ${digest} is damaged and will not be given out. Restore ${place} from a backup.`,
        )
      const file = await orNull(openWithoutFollowing(place)).catch((error: unknown) => {
        throw errorCode(error) === 'ELOOP' ? damaged() : error
      })
      if (file === null)
        throw notFound('attachment_not_found', `no file with digest ${digest} is stored.`, { digest })
      try {
        const found = (await file.stat()).isFile() ? await hashChunks(chunksOf(file)) : null
        if (found?.digest !== digest) throw damaged()
        return asOpened(file, found)
      } catch (error) {
        await file.close()
        throw error
      }
    },

    async removeUnreferenced(referenced, olderThan) {
      let removed = 0
      let bytes = 0
      let kept = 0
      await clearIncoming(incoming, olderThan, placeOf)
      for (const prefix of await namesIn(files)) {
        for (const digest of await namesIn(join(files, prefix))) {
          if (!isDigest(digest) || referenced.has(digest)) {
            kept++
            continue
          }
          const size = await removeIfOld(placeOf(digest), incoming, olderThan)
          if (size === null) kept++
          else {
            removed++
            bytes += size
          }
        }
      }
      return { removed, bytes, kept }
    },
  }
}

const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

function asOpened(file: FileHandle, about: Digest): OpenedAttachment {
  return {
    ...about,
    chunks: () => copies(file),
    bytes: async () => {
      const parts = await Array.fromAsync(copies(file))
      return Buffer.concat(parts)
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** Chunks that stay valid, for readers that hold on to them. */
async function* copies(file: FileHandle): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunksOf(file)) yield Uint8Array.from(chunk)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* screened(
  source: AsyncIterable<Uint8Array>,
  name: string,
  screen: FileScreen | undefined,
): AsyncGenerator<Uint8Array> {
  const look = screen?.()
  for await (const chunk of source) {
    const reason = look?.(chunk) ?? null
    if (reason !== null) throw refused(name, reason)
    yield chunk
  }
}

async function writeTo(
  path: string,
  source: AsyncIterable<Uint8Array>,
  check: (total: number) => void,
): Promise<Digest> {
  const file = await open(path, 'wx', 0o600)
  try {
    const stored = await hashChunks(source, async (chunk, total) => {
      check(total)
      await file.writeFile(chunk)
    })
    await file.sync()
    return stored
  } finally {
    await file.close()
  }
}

const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '')} MiB`

const tooBig = (name: string, maxBytes: number, size?: number) =>
  refused(
    name,
    `${size === undefined ? 'it' : `its size, ${mib(size)},`} is over the limit of ${mib(maxBytes)} for one file`,
  )

const namesIn = async (folder: string): Promise<string[]> => (await orNull(readdir(folder))) ?? []

/** Makes a rename survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR'].includes(errorCode(error) ?? '')) throw error // not every system can
  } finally {
    await handle.close()
  }
}

/** Deletes a file last stored before `olderThan` and says how big it was; null when it is younger. */
async function removeIfOld(place: string, incoming: string, olderThan: Seconds): Promise<number | null> {
  const isYoung = (mtimeMs: number) => mtimeMs >= olderThan * 1000
  const found = await orNull(lstat(place))
  if (found === null || !found.isFile() || isYoung(found.mtimeMs)) return null
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(incoming, 'old-'))
  try {
    // Out of the way first and then asked again: somebody may have stored it anew since.
    const aside = join(folder, basename(place))
    if ((await orNull(rename(place, aside).then(() => true))) === null) return null
    const now = await lstat(aside)
    if (isYoung(now.mtimeMs)) {
      await rename(aside, place)
      return null
    }
    await unlink(aside)
    return now.size
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a crash left: half-written files go, files that were being removed come back to be judged again. */
async function clearIncoming(
  incoming: string,
  olderThan: Seconds,
  placeOf: (digest: string) => string,
): Promise<void> {
  for (const name of await namesIn(incoming)) {
    const folder = join(incoming, name)
    const found = await orNull(lstat(folder))
    if (!found?.isDirectory() || found.mtimeMs >= olderThan * 1000) continue
    for (const digest of (await namesIn(folder)).filter(isDigest)) {
      if ((await orNull(lstat(placeOf(digest)))) === null) await rename(join(folder, digest), placeOf(digest))
    }
    await rm(folder, { recursive: true, force: true })
  }
}
