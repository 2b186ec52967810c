/** Finds a program as the worker will find it: by its path, or on the PATH the worker is given, which need not be ours. */
import { accessSync, constants } from 'node:fs'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { statOf } from '../lib/stat-of.ts'
import type { Problem } from './problem.ts'

export interface ProgramSearch {
  /** The worker's PATH. */
  readonly path: string
  /** What `~` stands for. */
  readonly userHome: string
  /** The folder the worker starts in, which relative paths begin at; null while it is not known. */
  readonly folder: string | null
}

/** The PATH of a worker whose gateway has none, as with some service managers. */
export const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

export type ProgramFinding =
  | { readonly state: 'found'; readonly file: string }
  | { readonly state: 'not_executable'; readonly file: string }
  | { readonly state: 'missing' }
  /** It depends on a workspace that does not exist yet. */
  | { readonly state: 'unknown' }

export function findProgram(name: string, search: ProgramSearch): ProgramFinding {
  if (name.includes('/')) return isThere(placed(name, search))
  let refused: ProgramFinding | null = null
  let open = false
  for (const entry of search.path.split(':')) {
    // An empty entry means the current folder, as it does for the shell.
    const finding = isThere(placed(join(entry || '.', name), search))
    if (finding.state === 'found') return finding
    if (finding.state === 'not_executable') refused ??= finding
    open ||= finding.state === 'unknown'
  }
  return refused ?? { state: open ? 'unknown' : 'missing' }
}

/**
 * What to tell whoever set up the profile; null when there is nothing to say. `source` names where the program is asked for,
 * `install` how people get it where that is known.
 */
export function programProblem(
  name: string,
  search: ProgramSearch,
  { owner, source, install }: { owner: string; source: string; install?: string },
): Problem | null {
  const finding = findProgram(name, search)
  switch (finding.state) {
    case 'found':
    case 'unknown':
      return null
    case 'not_executable':
      return {
        code: 'missing_program',
        message: `${owner} needs the program ${name}, and ${finding.file} is not executable.`,
        next: `chmod +x ${finding.file}`,
      }
    case 'missing':
      return {
        code: 'missing_program',
        message: name.includes('/')
          ? `${owner} needs the program ${name}, which does not exist.`
          : `${owner} needs the program ${name}, which is not on its PATH (${search.path || 'empty'}).`,
        next:
          install === undefined
            ? `Install ${basename(name)}, or correct ${source}.`
            : `Install it: ${install}. Or correct ${source}.`,
      }
  }
}

/** The absolute path a name stands for; null when that is not known yet. */
function placed(name: string, { userHome, folder }: ProgramSearch): string | null {
  if (name.startsWith('~/')) return join(userHome, name.slice(1))
  if (isAbsolute(name)) return name
  return folder === null ? null : resolve(folder, name)
}

function isThere(file: string | null): ProgramFinding {
  if (file === null) return { state: 'unknown' }
  if (statOf(file)?.isFile() !== true) return { state: 'missing' }
  try {
    accessSync(file, constants.X_OK)
    return { state: 'found', file }
  } catch {
    return { state: 'not_executable', file }
  }
}
