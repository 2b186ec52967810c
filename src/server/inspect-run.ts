/** The live processes of a run, as figures for people. Nothing here judges whether a run is over. */
import type { RunView } from '../kernel/show-task.ts'
import type { Output } from '../contract/operations/table.ts'
import type { Clock } from '../lib/clock.ts'
import { readFigures, type ProcessFigures, type ProcessLook } from '../lib/process-figures.ts'
import { liveness } from '../lib/process-identity.ts'

export interface InspectDeps {
  readonly host: string
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  /** Every process that belongs to the run; `unknown` when the process table cannot be read. */
  readonly treeOf: (runId: number, leader: number) => readonly number[] | 'unknown'
}

/** Two looks this far apart say how busy a process is. */
const BETWEEN_LOOKS_MS = 100
/** More processes than this are counted, not looked at. */
const MAX_LOOKED_AT = 200

export async function inspectRun(deps: InspectDeps, run: RunView): Promise<Output<'inspectRun'>> {
  const answer = { run_id: run.id }
  if (run.endedAt !== null) return { ...answer, alive: false, reason: 'run already ended' }
  const pid = run.process?.worker?.pid ?? run.workerPid
  if (pid === null) return { ...answer, alive: false, reason: 'no worker_pid recorded' }
  if (run.process !== null && run.process.host !== deps.host)
    return { ...answer, alive: true, pid, error: `it runs on ${run.process.host}; ask the server there` }
  // The number alone may have passed on to somebody else.
  const identity = run.process?.worker ?? null
  if (identity !== null && liveness(identity) === 'gone')
    return { ...answer, alive: false, pid, reason: 'process not found' }

  const tree = deps.treeOf(run.id, pid)
  const pids = [...new Set([pid, ...(tree === 'unknown' ? [] : tree)])]
  const looked = await lookTwice(deps, pids.slice(0, MAX_LOOKED_AT))
  const leader = looked.get(pid) ?? 'gone'
  if (leader === 'gone') return { ...answer, alive: false, pid, reason: 'process not found' }
  if (leader === 'denied') return { ...answer, alive: true, pid, error: 'access denied' }
  const { startedAt } = leader.figures
  return {
    ...answer,
    alive: true,
    pid,
    ...figuresView([leader]),
    status: leader.figures.status,
    create_time: startedAt !== null && Number.isFinite(startedAt) ? startedAt : null,
    cmdline: leader.figures.command,
    ...(tree === 'unknown' ? {} : { tree: treeView(looked, pids) }),
  }
}

interface Looked {
  readonly figures: ProcessFigures
  readonly cpuPercent: number | null
}

async function lookTwice(
  { clock }: InspectDeps,
  pids: readonly number[],
): Promise<Map<number, Looked | 'gone' | 'denied'>> {
  const startedAt = clock.monotonicMs()
  const before = new Map<number, ProcessLook>()
  for (const pid of pids) before.set(pid, await readFigures(pid))
  await clock.sleep(BETWEEN_LOOKS_MS)
  const looked = new Map<number, Looked | 'gone' | 'denied'>()
  for (const pid of pids) {
    const now = await readFigures(pid)
    looked.set(
      pid,
      typeof now === 'string'
        ? now
        : { figures: now, cpuPercent: busy(before.get(pid), now, clock.monotonicMs() - startedAt) },
    )
  }
  return looked
}

function busy(before: ProcessLook | undefined, now: ProcessFigures, elapsedMs: number): number | null {
  if (before === undefined || typeof before === 'string') return null
  if (before.cpuSeconds === null || now.cpuSeconds === null) return null
  return Math.max(0, Math.round(((now.cpuSeconds - before.cpuSeconds) / elapsedMs) * 1_000_000) / 10)
}

const figuresView = (looked: readonly Looked[]) => ({
  cpu_percent: sum(looked.map(({ cpuPercent }) => cpuPercent)),
  memory_rss_bytes: sum(looked.map(({ figures }) => figures.rssBytes)),
  memory_vms_bytes: sum(looked.map(({ figures }) => figures.vmsBytes)),
  num_threads: sum(looked.map(({ figures }) => figures.threads)),
  num_fds: sum(looked.map(({ figures }) => figures.openFiles)),
})

/** Of what is known; null when nothing is. */
const sum = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.round(known.reduce((total, value) => total + value, 0) * 10) / 10
}

function treeView(looked: ReadonlyMap<number, Looked | 'gone' | 'denied'>, pids: readonly number[]) {
  const there = [...looked.values()].filter((look) => typeof look === 'object')
  const alive = pids.filter((pid) => looked.get(pid) !== 'gone')
  return { processes: alive.length, ...figuresView(there), pids: alive.slice(0, MAX_LOOKED_AT) }
}
