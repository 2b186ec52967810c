/** Reads files of others: never through a link, never a device, and hashing what was read rather than what is there later. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** Opens a file to read, failing (`ELOOP`) on a symbolic link and without waiting on a pipe. */
export const openWithoutFollowing = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)

const CHUNK_BYTES = 256 * 1024

/** The content of an open file from its start, in chunks that are valid until the next one is asked for. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

export interface Digest {
  /** SHA-256, lowercase hex. */
  readonly digest: string
  readonly size: number
}

/** Hashes everything a source yields, handing each chunk on. */
export async function hashChunks(
  source: AsyncIterable<Uint8Array>,
  each?: (chunk: Uint8Array, total: number) => Promise<void> | void,
): Promise<Digest> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of source) {
    hash.update(chunk)
    size += chunk.length
    await each?.(chunk, size)
  }
  return { digest: hash.digest('hex'), size }
}

export async function hashFile(path: string): Promise<Digest> {
  const file = await openWithoutFollowing(path)
  try {
    return await hashChunks(chunksOf(file))
  } finally {
    await file.close()
  }
}
