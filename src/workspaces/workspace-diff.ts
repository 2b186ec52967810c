/** What a run changed, as text for a person to read. */
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { orNull } from './canonical-path.ts'
import { git, gitParts, gitText, tryGit } from './git.ts'
import { readMarker } from './marker.ts'
import { headCommit, repositoryOfWorkspace } from './repository.ts'
import { openTemporaryIndex } from './temporary-index.ts'

export interface WorkspaceDiff {
  /** The commit it is counted from; null when the repository has none yet. */
  readonly base: string | null
  /** One line per file, as `git diff --stat` draws it. */
  readonly stat: string
  /** Commits, uncommitted changes and new files together, as one unified diff. */
  readonly diff: string
  /** The diff was longer than `maxBytes` and ends early. */
  readonly truncated: boolean
  /** New files that are not in the diff, because there are too many or they are too big to be read by a person. */
  readonly notShown: readonly string[]
}

const MAX_NEW_FILES = 200
const MAX_NEW_FILE_BYTES = 256 * 1024

/**
 * The difference between the card's base commit (or `base`) and what lies in the folder now. Null when the folder is not
 * in git. Changes nothing, not even the index.
 */
export async function workspaceDiff(
  path: string,
  {
    base: wanted,
    maxBytes = 400_000,
  }: { readonly base?: string | undefined; readonly maxBytes?: number } = {},
): Promise<WorkspaceDiff | null> {
  if ((await repositoryOfWorkspace(path)) === null) return null
  const base = wanted ?? (await readMarker(path))?.worktree?.baseCommit ?? (await headCommit(path))
  await using index = await openTemporaryIndex(path)
  const inCopy = { cwd: path, env: index.env }
  await tryGit(['update-index', '-q', '--refresh'], inCopy) // its exit code says that something changed: no news here

  const fresh = await gitParts(['ls-files', '--others', '--exclude-standard', '-z', '--', '.'], inCopy)
  const sizes = await Promise.all(
    fresh
      .slice(0, MAX_NEW_FILES)
      .map(async (name) => (await orNull(lstat(join(path, name))))?.size ?? Infinity),
  )
  const shown = new Set(
    fresh.filter((name, at) => !name.endsWith('/') && (sizes[at] ?? Infinity) <= MAX_NEW_FILE_BYTES),
  )
  if (shown.size > 0) {
    await git(['add', '--intent-to-add', '--pathspec-from-file=-', '--pathspec-file-nul'], {
      ...inCopy,
      env: { ...index.env, GIT_LITERAL_PATHSPECS: '1' },
      input: [...shown].join('\0'),
    })
  }

  const against = base ?? (await gitText(['hash-object', '-t', 'tree', '/dev/null'], inCopy))
  const common = [
    '-c',
    'core.quotePath=false',
    'diff-index',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--find-renames',
  ]
  const [stat, diff] = await Promise.all([
    git([...common, '--stat=120', '--stat-count=200', against, '--', '.'], { ...inCopy, maxBytes }),
    git([...common, '--patch', against, '--', '.'], { ...inCopy, maxBytes }),
  ])
  const notShown = fresh.filter((name) => !shown.has(name)).slice(0, MAX_NEW_FILES)
  return {
    base,
    stat: stat.stdout.toString('utf8'),
    diff: diff.stdout.toString('utf8'),
    truncated: diff.truncated,
    notShown,
  }
}
