/** What happened, in the order it happened. Ids only grow; a reader keeps its own cursor. */
import type { Seconds, Task, TaskId } from './task.ts'

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

/** Whose a card is: what a board can be narrowed to. */
export type Belonging = Pick<Task, 'assignee' | 'tenant'>

/** Says who had the card before as well, so that whoever follows the cards of that one learns that it has left. */
export const assignedEvent = ({ assignee: from }: Belonging, assignee: string | null): EventDraft => ({
  kind: 'assigned',
  payload: { assignee, from },
})

/** Says what the tenant was, for the same reason. */
export const editedEvent = ({ tenant }: Belonging, fields: readonly string[]): EventDraft => ({
  kind: 'edited',
  payload: fields.includes('tenant') ? { fields, from: { tenant } } : { fields },
})

/** Whose the card was before the event, from whose it was after. Older boards do not tell: there it was the same. */
export function belongedBefore(
  { kind, payload: { from } }: Pick<BoardEvent, 'kind' | 'payload'>,
  after: Belonging,
): Belonging {
  if (from === undefined) return after
  if (kind === 'assigned') return { ...after, assignee: nameIn(from) }
  if (kind === 'edited' && typeof from === 'object' && from !== null && 'tenant' in from)
    return { ...after, tenant: nameIn(from.tenant) }
  return after
}

const nameIn = (value: unknown): string | null => (typeof value === 'string' ? value : null)
