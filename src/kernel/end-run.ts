import { release, type ReleaseFacts } from '../domain/release.ts'
import type { RunEnding } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findLastLifted, openHold } from '../store/tables/holds.ts'
import { ledgerTotals } from '../store/tables/ledger.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { findLastEndings, findRunProcess, markGone, storeEvidence } from '../store/tables/run-processes.ts'
import { findStop } from '../store/tables/run-stops.ts'
import { findRun } from '../store/tables/runs.ts'
import { lockTask } from '../store/tables/tasks.ts'
import { releaseLeases } from '../store/tables/workspaces.ts'
import { apply, note, type Signature } from './apply.ts'
import type { KernelDeps } from './deps.ts'

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
  return deps.store.write(async (tx) => {
    const process = await findRunProcess(tx, runId)
    if (process === undefined || process.goneAt !== null) return null
    const found = await lockTask(tx, process.taskId)
    if (found === undefined) return null
    // Somebody else may have done it while this waited for the card.
    if (!(await markGone(tx, runId, tx.now))) return null
    await releaseLeases(tx, runId, tx.now)
    if (found.currentRunId !== runId) {
      // The worker had its say before its processes ended; what the runner saw is kept beside it.
      await storeEvidence(tx, runId, ending.evidence, null)
      return found
    }
    const facts = {
      stop: await findStop(tx, runId),
      charged: true,
      workerPid: process.worker?.pid ?? null,
      maxRuntimeSeconds: (await findRun(tx, runId))?.maxRuntimeSeconds ?? null,
    }
    const { task } = await endOpenRun(deps, tx, found, ending, facts, { ...by, runId })
    await pauseOnEqualFailures(deps, tx, runId, ending, by)
    return task
  })
}

/** Ends the open run of a card without a verdict of its worker. */
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
  return apply(
    tx,
    release(task, ending, { ...facts, now: tx.now, totals, policy: policy(), openParents }),
    by,
  )
}

/** Endings read to judge whether a profile's cards fail alike. */
const ENDINGS_READ = 60

/** When one profile's cards fail alike, one after another, the profile is paused rather than each card tried in turn. */
async function pauseOnEqualFailures(
  { policy }: KernelDeps,
  tx: WriteTransaction,
  runId: number,
  ending: RunEnding,
  by: Signature,
): Promise<void> {
  if (ending.outcome === 'completed' || ending.outcome === 'stopped' || ending.outcome === 'reclaimed') return
  const profile = (await findRun(tx, runId))?.profile
  if (profile === null || profile === undefined) return
  const since = (await findLastLifted(tx, 'profile', profile, 'breaker')) ?? 0
  const endings = (await findLastEndings(tx, profile, ENDINGS_READ)).filter(
    (seen) => (seen.endedAt ?? 0) >= since,
  )
  const signature = endings[0]?.signature
  if (signature === null || signature === undefined) return
  const different = endings.findIndex((seen) => seen.signature !== signature)
  const alike = new Set((different === -1 ? endings : endings.slice(0, different)).map((seen) => seen.taskId))
  const limit = policy().equalFailureLimit
  if (alike.size < limit) return
  const reason = `${alike.size} cards in a row failed alike: ${ending.error ?? ending.outcome}`
  const rule = { actor: BY_EQUAL_FAILURES, door: by.door, runId: null }
  if (
    (await openHold(tx, { scope: 'profile', target: profile, kind: 'breaker', reason }, rule.actor, tx.now)) >
    0
  ) {
    note(tx, null, { kind: 'paused', payload: { scope: 'profile', target: profile, reason } }, rule)
  }
}
