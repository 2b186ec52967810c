/** Lets git work on a copy of the index and write new objects elsewhere, so that the user's repository stays as it is. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orNull } from './canonical-path.ts'
import { gitText } from './git.ts'

export interface TemporaryIndex extends AsyncDisposable {
  /** The environment for git commands that are to see the copy of the index. */
  readonly env: Readonly<Record<string, string>>
  /** The same with another, empty index. */
  emptyIndex(name: string): Readonly<Record<string, string>>
}

export async function openTemporaryIndex(path: string): Promise<TemporaryIndex> {
  const pathOf = (name: string) =>
    gitText(['rev-parse', '--path-format=absolute', '--git-path', name], { cwd: path })
  const [index, objects] = await Promise.all([pathOf('index'), pathOf('objects')])
  const folder = await mkdtemp(join(tmpdir(), 'yardmaster-index-'))
  const copy = join(folder, 'index')
  await orNull(copyFile(index, copy)) // none before the first `git add`
  await mkdir(join(folder, 'objects'))
  const env = (indexFile: string) => ({
    GIT_INDEX_FILE: indexFile,
    GIT_OBJECT_DIRECTORY: join(folder, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(objects), // quoted, because a colon would separate two folders
  })
  return {
    env: env(copy),
    emptyIndex: (name) => env(join(folder, name)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
