/** A task as the board shows it: without its texts, with what stands around it. */
import type { HoldKind } from './hold.ts'
import type { Seconds, Task, TaskStatus } from './task.ts'

/** What a card shows beside the task itself. */
export interface Badges {
  readonly parents: number
  readonly children: number
  readonly childrenDone: number
  readonly comments: number
}

export interface Card extends Pick<
  Task,
  | 'id'
  | 'title'
  | 'assignee'
  | 'status'
  | 'priority'
  | 'tenant'
  | 'createdAt'
  | 'startedAt'
  | 'completedAt'
  | 'lastHeartbeatAt'
  | 'currentRunId'
> {
  readonly badges: Badges
  /** The first thing written down that holds it back. */
  readonly hold: { readonly kind: HoldKind; readonly reason: string; readonly until: Seconds | null } | null
}

/** Where a column goes on: after this card, in the order of the board. */
export type CardPlace = Pick<Task, 'priority' | 'createdAt' | 'id'>

/** What stands around the columns. */
export interface BoardFrame {
  readonly tenants: readonly string[]
  readonly assignees: readonly string[]
  readonly latestEventId: number
  readonly now: Seconds
}

export interface CardColumn {
  readonly status: TaskStatus
  readonly cards: readonly Card[]
  /** All cards of the column. */
  readonly count: number
  /** Null at the end of the column. */
  readonly next: CardPlace | null
}
