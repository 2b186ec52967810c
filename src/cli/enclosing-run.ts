/**
 * Whether this command was started inside a worker. A worker may report on its own run and nothing else; so may
 * everything it starts. The variable that says so can be dropped on the way, but not out of the parents' environments.
 */
import { readFileSync, statSync } from 'node:fs'
import { denied } from '../domain/errors.ts'
import type { RunCapability } from '../domain/actor.ts'
import { parentsOf } from '../lib/parents.ts'

export interface EnclosingRun {
  readonly runId: number
  readonly taskId: string | null
  /** The profile it works for. */
  readonly profile: string | null
  /** The private file that proves that a command speaks for the run; null when the run was given none. */
  readonly capabilityFile: string | null
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * The run this process belongs to, by its own environment or that of any process above it; null when there is none.
 * Of several the outermost counts: what is nested in a worker cannot make itself another one.
 */
export function findEnclosingRun(
  env: Env,
  { isTestHome }: { readonly isTestHome: boolean },
  ancestors: Iterable<Env> = environmentsAbove(process.pid),
): EnclosingRun | null {
  const all = [env, ...ancestors]
  // A home for tests holds no real work, so the runs of real boards around the tests do not count there.
  const chain = isTestHome ? all.filter((each) => each['YARD_TEST'] === '1') : all
  const run = chain.findLast((each) => runIdOf(each) !== null)
  const runId = run === undefined ? null : runIdOf(run)
  if (run === undefined || runId === null) return null
  return {
    runId,
    taskId: run['YARD_TASK'] ?? null,
    profile: run['YARD_PROFILE'] ?? null,
    capabilityFile: chain.find((each) => each['YARD_CAPABILITY_FILE'])?.['YARD_CAPABILITY_FILE'] ?? null,
  }
}

/** By the variable workers are told about, or by the mark all processes of a run carry: `<board>:<run>`. */
function runIdOf(env: Env): number | null {
  const text = env['YARD_RUN'] || env['YARD_RUN_MARKER']?.split(':').at(-1)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

/** What may be said in the name of the run. Throws a refusal when this process was not given the right to. */
export function readCapability({ runId, taskId, capabilityFile }: EnclosingRun): RunCapability {
  const owner = `run ${runId}${taskId === null ? '' : ` of ${taskId}`}`
  const refuse = (fact: string) =>
    denied(
      'inside_worker',
      `This shell belongs to ${owner}, and only the run's own worker reports on it: ${fact}. Reading is allowed; to change the board, use a shell outside of the worker.`,
      { run: runId, task: taskId },
    )
  if (capabilityFile === null) throw refuse('this worker was not given a way to report by the command line')
  const capability = readPrivate(capabilityFile)
  if (capability === null) throw refuse(`the proof in ${capabilityFile} cannot be read, or is not private`)
  if (capability.runId !== runId) throw refuse(`${capabilityFile} is the proof of run ${capability.runId}`)
  return capability
}

function readPrivate(path: string): RunCapability | null {
  try {
    const { mode, uid } = statSync(path)
    if ((mode & 0o077) !== 0 || (process.getuid !== undefined && uid !== process.getuid())) return null
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as { run_id?: unknown; secret?: unknown }
    return typeof parsed.run_id === 'number' && typeof parsed.secret === 'string'
      ? { runId: parsed.run_id, secret: parsed.secret }
      : null
  } catch {
    return null
  }
}

/** The environments with which the processes above were started, the nearest first. Where the system does not tell, none. */
export function* environmentsAbove(pid: number): Iterable<Env> {
  for (const parent of parentsOf(pid)) {
    const env = environmentOf(parent)
    if (env !== null) yield env
  }
}

/** Null for processes of other users. */
function environmentOf(pid: number): Env | null {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return Object.fromEntries(
      entries.map((entry) => [
        entry.slice(0, Math.max(0, entry.indexOf('='))),
        entry.slice(entry.indexOf('=') + 1),
      ]),
    )
  } catch {
    return null
  }
}
