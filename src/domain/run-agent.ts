/** What is kept of an agent at work, beside its run; and what its provider's refusals hold up. */
import type { HoldDraft } from './hold.ts'
import type { Seconds, TaskId } from './task.ts'
import { firstLine } from './text.ts'

/** Who is about to work. */
export interface AgentIdentity {
  readonly agent: string
  /** Whose limits it runs into. */
  readonly provider: string
  /** Its current folder. */
  readonly cwd: string
  /** Sessions are gone on with only where this is the same. */
  readonly fingerprint: string
  /** The run whose session it goes on in. */
  readonly resumedFrom: number | null
}

export interface TokenUsage {
  /** Tokens that were read, those from a cache included. */
  readonly input: number
  readonly cached: number
  readonly output: number
  /** US dollars, as the agent reckons; null when it does not. */
  readonly cost: number | null
  /** The part of the tokens that the cost does not cover; by default all of them without a cost, and none with one. */
  readonly unpriced?: TokenCounts
}

export type TokenCounts = Pick<TokenUsage, 'input' | 'cached' | 'output'>

/** Where the counters of a session stand that go on from run to run; those that an agent does not have are 0, or null. */
export interface SessionCounters extends TokenCounts {
  /** US dollars. */
  readonly cost?: number | null
}

/** What is known of an agent now. */
export interface RunAgentNews {
  readonly session: string | null
  readonly model: string | null
  /** Whether its model said or did anything. */
  readonly hasAnswered: boolean
  readonly lastTool: string | null
  readonly lastMessage: string | null
  readonly usage: TokenUsage
  /** Where the counters of its session stand, for an agent whose counters go on from run to run. */
  readonly sessionUsage?: SessionCounters | null
  /** The class of what went wrong last. */
  readonly problem: string | null
}

export interface RunAgent {
  readonly runId: number
  readonly taskId: TaskId
  readonly profile: string
  readonly agent: string
  readonly provider: string
  readonly host: string
  readonly cwd: string
  readonly fingerprint: string
  readonly resumedFrom: number | null
  readonly session: string | null
  readonly model: string | null
  readonly answeredAt: Seconds | null
  readonly lastTool: string | null
  readonly lastMessage: string | null
  readonly tokensIn: number
  readonly tokensCached: number
  readonly tokensOut: number
  /** Millionths of a US dollar. */
  readonly costMicros: number | null
  readonly problem: string | null
}

export interface AgentSession {
  readonly runId: number
  readonly session: string | null
  readonly agent: string
  readonly host: string
  readonly cwd: string
  readonly fingerprint: string
  readonly problem: string | null
  readonly answeredAt: Seconds | null
  /** Where the session's own counters stood; null when they begin anew in each run. */
  readonly counted: SessionCounters | null
  readonly outcome: string | null
  readonly endedAt: Seconds | null
}

/** Endings after which a conversation is worth going on with: somebody answered, or nobody was to blame. */
const WORTH_RESUMING: ReadonlySet<string> = new Set([
  'blocked',
  'review',
  'stopped',
  'reclaimed',
  'rate_limited',
  'misconfigured',
  'timed_out',
])

/** The session to go on in, or null to begin anew. */
export const resumable = (
  last: AgentSession | undefined,
  { agent, cwd, fingerprint, host }: Pick<AgentIdentity, 'agent' | 'cwd' | 'fingerprint'> & { host: string },
): {
  readonly runId: number
  readonly session: string
  readonly since: Seconds
  readonly counted: SessionCounters | null
} | null =>
  last?.session != null &&
  last.answeredAt !== null &&
  last.problem !== 'context' &&
  last.agent === agent &&
  last.cwd === cwd &&
  last.host === host &&
  last.fingerprint === fingerprint &&
  WORTH_RESUMING.has(last.outcome ?? '')
    ? { runId: last.runId, session: last.session, since: last.endedAt ?? 0, counted: last.counted }
    : null

/** What keeps the agent of a run from working, as its runner understood it. */
export interface AgentProblem {
  readonly class: 'quota' | 'credential' | 'model'
  readonly provider: string
  readonly message: string
  /** When the provider may be asked again, as it said. */
  readonly retryAt: Seconds | null
}

const FIRST_WAIT = { quota: 30, credential: 600, model: 600 } as const
const LONGEST_WAIT = { quota: 3600, credential: 6 * 3600, model: 6 * 3600 } as const
/** A hint of the provider is believed up to a week: its weekly limits last as long. */
const LONGEST_HINT = 7 * 86_400

/**
 * The one hold that keeps everybody else from finding out the same. `before`: how many runs in a row ended like this one.
 * When its time is up one run at a time may try; the first that is answered lifts it.
 */
export function holdFor(
  problem: AgentProblem,
  { profile, before, now }: { readonly profile: string; readonly before: number; readonly now: Seconds },
): HoldDraft {
  const wait = Math.min(LONGEST_WAIT[problem.class], FIRST_WAIT[problem.class] * 2 ** Math.min(before, 20))
  const hinted = problem.retryAt !== null && problem.retryAt > now ? problem.retryAt : null
  const until = Math.min(hinted ?? now + wait, now + LONGEST_HINT)
  const said = firstLine(problem.message, 300) ?? problem.class
  switch (problem.class) {
    case 'quota':
      return {
        scope: 'provider',
        target: problem.provider,
        kind: 'cooldown',
        reason: `its limit is reached: ${said}`,
        until,
      }
    case 'credential':
      return {
        scope: 'profile',
        target: profile,
        kind: 'preflight',
        reason: `its login or key is not accepted: ${said}`,
        until,
      }
    case 'model':
      return {
        scope: 'profile',
        target: profile,
        kind: 'preflight',
        reason: `its model cannot be used: ${said}`,
        until,
      }
  }
}
