/** What a decision returns: everything one transaction is to write about one card. Only `apply` in the kernel carries it out. */
import type { EventDraft } from './event.ts'
import type { HoldDraft, HoldKind } from './hold.ts'
import type { RunEvidence, RunOutcome } from './run.ts'
import type { Seconds, Task, TaskStatus } from './task.ts'
import type { Verb } from './transitions.ts'

/** Columns a change may set beside the status; absent means untouched. */
export type TaskFields = {
  -readonly [K in Exclude<keyof Task, 'id' | 'status' | 'createdAt' | 'currentRunId'>]?: Task[K]
}

export interface DispatchedRun {
  readonly host: string
  readonly bootId: string
  readonly secretHash: string
  /** Where the run's log is put. */
  readonly logFolder: string
}

export interface RunOpening {
  readonly profile: string | null
  readonly claimLock: string
  readonly claimExpires: Seconds
  readonly maxRuntimeSeconds: number | null
  /** Set when a dispatcher opens it: the run is charged and has processes to prove gone. */
  readonly dispatched: DispatchedRun | null
}

export interface RunClosing {
  readonly outcome: RunOutcome
  readonly summary?: string | null
  readonly metadata?: Readonly<Record<string, unknown>> | null
  readonly error?: string | null
  readonly evidence?: RunEvidence | null
}

export const LEDGER_KINDS = ['charge', 'refund', 'grant'] as const
export type LedgerKind = (typeof LEDGER_KINDS)[number]

/** A row of the attempt ledger, which only grows. */
export interface LedgerDraft {
  readonly kind: LedgerKind
  readonly amount: number
  readonly reason: string
}

export interface Change {
  readonly task: Task
  /** The move through the transition table; null when the status stays. */
  readonly move: { readonly verb: Verb; readonly to: TaskStatus } | null
  readonly set?: TaskFields
  readonly openRun?: RunOpening
  /** Ends the open run, or records a run of no length when none is open and there is a handoff to keep. */
  readonly closeRun?: RunClosing
  readonly events: readonly EventDraft[]
  readonly openHolds?: readonly HoldDraft[]
  /** Kinds of holds on this card that this change lifts. */
  readonly liftHolds?: readonly HoldKind[]
  readonly ledger?: readonly LedgerDraft[]
}

export const change = (task: Task, move: Change['move'], rest: Omit<Change, 'task' | 'move'>): Change => ({
  task,
  move,
  ...rest,
})

export interface LedgerTotals {
  readonly charged: number
  readonly refunded: number
  readonly granted: number
}
