/** Looking at the whole board: as it is, in pages, and what has changed since a cursor. */
import type { BoardFrame, Card, CardColumn, CardPlace, Badges } from '../domain/card.ts'
import type { BoardEvent } from '../domain/event.ts'
import { TASK_STATUSES, type Seconds, type Task, type TaskStatus } from '../domain/task.ts'
import { firstLine } from '../domain/text.ts'
import type { Connection } from '../store/connection.ts'
import {
  countColumns,
  findAssignees,
  findBadges,
  findCardRows,
  findColumn,
  findFirstHolds,
  findParentIds,
  findTenants,
} from '../store/tables/board.ts'
import { findEvents, latestEventId } from '../store/tables/events.ts'
import { findTasks } from '../store/tables/tasks.ts'
import type { KernelDeps } from './deps.ts'

export interface BoardOptions {
  /** Null: all tenants. */
  readonly tenant: string | null
  readonly archived: boolean
}

export interface WholeBoard extends BoardFrame {
  readonly columns: readonly {
    readonly status: TaskStatus
    readonly tasks: readonly { readonly task: Task; readonly badges: Badges }[]
  }[]
}

const columnsShown = ({ archived }: Pick<BoardOptions, 'archived'>): readonly TaskStatus[] =>
  archived ? TASK_STATUSES : TASK_STATUSES.filter((status) => status !== 'archived')

/** Every card with all its texts, on one consistent state of the board. */
export async function readBoard({ store }: KernelDeps, options: BoardOptions): Promise<WholeBoard> {
  const now = await store.now()
  return store.read(async (db) => {
    const { tenant, archived } = options
    const tasks = await findTasks(db, { archived, ...(tenant === null ? {} : { tenant }) })
    const badgesOf = await findBadges(db, 'all')
    const columns = new Map(
      columnsShown(options).map((status) => [status, [] as { task: Task; badges: Badges }[]]),
    )
    for (const task of tasks) columns.get(task.status)?.push({ task, badges: badgesOf(task.id) })
    return {
      columns: [...columns].map(([status, shown]) => ({ status, tasks: shown })),
      ...(await readFrame(db, now)),
    }
  })
}

const readFrame = async (db: Connection, now: Seconds): Promise<BoardFrame> => ({
  tenants: await findTenants(db),
  assignees: await findAssignees(db),
  latestEventId: await latestEventId(db),
  now,
})

export interface CardsOptions extends BoardOptions {
  /** Cards in each column. */
  readonly limit: number
  /** This column only, from `after` on; null: all of them from their beginning. */
  readonly column: { readonly status: TaskStatus; readonly after: CardPlace | null } | null
}

export interface CardBoard extends BoardFrame {
  readonly columns: readonly CardColumn[]
}

/** The board as cards, a page of each column. */
export async function readCards({ store }: KernelDeps, options: CardsOptions): Promise<CardBoard> {
  const now = await store.now()
  return store.read(async (db) => {
    const { tenant, limit, column } = options
    const counts = await countColumns(db, tenant)
    const pages = []
    for (const status of column === null ? columnsShown(options) : [column.status]) {
      const rows = await findColumn(db, { status, tenant, limit: limit + 1, after: column?.after ?? null })
      pages.push({ status, rows: rows.slice(0, limit), isLast: rows.length <= limit })
    }
    const cards = await asCards(
      db,
      pages.flatMap(({ rows }) => rows),
    )
    return {
      columns: pages.map(({ status, rows, isLast }) => {
        const last = rows.at(-1)
        return {
          status,
          cards: rows.flatMap(({ id }) => cards.get(id) ?? []),
          count: counts.get(status) ?? 0,
          next: isLast || last === undefined ? null : last,
        }
      }),
      ...(await readFrame(db, now)),
    }
  })
}

/** A card's hold in a few words; the whole text is with the task. */
const MAX_HOLD_TEXT = 160

async function asCards(
  db: Connection,
  rows: Awaited<ReturnType<typeof findCardRows>>,
): Promise<Map<string, Card>> {
  const ids = rows.map(({ id }) => id)
  const badgesOf = await findBadges(db, ids)
  const holds = await findFirstHolds(db, ids)
  return new Map(
    rows.map((row) => {
      const hold = holds.get(row.id)
      return [
        row.id,
        {
          ...row,
          badges: badgesOf(row.id),
          hold: hold === undefined ? null : { ...hold, reason: firstLine(hold.reason, MAX_HOLD_TEXT) ?? '' },
        },
      ]
    }),
  )
}

export interface BoardChanges {
  readonly events: readonly BoardEvent[]
  /** The cards these events touched, as they are at the end of this read. */
  readonly cards: readonly Card[]
}

/** Kinds of events after which the parents of a card show something else. */
const COUNTED_BY_PARENTS = new Set([
  'created',
  'completed',
  'status',
  'archived',
  'restored',
  'linked',
  'unlinked',
])

/** At most `limit` events after the cursor, with the cards they touched: enough to bring a board that was drawn before up to date. */
export async function readChanges(
  { store }: KernelDeps,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<BoardChanges> {
  return store.read(async (db) => {
    const events = await findEvents(db, { after, limit })
    const touched = new Set<string>()
    const counted = new Set<string>()
    for (const { taskId, kind, payload } of events) {
      if (taskId === null) continue
      touched.add(taskId)
      if (COUNTED_BY_PARENTS.has(kind)) counted.add(taskId)
      // A parent that was unlinked can no longer be found from its child.
      if (kind === 'unlinked' && typeof payload['parent_id'] === 'string') touched.add(payload['parent_id'])
    }
    if (counted.size > 0) for (const id of await findParentIds(db, [...counted])) touched.add(id)
    if (touched.size === 0) return { events, cards: [] }
    const rows = await findCardRows(db, [...touched])
    return { events, cards: [...(await asCards(db, rows)).values()] }
  })
}
