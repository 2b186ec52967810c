/** The board and its cards in the names that cross a boundary. */
import type { Badges, BoardFrame, Card, CardColumn, CardPlace } from '../domain/card.ts'
import { invalid } from '../domain/errors.ts'
import type { Seconds, Task } from '../domain/task.ts'
import { taskView } from './views.ts'

const badgesView = ({ parents, children, childrenDone, comments }: Badges) => ({
  link_counts: { parents, children },
  comment_count: comments,
  progress: children === 0 ? null : { done: childrenDone, total: children },
})

const boardTaskView = (task: Task, badges: Badges, now: Seconds) => ({
  ...taskView(task),
  ...badgesView(badges),
  age: {
    created: now - task.createdAt,
    started: task.startedAt === null ? null : now - task.startedAt,
    time_to_complete:
      task.completedAt === null ? null : task.completedAt - (task.startedAt ?? task.createdAt),
  },
})

export const cardView = (card: Card) => ({
  id: card.id,
  title: card.title,
  assignee: card.assignee,
  status: card.status,
  priority: card.priority,
  tenant: card.tenant,
  created_at: card.createdAt,
  started_at: card.startedAt,
  completed_at: card.completedAt,
  last_heartbeat_at: card.lastHeartbeatAt,
  current_run_id: card.currentRunId,
  ...badgesView(card.badges),
  hold: card.hold,
})

const frameView = (frame: BoardFrame) => ({
  tenants: frame.tenants,
  assignees: frame.assignees,
  latest_event_id: frame.latestEventId,
  now: frame.now,
})

interface WholeBoardFacts extends BoardFrame {
  readonly columns: readonly {
    readonly status: Task['status']
    readonly tasks: readonly { readonly task: Task; readonly badges: Badges }[]
  }[]
}

export const boardView = (board: WholeBoardFacts) => ({
  columns: board.columns.map(({ status, tasks }) => ({
    name: status,
    tasks: tasks.map(({ task, badges }) => boardTaskView(task, badges, board.now)),
  })),
  ...frameView(board),
})

export const cardBoardView = (board: BoardFrame & { readonly columns: readonly CardColumn[] }) => ({
  columns: board.columns.map(({ status, cards, count, next }) => ({
    name: status,
    tasks: cards.map(cardView),
    count,
    next_cursor: next === null ? null : placeToCursor(next),
  })),
  ...frameView(board),
})

const placeToCursor = ({ priority, createdAt, id }: CardPlace): string => `${priority}.${createdAt}.${id}`

/** Where a column goes on, out of what was given as `next_cursor` before. */
export function placeFromCursor(cursor: string): CardPlace {
  const [, priority, createdAt, id] = /^(-?\d{1,16})\.(\d{1,16})\.(t_[0-9a-z]{1,64})$/.exec(cursor) ?? []
  if (id === undefined)
    throw invalid(
      'bad_cursor',
      `The cursor ${JSON.stringify(cursor)} is not one that was given as next_cursor. Read the column again without it.`,
      { cursor },
    )
  return { priority: Number(priority), createdAt: Number(createdAt), id }
}
