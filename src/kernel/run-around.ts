import { dirname } from 'node:path'
import { findOpenIn } from '../store/tables/workspaces.ts'
import type { KernelDeps } from './deps.ts'

/** Times of processes and of runs are told by different clocks, in seconds. */
const SLACK = 2

/** The run of this host that was open when something started, and in whose workspace one of these folders is; null when there is none. */
export async function findRunAround(
  { store, host }: KernelDeps,
  { startedAt, folders }: { readonly startedAt: number; readonly folders: readonly string[] },
): Promise<{ readonly runId: number; readonly taskId: string } | null> {
  // Where the system does not say when it was.
  if (!Number.isFinite(startedAt)) return null
  const [from, until] = [Math.floor(startedAt) - SLACK, Math.ceil(startedAt) + SLACK]
  const paths = [...new Set(folders.flatMap(withParents))]
  return (await store.read((db) => findOpenIn(db, { host, paths, from, until }))) ?? null
}

const withParents = (folder: string): string[] =>
  dirname(folder) === folder ? [folder] : [folder, ...withParents(dirname(folder))]
