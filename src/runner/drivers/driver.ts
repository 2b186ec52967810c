/**
 * What drives an agent through its run. There is one implementation for each way of talking to a program: `one-shot.ts`
 * starts it once per turn, `live.ts` keeps one process and talks to it on its standard streams.
 */
import type { AgentTask } from '../../agents/agent.ts'
import type { RunCapability } from '../../domain/actor.ts'
import type { AgentProblem } from '../../domain/run-agent.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Clock } from '../../lib/clock.ts'
import type { OutputStream } from '../run-log.ts'
import type { RunSpec } from '../run-spec.ts'
import type { SecretMask } from '../secret-mask.ts'
import type { RunTools } from '../serve-tools.ts'
import type { OPEN_STDIN } from '../worker-stdio.ts'

/** One start of the agent's program. */
export interface Turn {
  readonly argv: readonly [string, ...string[]]
  /** Null: it reads an end of file at once. */
  readonly stdin: string | typeof OPEN_STDIN | null
  readonly env: Readonly<Record<string, string>>
}

/** What the agent's own words add to an ending. */
export interface AgentWords {
  /** One sentence; null when nothing went wrong that it knows of. */
  readonly error: string | null
  /** What everybody would run into who uses the same provider or profile. */
  readonly problem: AgentProblem | null
  readonly lastWords: string
}

export interface AgentRunOptions {
  readonly spec: RunSpec
  readonly task: AgentTask
  /** Null for an agent that reports by the command line. */
  readonly tools: RunTools | null
  readonly kernel: Kernel
  readonly capability: RunCapability
  readonly clock: Clock
  readonly mask: SecretMask
  /** The environment of the worker as far as it does not depend on the agent. */
  readonly env: Readonly<Record<string, string>>
  /** Nothing good can come of this turn any more. */
  readonly onHopeless: () => void
}

/** The program while it runs, for a driver that talks to it. */
export interface AgentProcess {
  /** Nothing happens when it has ended. */
  write(text: string): void
  /** It reads an end of file. */
  closeInput(): void
  /** The conversation is over: the program ends by itself, or is ended. `failure` says why it is over too early, in words. */
  over(failure: string | null): void
}

export interface AgentDriver extends AsyncDisposable {
  /** The first start. */
  first(): Promise<Turn>
  /** A turn's program has been started. */
  started(process: AgentProcess): void
  /** There are comments that it has not heard of. */
  mail(): void
  /** What the agent printed. */
  take(stream: OutputStream, chunk: Buffer): void
  /** The program is about to be ended: what can still be said to it is said. Resolves when it has had its chance. */
  stopping(): Promise<void>
  /** After a program that ended by itself: the next start, or null when this was the last. */
  next(exitCode: number | null): Promise<Turn | null>
  /** After the last turn, however it ended: what is known of it. */
  end(): Promise<AgentWords>
}
