/** A run: one attempt at a task, from claim to ending. It ends exactly once. */
import type { AgentProblem } from './run-agent.ts'
import type { Seconds, TaskId } from './task.ts'

/** How a run can end. */
export const RUN_OUTCOMES = [
  /** The worker reported success, or a shell script exited 0. */
  'completed',
  /** The worker asked for a person or a peer. */
  'blocked',
  /** The worker handed over for a second pair of eyes. */
  'review',
  /** The worker's process is gone without a verdict: a non-zero exit, or a signal that was not ours. */
  'crashed',
  /** The worker exited 0 but never said how the work went. */
  'no_verdict',
  /** The run's time limit was reached. */
  'timed_out',
  /** Nothing was heard from the worker for longer than its silence limit. */
  'stalled',
  /** The worker could not be started. */
  'spawn_failed',
  /** Used by boards that were made elsewhere: the card was given up with this run. */
  'gave_up',
  /** The claim was taken back without fault of the worker: expired by hand, archived, host rebooted, paused at the start. */
  'reclaimed',
  /** A person stopped it. */
  'stopped',
  /** The agent's provider has had enough for now; everybody who uses it waits. */
  'rate_limited',
  /** The agent's login, key or model was not accepted: a person must repair it. */
  'misconfigured',
] as const
export type RunOutcome = (typeof RUN_OUTCOMES)[number]

export interface Run {
  readonly id: number
  readonly taskId: TaskId
  readonly profile: string | null
  readonly stepKey: string | null
  /** `running` while open, then the outcome. */
  readonly status: string
  readonly claimLock: string | null
  readonly claimExpires: Seconds | null
  readonly workerPid: number | null
  readonly maxRuntimeSeconds: number | null
  readonly lastHeartbeatAt: Seconds | null
  readonly startedAt: Seconds
  readonly endedAt: Seconds | null
  readonly outcome: RunOutcome | null
  readonly summary: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly error: string | null
}

/** What says which process this is, for good: a pid alone is recycled. */
export interface ProcessIdentity {
  /** Identifies one boot of one machine's kernel. */
  readonly bootId: string
  readonly pid: number
  /** Start time as the kernel counts it (Linux: clock ticks since boot), as text so that no platform's format is lost. */
  readonly startTime: string
}

export const RUN_PHASES = ['launching', 'starting', 'running', 'gone'] as const
/**
 * How far the processes of a run are:
 * `launching` claimed, its runner not yet registered · `starting` runner registered, worker not yet started ·
 * `running` worker started · `gone` the whole tree is proven gone, so the card's next run may open.
 */
export type RunPhase = (typeof RUN_PHASES)[number]

/** The operating-system side of a run that a dispatcher opened. */
export interface RunProcess {
  readonly runId: number
  readonly taskId: TaskId
  readonly host: string
  readonly phase: RunPhase
  readonly runner: ProcessIdentity | null
  readonly worker: ProcessIdentity | null
  readonly logPath: string | null
  readonly goneAt: Seconds | null
}

/** The evidence an ended run leaves, as its runner saw it. */
export interface RunEvidence {
  readonly exitCode: number | null
  readonly signal: string | null
  /** Which limit ended it, if one did. */
  readonly limit: 'runtime' | 'silence' | null
  /** The last lines of its output, masked, at most a few KB. */
  readonly lastLines: string | null
  readonly elapsedSeconds: number | null
  /** The worker did not yield to TERM and had to be killed. */
  readonly killed: boolean
}

/** Of a run that nobody watched. */
export const NOTHING_SEEN: RunEvidence = {
  exitCode: null,
  signal: null,
  limit: null,
  lastLines: null,
  elapsedSeconds: null,
  killed: false,
}

/** How a runner (or a dispatcher on its behalf) says a run ended. */
export interface RunEnding {
  readonly outcome: Extract<
    RunOutcome,
    | 'completed'
    | 'crashed'
    | 'no_verdict'
    | 'timed_out'
    | 'stalled'
    | 'spawn_failed'
    | 'reclaimed'
    | 'stopped'
    | 'rate_limited'
    | 'misconfigured'
  >
  /** One sentence with the fact; null when it went well. */
  readonly error: string | null
  /** For `completed`: what the worker left as its result. */
  readonly result?: string | null
  readonly summary?: string | null
  readonly evidence: RunEvidence
  /** For `rate_limited` and `misconfigured`: what everybody else would run into too. */
  readonly problem?: AgentProblem
}

/** A request to end an open run, and what becomes of the card once its processes are gone. */
export interface StopRequest {
  readonly runId: number
  readonly requestedAt: Seconds
  readonly actor: string
  readonly door: string
  readonly reason: string
  readonly after: AfterStop
}

/** Where a stopped card goes. */
export type AfterStop =
  | { readonly kind: 'hold' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'block'; readonly reason: string | null }
  | { readonly kind: 'archive' }
  | { readonly kind: 'assign'; readonly assignee: string | null }
  | {
      readonly kind: 'complete'
      readonly result: string | null
      readonly summary: string | null
      readonly metadata: Readonly<Record<string, unknown>> | null
    }
