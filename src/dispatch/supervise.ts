/**
 * Looks after open runs: adopts runners that live, and ends runs whose runner is gone, once nothing of the worker is left.
 * A process is judged by boot, pid and start time together; what cannot be told is never taken for dead.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEnding, RunProcess } from '../domain/run.ts'
import type { Task } from '../domain/task.ts'
import { bootId, liveness, startTimeOf } from '../lib/process-identity.ts'
import { terminateTree } from '../lib/process-tree.ts'
import { readSpooledEnding, runMarker } from '../runner/launch.ts'
import { DISPATCHER, type DispatchDeps } from './deps.ts'
import type { PassReport } from './report.ts'

/** How long a runner may take to report for duty once its card is claimed, in seconds: making a workspace takes time. */
const LAUNCH_SECONDS = 30
/** The same when whoever claimed the card is gone: a runner that is not on its way by then never will be. */
const ORPHANED_LAUNCH_SECONDS = 5
/** Beyond the end of another host's lease, in seconds: its runner ends its worker before that. */
const TAKEOVER_SECONDS = 30

/** A tree that would not end is tried again after this, in milliseconds. */
const STUBBORN_MS = 1_000

const NOTHING_SEEN = {
  exitCode: null,
  signal: null,
  limit: null,
  lastLines: null,
  elapsedSeconds: null,
  killed: false,
} as const
const SIGNATURE = { actor: DISPATCHER.name, door: DISPATCHER.door, runId: null }

/** Runs this process looks after. */
export interface Watched {
  /** Runners that were started here and have not ended. */
  readonly children: Map<number, { readonly pid: number }>
  /** Runs that are being launched here right now. */
  readonly launching: Set<number>
  /** Runners that were found alive. */
  readonly adopted: Set<number>
  /** Runs whose trees are being ended here. */
  readonly ending: Map<number, Promise<void>>
}

/**
 * Looks at every live run and begins to end those that are over. Ending a stubborn tree takes its time, and no other card
 * waits for that: `onEnded` is called when one is closed.
 */
export async function supervise(
  deps: DispatchDeps,
  watched: Watched,
  live: readonly RunProcess[],
  report: PassReport,
  onEnded: () => void,
): Promise<void> {
  for (const id of watched.adopted) {
    if (!live.some((process) => process.runId === id)) watched.adopted.delete(id)
  }
  for (const process of live) {
    const { runId, taskId } = process
    if (watched.children.has(runId) || watched.launching.has(runId) || watched.ending.has(runId)) continue
    const ending = await judge(deps, watched, process, report)
    if (ending === null) continue
    const work = close(deps, process, ending, report)
      .catch((error: unknown) =>
        deps.log.error(`run ${runId} of ${taskId} could not be closed; it is tried again`, { error }),
      )
      .finally(() => {
        watched.ending.delete(runId)
        onEnded()
      })
    watched.ending.set(runId, work)
  }
  await removeRunFolders(deps, watched, live)
}

/** A runner that was killed in its last moment, its run closed already, leaves its folder, and in it the run's secret. */
async function removeRunFolders(
  { kernel, paths }: DispatchDeps,
  { children, launching }: Watched,
  live: readonly RunProcess[],
): Promise<void> {
  const isUnknown = (runId: number, known: readonly RunProcess[]) =>
    !children.has(runId) && !launching.has(runId) && !known.some((process) => process.runId === runId)
  const found = (existsSync(paths.runs) ? readdirSync(paths.runs) : [])
    .map(Number)
    .filter((runId) => Number.isInteger(runId) && isUnknown(runId, live))
  if (found.length === 0) return
  // A folder may be younger than what was read of the board; its run is not.
  const now = await kernel.listLiveRuns()
  for (const runId of found.filter((each) => isUnknown(each, now))) {
    try {
      rmSync(join(paths.runs, String(runId)), { recursive: true, force: true })
    } catch {
      // Its runner lives after all and is removing it itself; what is left is found in the next pass.
    }
  }
}

async function close(
  deps: DispatchDeps,
  process: RunProcess,
  ending: RunEnding,
  report: PassReport,
): Promise<void> {
  const { runId, taskId } = process
  if (!(await endTree(deps, process))) {
    deps.log.warn(
      `run ${runId} of ${taskId} is over, but not all of its processes would end; it is tried again`,
      { run: runId },
    )
    await deps.clock.sleep(STUBBORN_MS)
    return
  }
  const task = await deps.kernel.closeRun(runId, ending, SIGNATURE)
  rmSync(join(deps.paths.runs, String(runId)), { recursive: true, force: true })
  if (task !== null) recordEnding(task, ending, report)
  deps.log.warn(`run ${runId} of ${taskId} ended: ${ending.error ?? ending.outcome}`, { run: runId })
}

function recordEnding(task: Task, ending: RunEnding, report: PassReport): void {
  const lists = {
    crashed: report.crashed,
    timed_out: report.timed_out,
    stalled: report.timed_out,
    reclaimed: report.reclaimed,
  } as const
  if (ending.outcome in lists) lists[ending.outcome as keyof typeof lists].push(task.id)
  if (task.status === 'blocked' && ending.outcome !== 'stopped') report.auto_blocked.push(task.id)
}

/** How the run ended, or null while it goes on or cannot be judged. */
async function judge(
  deps: DispatchDeps,
  watched: Watched,
  process: RunProcess,
  report: PassReport,
): Promise<RunEnding | null> {
  if (process.host !== deps.kernel.deps.host) return takeover(deps, process)
  if (process.runner === null) return launchFailed(deps, process)
  switch (liveness(process.runner)) {
    case 'alive':
      if (!watched.adopted.has(process.runId)) {
        watched.adopted.add(process.runId)
        report.adopted.push(process.runId)
        deps.log.info(`adopted run ${process.runId} of ${process.taskId}`, {
          run: process.runId,
          runner: process.runner.pid,
        })
      }
      return null
    case 'unknown':
      deps.log.warn(`cannot tell whether the runner of run ${process.runId} lives; it is left alone`, {
        run: process.runId,
      })
      return null
    case 'gone': {
      const spooled = readSpooledEnding(join(deps.paths.runs, String(process.runId)))
      if (spooled !== null) return spooled
      if (process.runner.bootId !== bootId())
        return { outcome: 'reclaimed', error: 'the machine was restarted', evidence: NOTHING_SEEN }
      return { outcome: 'crashed', error: 'its runner was killed', evidence: NOTHING_SEEN }
    }
  }
}

/** Judging too early costs a refunded attempt and no more: a runner that reports for duty later is told that its run is over. */
async function launchFailed(
  { kernel, clock }: DispatchDeps,
  { runId }: RunProcess,
): Promise<RunEnding | null> {
  const { startedAt, claimLock } = await kernel.getRun(runId)
  const patience = isClaimerGone(claimLock) ? ORPHANED_LAUNCH_SECONDS : LAUNCH_SECONDS
  if (clock.now() - startedAt < patience) return null
  return { outcome: 'reclaimed', error: 'its runner never reported for duty', evidence: NOTHING_SEEN }
}

/** Asked about runs that are not being launched here, so a claim of this very process has failed. */
function isClaimerGone(claimLock: string | null): boolean {
  const pid = Number(claimLock?.split(':').at(-1))
  return Number.isInteger(pid) && (pid === process.pid || startTimeOf(pid) === null)
}

async function takeover({ kernel }: DispatchDeps, process: RunProcess): Promise<RunEnding | null> {
  const run = await kernel.getRun(process.runId)
  const now = await kernel.deps.store.now()
  if (run.claimExpires === null || run.claimExpires + TAKEOVER_SECONDS > now) return null
  return { outcome: 'reclaimed', error: `the lease of host ${process.host} ran out`, evidence: NOTHING_SEEN }
}

/** True when nothing of the run is left on this machine. Another host's runner has ended its worker before its lease did. */
async function endTree(
  { clock, board, kernel, settings }: DispatchDeps,
  process: RunProcess,
): Promise<boolean> {
  if (process.host !== kernel.deps.host) return true
  const marker = runMarker(board.id, process.runId)
  const ending = await terminateTree({
    leader: process.worker,
    marker,
    graceMs: settings().graceSeconds * 1000,
    clock,
  })
  return ending.gone
}
