/** What happened, in the order it happened. Ids only grow; a reader keeps its own cursor. */
import type { Seconds, TaskId } from './task.ts'

export const EVENT_KINDS = [
  // lifecycle
  'created',
  'promoted',
  'claimed',
  'completed',
  'blocked',
  'unblocked',
  'archived',
  'linked',
  'unlinked',
  'commented',
  'delivered',
  // edits
  'assigned',
  'edited',
  'reprioritized',
  'status',
  // worker
  'spawned',
  'heartbeat',
  'reclaimed',
  'crashed',
  'timed_out',
  'spawn_failed',
  'gave_up',
  'protocol_violation',
  // ours
  'waiting',
  'stalled',
  'stopped',
  'stop_requested',
  'review_requested',
  'sent_back',
  'restored',
  'released',
  'granted',
  'paused',
  'resumed',
  'late_report',
  'attached',
  'detached',
  'budget_set',
  'budget_removed',
  'budget_granted',
  'budget_near',
  'budget_reached',
  'help_requested',
  'proposed',
  'accepted',
  'rejected',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

export interface BoardEvent {
  readonly id: number
  /** Null for what concerns a profile or the whole board. */
  readonly taskId: TaskId | null
  readonly runId: number | null
  readonly kind: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly createdAt: Seconds
  /** Who did it: a person's name, a profile, or the rule that acted. Null on boards made elsewhere. */
  readonly actor: string | null
  readonly door: string | null
}

/** An event before it is written. */
export interface EventDraft {
  readonly kind: EventKind
  readonly payload?: Readonly<Record<string, unknown>>
}
