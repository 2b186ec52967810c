/** The dashboard's files, as they were built. Only names that were there at the start are answered, so no name leads anywhere else. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

export interface StaticFile {
  readonly type: string
  readonly bytes: Buffer
  /** Its name changes with its content. */
  readonly isForever: boolean
}

export class StaticFiles {
  readonly #folder: string | null
  readonly #names: ReadonlySet<string>

  /** `folder` may be missing: then there is nothing. */
  constructor(folder: string | null) {
    this.#folder = folder
    this.#names = new Set(folder === null ? [] : namesBelow(folder))
  }

  has(path: string): boolean {
    return this.#names.has(path)
  }

  /** `path` as in an address, without its first slash. */
  async read(path: string): Promise<StaticFile | null> {
    if (this.#folder === null || !this.#names.has(path)) return null
    return {
      type: TYPES[extname(path)] ?? 'application/octet-stream',
      bytes: await readFile(join(this.#folder, path)),
      isForever: path.startsWith('assets/'),
    }
  }
}

function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      )
  } catch {
    return []
  }
}
