/** Files of cards for the command line: kept from a path or a stream, and written out again. */
import { createReadStream, existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import type { Attachments } from '../cli/services.ts'
import { conflict, invalid, notFound } from '../domain/errors.ts'
import { attachmentStore, type FileScreen } from '../workspaces/attachment-store.ts'
import { mimeOf } from '../workspaces/collect-artifacts.ts'

/** @param maxMb the setting attachments.max_mb */
export function openAttachments(folder: string, maxMb: number, screen?: FileScreen): Attachments {
  const store = attachmentStore(folder)
  return {
    async keep(source, { name, digest }) {
      const content = typeof source === 'string' ? await contentOf(source) : source
      const stored = await store.storeStream(content, { name, digest, screen, maxBytes: maxMb * 2 ** 20 })
      return { name, mime: mimeOf(name), ...stored }
    },
    async save(digest, to) {
      if (existsSync(to))
        throw conflict(
          'file_exists',
          `Cannot write ${to}: a file is there. Name another one, or move it away first.`,
          { path: to },
        )
      await using opened = await store.open(digest)
      await writeFile(to, opened.chunks(), { flag: 'wx', mode: 0o600 })
    },
  }
}

/** The bytes of a file a person named; links are followed, anything that is no file is refused. */
async function contentOf(path: string): Promise<AsyncIterable<Uint8Array>> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw notFound('no_such_file', `Cannot attach ${path}: ${WHY[error.code ?? ''] ?? error.message}.`, {
      path,
    })
  })
  if (!found.isFile())
    throw invalid(
      'no_file',
      `Cannot attach ${path}: it is ${found.isDirectory() ? 'a folder' : 'no plain file'}. Name the files in it, or pack it: tar -cz ${path} | yard attach <id> - --name files.tar.gz`,
      { path },
    )
  return createReadStream(path)
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
}
