/** A conversation with one living process, whatever protocol it speaks. */
import type { StreamItem } from '../../agents/output/stream-item.ts'

export interface ConversationEvents {
  /** A line for the program's standard input. */
  readonly send: (line: string) => void
  /** The agent did something. */
  readonly heard: (items: readonly StreamItem[]) => void
  /** A turn is over, and the agent begins another one by itself. */
  readonly again: () => void
}

/** How the agent ended a turn: `stopped` by itself, or because it was asked to; or it `failed`, and what was heard says why. */
export type TurnEnd = 'stopped' | 'cancelled' | 'failed'

/** Calls come one after the other, except `receive`, `cancel` and `closed`. Each rejects once the program has ended. */
export interface Conversation {
  /** Gets as far as a session: the given one where the agent still has it, else a new one. True when it goes on in the given one. */
  open(session: string | null): Promise<boolean>
  /** Begins a new session in the same process. Left out where that takes a new process. */
  renew?(): Promise<void>
  /** One turn, to its end. */
  prompt(text: string): Promise<TurnEnd>
  /** What the program printed on its standard output. */
  receive(chunk: Buffer): void
  /** Says something while a turn is under way; true once the agent has taken it in, false when it never will. Left out where the agent takes nothing in a turn. */
  interject?(text: string): Promise<boolean>
  /** Asks the agent to end its turn. */
  cancel(): void
  /** The program has ended. */
  closed(): void
}

/** The conversation cannot go on; the message is for people. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError'
}
