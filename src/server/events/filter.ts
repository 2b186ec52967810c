/** Which events a client wants to hear of. */
import type { Card } from '../../domain/card.ts'
import type { BoardEvent } from '../../domain/event.ts'

export interface EventFilter {
  readonly task: string | null
  readonly run: number | null
  readonly kinds: readonly string[] | null
  readonly tenant: string | null
  readonly assignee: string | null
}

/** Clients that want the same are sent the same bytes. */
export const filterKey = (filter: EventFilter): string => JSON.stringify(filter)

export interface Wanted {
  readonly events: readonly BoardEvent[]
  /** The cards that a client with this filter draws. */
  readonly cards: readonly Card[]
}

/**
 * What is left of a batch. A card's tenant and assignee are those it has now; what concerns no card, for example a pause of
 * the whole board, concerns everybody who did not ask for one card.
 */
export function applyFilter(filter: EventFilter, { events, cards }: Wanted): Wanted {
  if (isOpen(filter)) return { events, cards }
  const byId = new Map(cards.map((card) => [card.id, card]))
  const isMine = (card: Card): boolean =>
    (filter.task === null || card.id === filter.task) &&
    (filter.tenant === null || card.tenant === filter.tenant) &&
    (filter.assignee === null || card.assignee === filter.assignee)
  const kept = events.filter((event) => {
    if (filter.kinds !== null && !filter.kinds.includes(event.kind)) return false
    if (filter.run !== null && event.runId !== filter.run) return false
    if (event.taskId === null) return filter.task === null && filter.run === null
    const card = byId.get(event.taskId)
    return card !== undefined && isMine(card)
  })
  return { events: kept, cards: kept.length === 0 ? [] : cards.filter(isMine) }
}

const isOpen = (filter: EventFilter): boolean => Object.values(filter).every((value) => value === null)
