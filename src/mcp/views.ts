/** The JSON that tools answer with: short, and bounded whatever the board holds. */
import type { Task } from '../domain/task.ts'

/** A card in a list, or beside another one. */
export const cardLine = ({ id, title, status, assignee, priority, tenant }: Task) => ({
  id,
  title,
  status,
  assignee,
  priority,
  tenant,
})

interface Linked {
  readonly id: string
  readonly title: string
  readonly status: string
}

/** Links of a card; of very many the first. */
const MOST_LINKS = 50

export const linkLines = (links: readonly Linked[]) => ({
  count: links.length,
  cards: links.slice(0, MOST_LINKS).map(({ id, title, status }) => ({ id, title, status })),
})

export const fileLine = (file: {
  readonly id: number
  readonly name: string
  readonly size: number
  readonly digest: string
  readonly mime: string | null
}) => ({ id: file.id, name: file.name, size: file.size, digest: file.digest, mime: file.mime })
