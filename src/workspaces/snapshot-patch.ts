/** A patch of chosen files that is proven to lead where it should, made without touching the user's index. */
import { git, gitText } from './git.ts'
import { rawDiff } from './raw-diff.ts'

const MAX_PATCH_BYTES = 512 * 1024 * 1024

type Environment = Readonly<Record<string, string>>

export interface PatchRequest {
  /** The root of the checkout. */
  readonly root: string
  /** The commit to start from; null before the first one. */
  readonly base: string | null
  readonly changed: readonly string[]
  readonly deleted: readonly string[]
  /** Two empty temporary indexes: one to make the patch with, one to prove it. */
  readonly env: Environment
  readonly checkEnv: Environment
}

export interface SnapshotPatch {
  readonly patch: Buffer
  /** The blob git would store for each changed file. */
  readonly blobs: ReadonlyMap<string, string>
}

/** The patch from the base to the given files as they are now. Rejects when applying it would lead anywhere else. */
export async function makePatch({
  root,
  base,
  changed,
  deleted,
  env,
  checkEnv,
}: PatchRequest): Promise<SnapshotPatch> {
  const start = base ?? '--empty'
  const here = { cwd: root, env }
  const list = (paths: readonly string[]) => paths.map((path) => `${path}\0`).join('')
  await git(['read-tree', start], here)
  await git(['update-index', '--force-remove', '-z', '--stdin'], { ...here, input: list(deleted) })
  await git(['update-index', '--add', '--replace', '-z', '--stdin'], { ...here, input: list(changed) })

  const against = base ?? (await gitText(['hash-object', '-t', 'tree', '/dev/null'], here))
  const diff = [
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--no-renames',
    '--no-relative',
    '--patch',
    '--binary',
    '--full-index',
  ]
  const [patch, raw] = await Promise.all([
    git(['diff-index', '--cached', ...diff, against], { ...here, maxBytes: MAX_PATCH_BYTES }),
    rawDiff(['--cached', against], here),
  ])

  await git(['read-tree', start], { cwd: root, env: checkEnv })
  const check = { cwd: root, env: checkEnv }
  await git(['apply', '--cached', '--whitespace=nowarn', '--allow-empty', '-'], {
    ...check,
    input: patch.stdout,
  })
  const [wanted, got] = await Promise.all([gitText(['write-tree'], here), gitText(['write-tree'], check)])
  if (wanted !== got)
    throw new Error(`the patch of the uncommitted changes in ${root} does not lead back to them`)

  return { patch: patch.stdout, blobs: new Map(raw.map(({ path, blob }) => [path, blob])) }
}
