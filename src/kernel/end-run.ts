import type { Change } from '../domain/change.ts'
import { archive, assign } from '../domain/moves.ts'
import { release, type ReleaseFacts } from '../domain/release.ts'
import type { RunEnding, StopRequest } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import { firstLine, madeStorable, MAX } from '../domain/text.ts'
import { can } from '../domain/transitions.ts'
import { complete } from '../domain/verdict.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findHolds, findLastBreakerLift, openHold } from '../store/tables/holds.ts'
import { ledgerTotals } from '../store/tables/ledger.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findLastEndings, findRunProcess, markGone, storeEvidence } from '../store/tables/run-processes.ts'
import { findStop } from '../store/tables/run-stops.ts'
import { findRun } from '../store/tables/runs.ts'
import { lockTask } from '../store/tables/tasks.ts'
import { releaseLeases } from '../store/tables/workspaces.ts'
import { apply, note, type Signature } from './apply.ts'
import { bookUsage } from './book-usage.ts'
import type { KernelDeps } from './deps.ts'
import { holdProvider } from './run-agent.ts'
import { settleHelper } from './settle-proposals.ts'

const BY_EQUAL_FAILURES = 'rule:equal-failures'

/**
 * The processes of a run are proven gone: ends the run if its worker gave no verdict, frees its workspace, and lets the
 * card's next run open. Doing it twice changes nothing. Gives the card, or null when it was done before.
 */
export async function closeRun(
  deps: KernelDeps,
  runId: number,
  ending: RunEnding,
  by: Signature,
): Promise<Task | null> {
  const kept = keepable(ending)
  return deps.store.write(async (tx) => {
    const process = await findRunProcess(tx, runId)
    if (process === undefined || process.goneAt !== null) return null
    const found = await lockTask(tx, process.taskId)
    if (found === undefined) return null
    // Somebody else may have done it while this waited for the card.
    if (!(await markGone(tx, runId, tx.now))) return null
    await releaseLeases(tx, runId, tx.now)
    const stop = await findStop(tx, runId)
    if (found.currentRunId !== runId) {
      // The worker had its say before its processes ended; what the runner saw is kept beside it.
      await storeEvidence(tx, runId, kept.evidence, null)
      const task = stop === null ? found : await followStop(tx, found, stop)
      await settleHelper(tx, task, by)
      await bookEnding(deps, tx, runId, task, kept, by)
      return task
    }
    const run = await findRun(tx, runId)
    const facts = {
      stop,
      charged: true,
      workerPid: process.worker?.pid ?? null,
      maxRuntimeSeconds: run?.maxRuntimeSeconds ?? null,
    }
    const { task } = await endOpenRun(deps, tx, found, kept, facts, { ...by, runId })
    await holdProvider(tx, runId, kept, by)
    await pauseOnEqualFailures(deps, tx, run?.profile ?? null, kept, by)
    const arrived = stop === null ? task : await followStop(tx, task, stop)
    await settleHelper(tx, arrived, by)
    await bookEnding(deps, tx, runId, arrived, kept, by)
    return arrived
  })
}

/** All the time the run took, where its runner saw it; what nobody saw was booked as it passed. */
const bookEnding = (
  { policy }: KernelDeps,
  tx: WriteTransaction,
  runId: number,
  { assignee }: Task,
  { evidence: { elapsedSeconds } }: RunEnding,
  { door }: Signature,
): Promise<boolean> =>
  bookUsage(tx, runId, { elapsedSeconds: elapsedSeconds ?? 0 }, policy(assignee), { door, isOpen: false })

/** An ending is never refused for its words: the run would stay open for ever. */
const keepable = (ending: RunEnding): RunEnding => ({
  ...ending,
  error: madeStorable(ending.error, MAX.reason),
  result: madeStorable(ending.result, MAX.result),
  summary: madeStorable(ending.summary, MAX.summary),
  evidence: {
    ...ending.evidence,
    signal: madeStorable(ending.evidence.signal, MAX.name),
    lastLines: madeStorable(ending.evidence.lastLines, MAX.output),
    elapsedSeconds:
      ending.evidence.elapsedSeconds === null ? null : Math.round(ending.evidence.elapsedSeconds),
  },
})

/** Of a run that was claimed by hand: nothing was charged, and no process is behind it. */
export const BY_HAND = { charged: false, workerPid: null, maxRuntimeSeconds: null } as const

/** Ends the open run of a card without a verdict of its worker. Signed by whoever stopped it, if somebody did. */
export async function endOpenRun(
  { policy }: Pick<KernelDeps, 'policy'>,
  tx: WriteTransaction,
  task: Task,
  ending: RunEnding,
  facts: Pick<ReleaseFacts, 'stop' | 'charged' | 'workerPid' | 'maxRuntimeSeconds'>,
  by: Signature,
): Promise<{ task: Task; runId: number | null }> {
  const totals = await ledgerTotals(tx, task.id)
  const openParents = await countOpenParents(tx, task.id)
  const { stop } = facts
  const hasStopped = stop !== null && (ending.outcome !== 'completed' || stop.after.kind === 'complete')
  return apply(
    tx,
    release(task, ending, { ...facts, now: tx.now, totals, policy: policy(task.assignee), openParents }),
    hasStopped ? stopSignature(stop) : by,
  )
}

const stopSignature = ({ actor, door, runId }: StopRequest): Signature => ({ actor, door, runId })

/** The worker had its say while it was being stopped: what was asked for is done as far as its word leaves it open. */
async function followStop(tx: WriteTransaction, task: Task, stop: StopRequest): Promise<Task> {
  const wanted = afterVerdict(task, stop, tx.now)
  return wanted === null ? task : (await apply(tx, wanted, stopSignature(stop))).task
}

function afterVerdict(task: Task, { after, actor }: StopRequest, now: number): Change | null {
  switch (after.kind) {
    case 'archive':
      return can('archive', task) ? archive(task) : null
    case 'complete':
      return can('complete', task) ? complete(task, after, { now, actor, reviewAuthor: null }) : null
    case 'assign':
      return task.status === 'done' || task.status === 'archived' ? null : assign(task, after.assignee)
    case 'hold':
    case 'block':
    case 'ready':
      return null
  }
}

/** Endings read to judge whether a profile's cards fail alike. */
const ENDINGS_READ = 60

/** Endings that say nothing about the profile, or whose own hold says it. */
const NO_FAILURES: ReadonlySet<RunEnding['outcome']> = new Set([
  'completed',
  'stopped',
  'reclaimed',
  'rate_limited',
  'misconfigured',
])

/** When one profile's cards fail alike, one after another, the profile is paused rather than each card tried in turn. */
async function pauseOnEqualFailures(
  { policy }: KernelDeps,
  tx: WriteTransaction,
  profile: string | null,
  ending: RunEnding,
  by: Signature,
): Promise<void> {
  if (NO_FAILURES.has(ending.outcome)) return
  if (profile === null) return
  const since = (await findLastBreakerLift(tx, profile)) ?? 0
  const endings = (await findLastEndings(tx, profile, ENDINGS_READ)).filter(
    (seen) => (seen.endedAt ?? 0) > since,
  )
  const signature = endings[0]?.signature
  if (signature === null || signature === undefined) return
  const different = endings.findIndex((seen) => seen.signature !== signature)
  const alike = new Set((different === -1 ? endings : endings.slice(0, different)).map((seen) => seen.taskId))
  if (alike.size < policy(profile).equalFailureLimit) return
  if ((await findHolds(tx, 'profile', profile)).some((hold) => hold.kind === 'breaker')) return
  const reason = `${alike.size} cards in a row failed alike: ${firstLine(ending.error) ?? ending.outcome}`
  const rule = { actor: BY_EQUAL_FAILURES, door: by.door, runId: null }
  await openHold(tx, { scope: 'profile', target: profile, kind: 'breaker', reason }, rule.actor, tx.now)
  note(tx, null, { kind: 'paused', payload: { scope: 'profile', target: profile, reason } }, rule)
}
