import type { Actor } from '../domain/actor.ts'
import type { AttemptPolicy } from '../domain/attempts.ts'
import {
  claim,
  dayReason,
  giveUp,
  spentReason,
  waitReason,
  type Attempts,
  type ClaimFacts,
} from '../domain/claim.ts'
import { budgetReason, firstReached, targetsOf, type BudgetState } from '../domain/budget.ts'
import { invalid } from '../domain/errors.ts'
import { reason, type Reason } from '../domain/hold.ts'
import type { AgentIdentity } from '../domain/run-agent.ts'
import type { Task, TaskId, WorkspaceKind } from '../domain/task.ts'
import { hashSecret, newSecret } from '../lib/ids.ts'
import type { Connection, WriteTransaction } from '../store/connection.ts'
import { findHoldsOver } from '../store/tables/holds.ts'
import { attemptsOfDay, ledgerTotals } from '../store/tables/ledger.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { lockAdmission } from '../store/tables/locks.ts'
import { insertRunAgent } from '../store/tables/run-agents.ts'
import { countLive, findLingeringRun } from '../store/tables/run-processes.ts'
import { findLease, insertLease, type Workspace } from '../store/tables/workspaces.ts'
import { apply, signatureOf } from './apply.ts'
import { bookOpening } from './book-usage.ts'
import { statesOver } from './budget-states.ts'
import { probing } from './run-agent.ts'
import { denyWorkers, requireLocked, type BoardPolicy, type KernelDeps } from './deps.ts'

const BY_CEILING = 'rule:ceiling'

export type ClaimResult = { readonly claimed: Task; readonly runId: number } | { readonly refused: Reason }

/** Claims a ready card by hand. Losing is an answer, not an error. The claim lasts `ttlSeconds` and is extended by heartbeats. */
export async function claimTask(
  { store, policy, host }: KernelDeps,
  id: TaskId,
  { ttlSeconds }: { ttlSeconds?: number },
  actor: Actor,
): Promise<ClaimResult> {
  denyWorkers(actor, 'claim cards')
  const ttl = ttlSeconds ?? policy().claimTtlSeconds
  if (!Number.isSafeInteger(ttl) || ttl < 1)
    throw invalid('bad_ttl', `Cannot claim ${id} for ${ttl} s: give a whole number of seconds, 1 or more.`, {
      ttl,
    })
  return store.write(async (tx) => {
    await lockAdmission(tx, { alone: false })
    const task = await requireLocked(tx, id)
    const refused = waitReason(task, await claimFacts(tx, task), 'hand')
    if (refused !== null) return { refused }
    const opening = {
      profile: task.assignee ?? actor.name,
      claimLock: `${host}:${actor.name}`,
      claimExpires: tx.now + ttl,
      maxRuntimeSeconds: task.maxRuntimeSeconds,
      dispatched: null,
    }
    const applied = await apply(tx, claim(task, opening, tx.now), signatureOf(actor))
    return { claimed: applied.task, runId: applied.runId ?? 0 }
  })
}

export interface WorkspaceLease {
  /** Canonical path the lease is on. */
  readonly path: string
  readonly kind: WorkspaceKind
  readonly repository: string | null
  readonly branch: string | null
}

export interface RunRequest {
  readonly taskId: TaskId
  readonly profile: string
  readonly bootId: string
  readonly claimLock: string
  readonly maxRuntimeSeconds: number | null
  readonly workspace: WorkspaceLease
  /** The folder of run logs; the run's own log in it is named after card and run. */
  readonly logFolder: string
  /** The ceilings that hold for this card and profile. */
  readonly policy: BoardPolicy
  /** Runs that may be open on the board and for this profile; checked in the claiming transaction. */
  readonly caps: { readonly board: number; readonly profile: number }
  /** Who will do the work, when it is an agent that its provider may refuse. */
  readonly agent?: AgentIdentity | null
}

export type OpenRunResult =
  /** `gaveUp`: the card had no attempts left, and is blocked now. */
  | {
      readonly refused: Reason
      readonly gaveUp?: true
      /** The budget that is used up. */
      readonly budget?: BudgetState
    }
  | { readonly task: Task; readonly runId: number; readonly secret: string; readonly logPath: string }

/** A dispatcher's claim: charges an attempt, leases the workspace, and gives the run the secret its worker must present. */
export async function openRun(
  { store, host }: KernelDeps,
  wanted: RunRequest,
  actor: Actor,
): Promise<OpenRunResult> {
  const secret = newSecret()
  return store.write(async (tx) => {
    await lockAdmission(tx, { alone: true })
    const task = await requireLocked(tx, wanted.taskId)
    if (task.assignee !== wanted.profile)
      return { refused: reason('status', `it is assigned to ${task.assignee ?? 'nobody'} now`) }
    const agent = wanted.agent ?? null
    const waits = waitReason(task, await claimFacts(tx, task, agent?.provider), 'dispatcher')
    if (waits !== null) return { refused: waits }
    const attempts = await attemptsOf(tx, task, wanted.policy, tx.now)
    const spent = spentReason(task, attempts)
    if (spent !== null) {
      await apply(tx, giveUp(task, spent), { actor: BY_CEILING, door: actor.door, runId: null })
      return { refused: spent, gaveUp: true }
    }
    const owner = { tenant: task.tenant, profile: wanted.profile, provider: agent?.provider ?? null }
    const budget = firstReached(await statesOver(tx, targetsOf(task, owner), wanted.policy.ceilings, tx.now))
    if (budget !== undefined) return { refused: budgetReason(budget), budget }
    const refused =
      dayReason(task, attempts, tx.now) ??
      (await workspaceRefusal(tx, host, wanted.workspace)) ??
      (await capRefusal(tx, wanted)) ??
      (agent === null ? null : await probeRefusal(tx, { provider: agent.provider, profile: wanted.profile }))
    if (refused !== null) return { refused }
    const opening = {
      profile: wanted.profile,
      claimLock: wanted.claimLock,
      claimExpires: tx.now + wanted.policy.leaseSeconds,
      maxRuntimeSeconds: wanted.maxRuntimeSeconds,
      dispatched: {
        host,
        bootId: wanted.bootId,
        secretHash: hashSecret(secret),
        logFolder: wanted.logFolder,
      },
    }
    const applied = await apply(tx, claim(task, opening, tx.now), signatureOf(actor))
    const runId = applied.runId ?? 0
    await insertLease(tx, { host, ...wanted.workspace, taskId: task.id, runId, now: tx.now })
    if (agent !== null)
      await insertRunAgent(tx, {
        ...agent,
        runId,
        taskId: task.id,
        profile: wanted.profile,
        host,
        now: tx.now,
      })
    await bookOpening(tx, { ...owner, runId, taskId: task.id }, wanted.policy, actor.door)
    return { task: applied.task, runId, secret, logPath: `${wanted.logFolder}/${task.id}-${runId}.log` }
  })
}

/** Checked where the run opens, so that no number of dispatchers together can pass a cap. */
async function capRefusal(tx: WriteTransaction, { profile, caps }: RunRequest): Promise<Reason | null> {
  const live = await countLive(tx)
  const total = [...live.values()].reduce((sum, count) => sum + count, 0)
  if (total >= caps.board)
    return reason('capacity', `${total} cards run, and ${caps.board} is the board's cap`)
  const mine = live.get(profile) ?? 0
  return mine >= caps.profile
    ? reason('capacity', `${mine} cards run for ${profile}, and ${caps.profile} is its cap`)
    : null
}

/** Whether a limit is over is tried by one run at a time. */
async function probeRefusal(
  tx: WriteTransaction,
  of: { readonly provider: string; readonly profile: string },
): Promise<Reason | null> {
  const probe = await probing(tx, of, tx.now)
  return probe === null ? null : probeReason(probe)
}

export const probeReason = ({ hold, runId }: NonNullable<Awaited<ReturnType<typeof probing>>>): Reason =>
  reason('cooldown', `run ${runId} is trying whether ${hold.scope} ${hold.target} can be used again`, {
    since: hold.since,
  })

async function workspaceRefusal(
  tx: WriteTransaction,
  host: string,
  { path }: WorkspaceLease,
): Promise<Reason | null> {
  const lease = await findLease(tx, host, path)
  if (lease === undefined) return null
  return leasedReason(lease)
}

export const leasedReason = ({ path, taskId, createdAt }: Workspace): Reason =>
  reason('capacity', `its workspace ${path} is leased by ${taskId}`, {
    owner: taskId,
    since: createdAt,
    blockedBy: [taskId],
  })

const claimFacts = async (tx: WriteTransaction, task: Task, provider?: string): Promise<ClaimFacts> => ({
  now: tx.now,
  openParents: await countOpenParents(tx, task.id),
  holds: await findHoldsOver(tx, task, provider),
  lingeringRunId: await findLingeringRun(tx, task.id),
})

/** What the ledger says of the card and its profile. */
export const attemptsOf = async (
  db: Connection,
  task: Task,
  policy: AttemptPolicy,
  now: number,
): Promise<Attempts> => ({
  totals: await ledgerTotals(db, task.id),
  profileToday: await attemptsOfDay(db, task.assignee ?? '', now),
  policy,
})
