import type { TaskId } from '../domain/task.ts'
import { findLingeringRun, findRunProcess } from '../store/tables/run-processes.ts'
import type { KernelDeps } from './deps.ts'

/** Hints to the runner of the card's live run that it should look at the board. */
export async function pokeLingering({ store, pokeRunner }: KernelDeps, id: TaskId): Promise<void> {
  const process = await store.read(async (db) => {
    const runId = await findLingeringRun(db, id)
    return runId === null ? undefined : findRunProcess(db, runId)
  })
  if (process !== undefined) pokeRunner(process)
}
