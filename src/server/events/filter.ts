/** Which events a client wants to hear of. */
import type { Card } from '../../domain/card.ts'
import { belongedBefore, type Belonging, type BoardEvent } from '../../domain/event.ts'

export interface EventFilter {
  readonly task: string | null
  readonly run: number | null
  readonly kinds: readonly string[] | null
  readonly tenant: string | null
  readonly assignee: string | null
}

/** Clients that want the same are sent the same bytes. */
export const filterKey = (filter: EventFilter): string => JSON.stringify(filter)

interface Batch {
  readonly events: readonly BoardEvent[]
  readonly cards: readonly Card[]
}

export interface Wanted extends Batch {
  /** Ids of cards that a client with this filter may draw, and no longer should. */
  readonly left: readonly string[]
}

/**
 * What is left of a batch: what concerns the cards that are the client's now, or were before an event of the batch. What
 * concerns no card, for example a pause of the whole board, concerns everybody who did not ask for one card.
 */
export function applyFilter(filter: EventFilter, batch: Batch): Wanted {
  if (isOpen(filter)) return { ...batch, left: [] }
  const { tenant, assignee } = filter
  const isMine = (card: Belonging): boolean =>
    (tenant === null || card.tenant === tenant) && (assignee === null || card.assignee === assignee)
  const cards = new Map(
    batch.cards.filter(({ id }) => filter.task === null || id === filter.task).map((card) => [card.id, card]),
  )
  const left = new Set<string>()
  const belonged = new Map<string, Belonging>()
  /** Asked from the last event to the first, because whose a card was is told from whose it is. */
  const concernsMine = (event: BoardEvent): boolean => {
    const card = cards.get(event.taskId ?? '')
    if (card === undefined) return event.taskId === null && filter.task === null && filter.run === null
    const after = belonged.get(card.id) ?? card
    const before = belongedBefore(event, after)
    belonged.set(card.id, before)
    if (isMine(card)) return true
    if (!isMine(after) && !isMine(before)) return false
    left.add(card.id)
    return true
  }
  const events = batch.events
    .toReversed()
    .filter(concernsMine)
    .filter(({ kind }) => filter.kinds === null || filter.kinds.includes(kind))
    .filter(({ runId }) => filter.run === null || runId === filter.run)
    .toReversed()
  if (events.length === 0) return { events, cards: [], left: [] }
  return { events, cards: [...cards.values()].filter(isMine), left: [...left] }
}

const isOpen = (filter: EventFilter): boolean => Object.values(filter).every((value) => value === null)
