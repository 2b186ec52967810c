/** The machine-readable form of a difference between a commit and the index or the files. */
import { gitParts, type GitOptions } from './git.ts'

export interface RawChange {
  /** Relative to the root of the checkout. */
  readonly path: string
  /** git's letter: A added, D deleted, M modified, T changed type, U in conflict. */
  readonly status: string
  readonly isSubmodule: boolean
  /** The id of the new blob; zeros where git has not computed it. */
  readonly blob: string
}

/** Runs `git diff-index` with these arguments; a file in conflict is reported twice, as `U` and with its difference. */
export async function rawDiff(args: readonly string[], options: GitOptions): Promise<RawChange[]> {
  const parts = await gitParts(
    ['diff-index', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-relative', ...args],
    options,
  )
  const changes: RawChange[] = []
  let about: string[] = []
  for (const [at, part] of parts.entries()) {
    if (at % 2 === 0) {
      about = part.slice(1).split(' ')
      continue
    }
    const [oldMode = '', newMode = '', , blob = '', status = ''] = about
    changes.push({ path: part, status, isSubmodule: oldMode === SUBMODULE || newMode === SUBMODULE, blob })
  }
  return changes
}

const SUBMODULE = '160000'
