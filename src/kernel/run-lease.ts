/** What a runner says of its run while it lasts. Every call is fenced by the run's secret. */
import type { Actor, RunCapability } from '../domain/actor.ts'
import { isHolding } from '../domain/hold.ts'
import type { ProcessIdentity, StopRequest } from '../domain/run.ts'
import { findHoldsOver } from '../store/tables/holds.ts'
import { lockAdmission } from '../store/tables/locks.ts'
import { registerRunner, registerWorker } from '../store/tables/run-processes.ts'
import { extendRunClaim, findRun, setRunPid } from '../store/tables/runs.ts'
import { findUnheard, insertMail } from '../store/tables/run-mail.ts'
import { findStop } from '../store/tables/run-stops.ts'
import { extendTaskClaim, findTask, setWorkerPid } from '../store/tables/tasks.ts'
import { setBaseCommit } from '../store/tables/workspaces.ts'
import { note } from './apply.ts'
import { bookUsage } from './book-usage.ts'
import type { KernelDeps } from './deps.ts'
import { authenticateWorker } from './fence.ts'

const runner = (capability: RunCapability): Extract<Actor, { kind: 'worker' }> => ({
  kind: 'worker',
  name: 'runner',
  door: 'runner',
  capability,
})

/** `go`: start the worker. Otherwise the reason not to. */
export type StartAnswer = 'go' | 'ended' | 'stopped' | 'paused'

/**
 * A runner reports for duty, once per run, right before it starts the worker. A pause that was acknowledged before this
 * answer keeps the worker from starting. `heard`: the newest comment its worker begins with; left out for one that is told of none.
 */
export async function startRun(
  { store }: KernelDeps,
  capability: RunCapability,
  identity: ProcessIdentity,
  heard?: number,
): Promise<StartAnswer> {
  return store.write(async (tx) => {
    await lockAdmission(tx, { alone: false })
    const taskId = await authenticateWorker(tx, runner(capability))
    const task = await findTask(tx, taskId)
    if (task?.currentRunId !== capability.runId) return 'ended'
    if (!(await registerRunner(tx, capability.runId, identity))) return 'ended'
    if (heard !== undefined) await insertMail(tx, { runId: capability.runId, heard })
    if ((await findStop(tx, capability.runId)) !== null) return 'stopped'
    const isPaused = (await findHoldsOver(tx, task)).some(
      (hold) => hold.kind === 'pause' && isHolding(hold, tx.now),
    )
    return isPaused ? 'paused' : 'go'
  })
}

/** The worker runs. False when the run has ended meanwhile: then the worker must be ended too. */
export async function recordSpawn(
  { store }: KernelDeps,
  capability: RunCapability,
  worker: ProcessIdentity,
): Promise<boolean> {
  return store.write(async (tx) => {
    const taskId = await authenticateWorker(tx, runner(capability))
    if (!(await registerWorker(tx, capability.runId, worker))) return false
    if ((await setRunPid(tx, { id: capability.runId, pid: worker.pid })) === 0) return false
    await setWorkerPid(tx, { id: taskId, runId: capability.runId, pid: worker.pid })
    note(
      tx,
      taskId,
      { kind: 'spawned', payload: { pid: worker.pid } },
      { actor: 'runner', door: 'runner', runId: capability.runId },
    )
    return true
  })
}

export interface LeaseAnswer {
  /** Whether the run is still the open run of its card. */
  readonly open: boolean
  readonly stop: StopRequest | null
  /** When the worker last sent a heartbeat, in unix seconds. */
  readonly lastHeartbeatAt: number | null
  /** Whether there are comments its worker has not heard of. */
  readonly hasMail: boolean
}

/** Extends the lease by `policy.leaseSeconds` and tells whether the run shall go on. */
export async function renewLease(
  { store, policy }: KernelDeps,
  capability: RunCapability,
): Promise<LeaseAnswer> {
  return store.write(async (tx) => {
    const taskId = await authenticateWorker(tx, runner(capability))
    const expires = tx.now + policy().leaseSeconds
    const open = (await extendRunClaim(tx, { id: capability.runId, expires })) === 1
    if (open) await extendTaskClaim(tx, { id: taskId, runId: capability.runId, expires })
    const run = await findRun(tx, capability.runId)
    await bookUsage(tx, capability.runId, {}, policy(run?.profile), { door: 'runner', isOpen: open })
    return {
      open,
      stop: await findStop(tx, capability.runId),
      lastHeartbeatAt: run?.lastHeartbeatAt ?? null,
      hasMail: (await findUnheard(tx, capability.runId, 1)).length > 0,
    }
  })
}

/** The same question without extending anything. */
export async function askLease({ store }: KernelDeps, { runId }: RunCapability): Promise<LeaseAnswer> {
  return store.read(async (db) => {
    const run = await findRun(db, runId)
    return {
      open: run !== undefined && run.endedAt === null,
      stop: await findStop(db, runId),
      lastHeartbeatAt: run?.lastHeartbeatAt ?? null,
      hasMail: (await findUnheard(db, runId, 1)).length > 0,
    }
  })
}

/** Remembers from which commit a run's worktree started. */
export const recordBaseCommit = ({ store }: KernelDeps, runId: number, baseCommit: string): Promise<number> =>
  store.write((tx) => setBaseCommit(tx, runId, baseCommit))
