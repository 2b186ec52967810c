/** Looking for cards by the words in them. */
import type { Excerpt } from './excerpt.ts'
import type { Seconds, TaskId, TaskStatus } from './task.ts'

export interface FoundCard {
  readonly id: TaskId
  readonly title: string
  readonly status: TaskStatus
  readonly assignee: string | null
  readonly tenant: string | null
  readonly priority: number
  readonly createdAt: Seconds
  readonly completedAt: Seconds | null
}

/** Where words of a card were found, beside its title. A run's summary has its run, a comment its author and number. */
export type FoundPlace =
  | { readonly kind: 'body' }
  | { readonly kind: 'result' }
  | { readonly kind: 'summary'; readonly runId: number; readonly author: string | null; readonly at: Seconds }
  | { readonly kind: 'comment'; readonly commentId: number; readonly author: string; readonly at: Seconds }

export interface Hit {
  readonly place: FoundPlace
  readonly excerpt: Excerpt
}

export interface SearchResult {
  readonly card: FoundCard
  /** The title as an excerpt, whole. */
  readonly title: Excerpt
  /** Beside the title, where it was found: the body before what was said later. */
  readonly hits: readonly Hit[]
}

export interface SearchPage {
  readonly results: readonly SearchResult[]
  /** Gives the next page; null after the last one. */
  readonly next: string | null
}

/**
 * How well a card matches: all words in the title, all in title and body, or some in what was said on it. Cards of a better
 * tier come first, the newest first within one.
 */
export const TIERS = ['title', 'card', 'said'] as const
export type Tier = (typeof TIERS)[number]
