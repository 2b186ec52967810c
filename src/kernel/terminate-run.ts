import type { Actor } from '../domain/actor.ts'
import { notFound } from '../domain/errors.ts'
import type { AfterStop } from '../domain/run.ts'
import { findRun } from '../store/tables/runs.ts'
import { denyWorkers, requireLocked, type KernelDeps } from './deps.ts'
import { stopTask } from './stop-run.ts'
import { together } from './together.ts'

export interface TerminatedRun {
  readonly taskId: string
  /** `stopping`: its processes are being ended. */
  readonly state: 'stopping' | 'ended'
}

/** Ends this run and no other one: its processes are asked to stop, then killed. One that has ended is left alone. */
export async function terminateRun(
  deps: KernelDeps,
  runId: number,
  { reason, after }: { readonly reason: string; readonly after: AfterStop },
  actor: Actor,
): Promise<TerminatedRun> {
  denyWorkers(actor, 'terminate runs')
  return together(deps, async (inside, tx) => {
    const run = await findRun(tx, runId)
    if (run === undefined)
      throw notFound('run_not_found', `run ${runId} not found. List a card's runs with: yard runs <id>`, {
        id: runId,
      })
    const { taskId } = run
    const task = await requireLocked(tx, taskId)
    if (task.currentRunId !== runId) return { taskId, state: 'ended' }
    const { stopping } = await stopTask(inside, taskId, { reason, after }, actor)
    return { taskId, state: stopping ? 'stopping' : 'ended' }
  })
}
