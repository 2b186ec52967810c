/** Where the git folders of a linked worktree lie: outside of it, so a confined worker must be let into them to commit. */
import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'

export interface GitFolders {
  readonly gitDir: string
  readonly commonDir: string
}

/** Null for anything but the root of a linked worktree. */
export function linkedWorktree(folder: string): GitFolders | null {
  try {
    const [, named] = /^gitdir: (.+)$/m.exec(readFileSync(join(folder, '.git'), 'utf8')) ?? []
    if (named === undefined) return null
    const gitDir = isAbsolute(named) ? named : resolve(folder, named)
    const common = readFileSync(join(gitDir, 'commondir'), 'utf8').trim()
    return { gitDir, commonDir: resolve(gitDir, common) }
  } catch {
    return null
  }
}
