/** Found cards as the outside sees them. */
import type { Excerpt } from '../domain/excerpt.ts'
import type { FoundPlace, SearchResult } from '../domain/search.ts'

export const searchResultView = ({ card, title, hits }: SearchResult) => ({
  task: {
    id: card.id,
    title: card.title,
    status: card.status,
    assignee: card.assignee,
    tenant: card.tenant,
    priority: card.priority,
    created_at: card.createdAt,
    completed_at: card.completedAt,
  },
  title: excerptView(title),
  hits: hits.map(({ place, excerpt }) => ({ ...placeView(place), ...excerptView(excerpt) })),
})

const excerptView = ({ text, marks }: Excerpt) => ({
  text,
  marks: marks.map(([start, end]) => ({ start, end })),
})

const placeView = (place: FoundPlace) => {
  switch (place.kind) {
    case 'body':
    case 'result':
      return { in: place.kind }
    case 'summary':
      return { in: place.kind, author: place.author, run_id: place.runId, at: place.at }
    case 'comment':
      return { in: place.kind, author: place.author, comment_id: place.commentId, at: place.at }
  }
}
