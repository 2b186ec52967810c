/** Events: written once, read from a cursor. */
import { sql, type SqlBool } from 'kysely'
import type { BoardEvent, EventKind } from '../../domain/event.ts'
import type { Connection, PendingEvent } from '../connection.ts'
import { adHoc, statement, type StatementDialect } from '../statement.ts'
import { objectFromJson, toJson } from './json.ts'

interface EventParams extends Record<string, string | number | null> {
  taskId: string | null
  runId: number | null
  kind: string
  payload: string | null
  createdAt: number
  actor: string | null
  door: string | null
}

const insert = statement<EventParams>()((db, p) =>
  db.insertInto('task_events').values({
    task_id: p.taskId,
    run_id: p.runId,
    kind: p.kind,
    payload: p.payload,
    created_at: p.createdAt,
    actor: p.actor,
    door: p.door,
  }),
)

/** Only a transaction's end calls this; everything else emits. */
export const insertEvent = (db: Connection, event: PendingEvent): Promise<number> =>
  db.run(insert, eventParams(event))

export const eventParams = (event: PendingEvent): EventParams => ({
  taskId: event.taskId,
  runId: event.runId,
  kind: event.kind,
  payload: toJson(event.payload),
  createdAt: event.createdAt,
  actor: event.actor,
  door: event.door,
})

export interface EventFilter {
  /** Only events with a greater id. */
  readonly after?: number
  readonly taskId?: string
  readonly runId?: number
  readonly kinds?: readonly string[]
  readonly assignee?: string
  readonly tenant?: string
  readonly limit?: number
  /** Newest first; the limit then keeps the newest. */
  readonly newestFirst?: boolean
}

const COLUMNS = [
  'e.id as id',
  'e.task_id as taskId',
  'e.run_id as runId',
  'e.kind as kind',
  'e.payload as payload',
  'e.created_at as createdAt',
  'e.actor as actor',
  'e.door as door',
] as const

/** What every follower of the board asks all the time. */
const following = statement<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('task_events as e')
    .select(COLUMNS)
    .where('e.id', '>', p.after)
    .orderBy('e.id')
    .limit(p.limit),
)

const MOST = 1_000

export async function findEvents(db: Connection, filter: EventFilter): Promise<BoardEvent[]> {
  const { after, limit = MOST, ...narrower } = filter
  const isFollowing = after !== undefined && Object.values(narrower).every((value) => value === undefined)
  const rows = isFollowing ? await db.all(following, { after, limit }) : await db.all(asked(db, filter), {})
  return rows.map((row) => ({ ...row, payload: objectFromJson(row.payload) ?? {} }))
}

const asked = (db: Connection, filter: EventFilter) =>
  adHoc(db.dialect, (kysely, dialect) => {
    let query = kysely
      .selectFrom('task_events as e')
      .select(COLUMNS)
      .orderBy('e.id', filter.newestFirst ? 'desc' : 'asc')
      .limit(filter.limit ?? MOST)
    if (filter.after !== undefined) query = query.where('e.id', '>', filter.after)
    if (filter.taskId !== undefined) query = query.where('e.task_id', '=', filter.taskId)
    if (filter.runId !== undefined) query = query.where('e.run_id', '=', filter.runId)
    if (filter.kinds !== undefined) query = query.where('e.kind', 'in', [...filter.kinds])
    const { assignee, tenant } = filter
    if (assignee !== undefined || tenant !== undefined) {
      query = query.where((eb) => {
        let tasks = eb.selectFrom('tasks as t').select('t.id').whereRef('t.id', '=', 'e.task_id')
        if (assignee !== undefined)
          tasks = tasks.where((of) =>
            of.or([
              of('t.assignee', '=', assignee),
              isLeaving('assigned', `"from":${toJson(assignee)}`, dialect),
            ]),
          )
        if (tenant !== undefined)
          tasks = tasks.where((of) =>
            of.or([
              of('t.tenant', '=', tenant),
              isLeaving('edited', `"from":{"tenant":${toJson(tenant)}}`, dialect),
            ]),
          )
        return eb.exists(tasks)
      })
    }
    return query
  })

/**
 * The event that took the card away from what is asked for. Looked for in the text of the payload, as it is written,
 * because an older board may hold a payload that is no JSON.
 */
const isLeaving = (kind: EventKind, said: string, { name }: StatementDialect) =>
  name === 'sqlite'
    ? sql<SqlBool>`(e.kind = ${kind} and instr(e.payload, ${said}) > 0)`
    : sql<SqlBool>`(e.kind = ${kind} and strpos(e.payload, ${said}) > 0)`

const latest = statement<Record<string, never>>()((db) =>
  db.selectFrom('task_events').select(({ fn }) => fn.max('id').as('id')),
)

/** The id of the newest event, 0 on an empty board. */
export const latestEventId = async (db: Connection): Promise<number> =>
  Number((await db.get(latest, {}))?.id ?? 0)

const lastOfKind = statement<{ taskId: string; kind: string }>()((db, p) =>
  db
    .selectFrom('task_events')
    .select(['payload', 'actor', 'created_at as createdAt'])
    .where('task_id', '=', p.taskId)
    .where('kind', '=', p.kind)
    .orderBy('id', 'desc')
    .limit(1),
)

export async function lastEventOfKind(
  db: Connection,
  taskId: string,
  kind: string,
): Promise<{ payload: Record<string, unknown>; actor: string | null; createdAt: number } | undefined> {
  const row = await db.get(lastOfKind, { taskId, kind })
  return row === undefined ? undefined : { ...row, payload: objectFromJson(row.payload) ?? {} }
}

const removeOld = statement<{ before: number }>()((db, p) =>
  db
    .deleteFrom('task_events')
    .where('created_at', '<', p.before)
    .where((eb) =>
      eb.or([
        eb('task_id', 'is', null),
        eb.exists(
          eb
            .selectFrom('tasks as t')
            .select('t.id')
            .whereRef('t.id', '=', 'task_events.task_id')
            .where('t.status', 'in', ['done', 'archived']),
        ),
      ]),
    ),
)

/** Removes events of finished cards that are older than `before`; returns how many. */
export const removeEventsBefore = (db: Connection, before: number): Promise<number> =>
  db.run(removeOld, { before })

const creator = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('task_events as e')
    .innerJoin('task_runs as r', 'r.id', 'e.run_id')
    .select('r.task_id as taskId')
    .where('e.task_id', '=', p.taskId)
    .where('e.kind', '=', 'created'),
)

/** The card in whose run a card was created; null when a person created it. */
export const findCreator = async (db: Connection, taskId: string): Promise<string | null> =>
  (await db.get(creator, { taskId }))?.taskId ?? null

const createdBy = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('task_runs as r')
    .innerJoin('task_events as e', 'e.run_id', 'r.id')
    .select('e.task_id as taskId')
    .where('r.task_id', '=', p.taskId)
    .where('e.kind', '=', 'created')
    .orderBy('e.id')
    .limit(1_000),
)

/** The cards that the runs of a card created, in that order. */
export const findCreatedBy = async (db: Connection, taskId: string): Promise<string[]> =>
  (await db.all(createdBy, { taskId })).flatMap(({ taskId: id }) => id ?? [])
