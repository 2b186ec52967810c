/** Holds and reasons: a card that is not running says why, since when, and which verb lifts it. */
import type { Seconds, TaskId } from './task.ts'

/** What a stored hold can be. Dependency and capacity are never stored: they are read off the board. */
export const HOLD_KINDS = ['human', 'approval', 'time', 'cooldown', 'breaker', 'preflight', 'pause'] as const
export type HoldKind = (typeof HOLD_KINDS)[number]

export const HOLD_SCOPES = ['task', 'profile', 'provider', 'board'] as const
export type HoldScope = (typeof HOLD_SCOPES)[number]

/** The target of a hold on the whole board. */
export const BOARD_TARGET = '*'

export interface Hold {
  readonly id: number
  readonly scope: HoldScope
  /** A task id, the name of a profile or of a provider, or `*`. */
  readonly target: string
  readonly kind: HoldKind
  readonly reason: string
  readonly actor: string
  readonly since: Seconds
  /** When it ends by itself; null when only a verb ends it. */
  readonly until: Seconds | null
  readonly liftedAt: Seconds | null
  readonly liftedBy: string | null
}

export interface HoldDraft {
  readonly scope: HoldScope
  readonly target: string
  readonly kind: HoldKind
  readonly reason: string
  readonly until?: Seconds | null
}

/** Whether a hold still holds at this moment. */
export const isHolding = (hold: Pick<Hold, 'liftedAt' | 'until'>, now: Seconds): boolean =>
  hold.liftedAt === null && (hold.until === null || hold.until > now)

/** Also what is read off the board whenever somebody asks. */
export const REASON_KINDS = [
  ...HOLD_KINDS,
  'dependency',
  'capacity',
  'budget',
  'status',
  'unassigned',
  'stopping',
  'no_dispatcher',
] as const
export type ReasonKind = (typeof REASON_KINDS)[number]

/** One answer to "why is this card not running". */
export interface Reason {
  readonly kind: ReasonKind
  /** One sentence. */
  readonly text: string
  /** Who or what it waits for. */
  readonly owner: string | null
  readonly since: Seconds | null
  readonly until: Seconds | null
  /** The command that lifts it, or null when only time or another card does. */
  readonly lift: string | null
  readonly blockedBy?: readonly TaskId[]
}

/** A reason from what is known of it. */
export const reason = (
  kind: ReasonKind,
  text: string,
  rest: Partial<Omit<Reason, 'kind' | 'text'>> = {},
): Reason => ({ kind, text, owner: null, since: null, until: null, lift: null, ...rest })
