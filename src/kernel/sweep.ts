/** What only a dispatcher does: let go what has become due, take back claims by hand that ran out, give up what cannot start. */
import { change } from '../domain/change.ts'
import type { Hold } from '../domain/hold.ts'
import { waitingPlace } from '../domain/moves.ts'
import { NOTHING_SEEN } from '../domain/run.ts'
import type { TaskId } from '../domain/task.ts'
import { madeStorable, MAX } from '../domain/text.ts'
import { retryWaitSeconds } from '../domain/attempts.ts'
import { findDueHolds, findHolds, liftDueHold, liftHold } from '../store/tables/holds.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findExpiredClaims } from '../store/tables/runs.ts'
import { lockTask } from '../store/tables/tasks.ts'
import { apply, note, promoteIfFree, type Signature } from './apply.ts'
import type { BoardPolicy, KernelDeps } from './deps.ts'
import { BY_HAND, endOpenRun } from './end-run.ts'

const BY_TIME = 'rule:time'
const BY_EXPIRY = 'rule:claim-expiry'
const BY_PREFLIGHT = 'rule:preflight'

/** Lifts holds whose time has come and promotes the cards that waited for it; gives the promoted ones. Takes no lock when nothing is due. */
export async function liftDueHolds({ store }: KernelDeps, now: number, door: string): Promise<TaskId[]> {
  const due = await store.read((db) => findDueHolds(db, now))
  if (due.length === 0) return []
  return store.write(async (tx) => {
    const promoted: TaskId[] = []
    for (const hold of due) {
      if (!(await liftDueHold(tx, hold, BY_TIME, tx.now)) || hold.scope !== 'task') continue
      if (await promoteIfFree(tx, hold.target, door, BY_TIME)) promoted.push(hold.target)
    }
    return promoted
  })
}

/** Takes back claims by hand whose time ran out without a heartbeat. */
export async function reclaimExpired(deps: KernelDeps, now: number, door: string): Promise<TaskId[]> {
  const { store } = deps
  const expired = await store.read((db) => findExpiredClaims(db, now))
  if (expired.length === 0) return []
  const by: Signature = { actor: BY_EXPIRY, door, runId: null }
  return store.write(async (tx) => {
    const reclaimed: TaskId[] = []
    for (const { taskId, runId } of expired) {
      const task = await lockTask(tx, taskId)
      if (task?.currentRunId !== runId || task.claimExpires === null || task.claimExpires >= tx.now) continue
      const error = `the claim of ${task.claimLock} expired without a heartbeat`
      const ending = { outcome: 'reclaimed', error, evidence: NOTHING_SEEN } as const
      await endOpenRun(deps, tx, task, ending, { ...BY_HAND, stop: null }, by)
      reclaimed.push(taskId)
    }
    return reclaimed
  })
}

/**
 * A card's needs are not met: nothing is charged, the card says what is missing, and after `policy.failureLimit` checks in a
 * row it is blocked until the check passes. Gives whether it is blocked now.
 */
export async function failPreflight(
  { store }: KernelDeps,
  id: TaskId,
  problem: string,
  policy: BoardPolicy,
  door: string,
): Promise<{ blocked: boolean; failures: number } | null> {
  const by: Signature = { actor: BY_PREFLIGHT, door, runId: null }
  const error = madeStorable(problem, MAX.reason) ?? ''
  return store.write(async (tx) => {
    const task = await lockTask(tx, id)
    if (task === undefined || task.status !== 'ready') return null
    const failures = task.spawnFailures + 1
    const blocked = failures >= policy.failureLimit
    const until = blocked ? null : tx.now + retryWaitSeconds(failures, policy)
    await apply(
      tx,
      change(task, blocked ? { verb: 'giveUp', to: 'blocked' } : null, {
        set: { spawnFailures: failures, lastSpawnError: error },
        events: [
          { kind: 'spawn_failed', payload: { error, failures } },
          ...(blocked ? [{ kind: 'gave_up', payload: { failures, error } } as const] : []),
        ],
        openHolds: [{ scope: 'task', target: id, kind: 'preflight', reason: error, until }],
      }),
      by,
    )
    return { blocked, failures }
  })
}

/**
 * The check passes again: the preflight hold is lifted, and a card that it alone had blocked is free. The count of failed
 * starts stays, for only a start that succeeds ends it: a need that comes and goes must not buy starts without end.
 */
export async function passPreflight({ store }: KernelDeps, id: TaskId, door: string): Promise<boolean> {
  const by: Signature = { actor: BY_PREFLIGHT, door, runId: null }
  return store.write(async (tx) => {
    const task = await lockTask(tx, id)
    if (task === undefined) return false
    const holds = await findHolds(tx, 'task', id)
    const preflight = holds.find((hold) => hold.kind === 'preflight')
    if (preflight === undefined) return false
    await liftHold(tx, preflight, BY_PREFLIGHT, tx.now)
    const isFree = task.status === 'blocked' && preflight.until === null && !holds.some(isHeldByPerson)
    if (!isFree) {
      note(tx, id, { kind: 'released', payload: { holds: ['preflight'] } }, by)
      return true
    }
    const to = waitingPlace({ now: tx.now, openParents: await countOpenParents(tx, id), holds })
    const unblocked = { kind: 'unblocked', payload: { reason: 'what was missing is there' } } as const
    await apply(tx, change(task, { verb: 'unblock', to }, { events: [unblocked] }), by)
    return true
  })
}

const isHeldByPerson = ({ kind }: Hold): boolean =>
  kind === 'human' || kind === 'approval' || kind === 'breaker'
