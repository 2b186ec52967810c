/** From what was seen of a worker's end to what the board is told. */
import type { RunEnding, RunEvidence } from '../domain/run.ts'
import type { StartFailure } from './start-failure.ts'
import type { AgentWords } from './drivers/driver.ts'
import type { RunSpec } from './run-spec.ts'

/** Why the runner ended the worker; the worker's own ending has none. */
export type StopCause =
  | { readonly kind: 'asked'; readonly reason: string }
  | { readonly kind: 'runtime' | 'silence'; readonly limitSeconds: number }
  | { readonly kind: 'reported' }
  | { readonly kind: 'runner_told' }
  | { readonly kind: 'lease_lost' }
  /** The conversation with an agent is over, by itself or too early; its program was not needed any more. */
  | { readonly kind: 'over'; readonly failure: string | null }
  /** An agent's provider will not serve it. */
  | { readonly kind: 'hopeless' }

export interface SeenEnding {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly killed: boolean
  readonly cause: StopCause | null
  readonly elapsedSeconds: number
  readonly lastLines: string
  /** What an agent said of its end. */
  readonly words?: AgentWords | null
}

export function classifyEnding({ verdict }: Pick<RunSpec, 'verdict'>, seen: SeenEnding): RunEnding {
  const { cause } = seen
  const evidence: RunEvidence = {
    exitCode: seen.exitCode,
    signal: seen.signal,
    limit: cause?.kind === 'runtime' || cause?.kind === 'silence' ? cause.kind : null,
    lastLines: seen.lastLines || null,
    elapsedSeconds: seen.elapsedSeconds,
    killed: seen.killed,
  }
  switch (cause?.kind) {
    case 'asked':
      return { outcome: 'stopped', error: cause.reason, evidence }
    case 'runtime':
      return {
        outcome: 'timed_out',
        error: `it ran longer than its limit of ${cause.limitSeconds} s`,
        evidence,
      }
    case 'silence':
      return { outcome: 'stalled', error: `nothing was heard from it for ${cause.limitSeconds} s`, evidence }
    case 'runner_told':
      return { outcome: 'reclaimed', error: 'its runner was told to end', evidence }
    case 'lease_lost':
      return { outcome: 'reclaimed', error: 'its lease could not be renewed', evidence }
    case 'over':
      return afterConversation(cause.failure, seen, evidence)
    // Its verdict stands; what follows is the evidence of a worker that was slow to leave.
    case 'reported':
    case 'hopeless':
    case undefined:
      return byItself(verdict, seen, evidence)
  }
}

function afterConversation(failure: string | null, seen: SeenEnding, evidence: RunEvidence): RunEnding {
  const { words } = seen
  if (words?.problem != null) return byItself('report', seen, evidence)
  return failure === null
    ? {
        outcome: 'no_verdict',
        error: withReason('it stopped without saying how the work went', words),
        evidence,
      }
    : { outcome: 'crashed', error: withReason(failure, words), evidence }
}

function byItself(
  verdict: RunSpec['verdict'],
  { exitCode, signal, lastLines, words }: SeenEnding,
  evidence: RunEvidence,
): RunEnding {
  const problem = words?.problem ?? null
  if (problem !== null)
    return {
      outcome: problem.class === 'quota' ? 'rate_limited' : 'misconfigured',
      error: words?.error ?? problem.message,
      problem,
      evidence,
    }
  if (exitCode === 0 && verdict === 'exit-code')
    return {
      outcome: 'completed',
      error: null,
      result: lastLines || null,
      summary: lastLines || 'exit 0, no output',
      evidence,
    }
  if (exitCode === 0)
    return {
      outcome: 'no_verdict',
      error: withReason('it exited 0 without saying how the work went', words),
      evidence,
    }
  return {
    outcome: 'crashed',
    error: withReason(
      exitCode === null
        ? `it was ended by ${signal ?? 'an unknown signal'}`
        : `it exited with code ${exitCode}`,
      words,
    ),
    evidence,
  }
}

const withReason = (fact: string, words: AgentWords | null | undefined): string =>
  words?.error == null ? fact : `${fact}; ${words.error}`

export function startFailureEnding(failure: StartFailure): RunEnding {
  return {
    outcome: 'spawn_failed',
    error: failure.message,
    evidence: {
      exitCode: null,
      signal: null,
      limit: null,
      lastLines: null,
      elapsedSeconds: 0,
      killed: false,
    },
  }
}
