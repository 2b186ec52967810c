import { findActiveWorkers, type ActiveWorker } from '../store/tables/active-workers.ts'
import type { KernelDeps } from './deps.ts'

/** Every open run with a worker's process, in one query, and when that was. */
export async function listActiveWorkers({
  store,
}: KernelDeps): Promise<{ readonly workers: readonly ActiveWorker[]; readonly checkedAt: number }> {
  const checkedAt = await store.now()
  return { workers: await store.read(findActiveWorkers), checkedAt }
}
