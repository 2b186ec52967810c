/** The board as it is looked at: columns of cards, and what stands around each of them. */
import { sql } from 'kysely'
import type { Badges, Card, CardPlace } from '../../domain/card.ts'
import type { HoldKind } from '../../domain/hold.ts'
import type { TaskStatus } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { statement, textsIn } from '../statement.ts'

const CARD_COLUMNS = [
  'id',
  'title',
  'assignee',
  'status',
  'priority',
  'tenant',
  'created_at as createdAt',
  'started_at as startedAt',
  'completed_at as completedAt',
  'last_heartbeat_at as lastHeartbeatAt',
  'current_run_id as currentRunId',
] as const

type CardRow = Omit<Card, 'badges' | 'hold'>

const firstPage = statement<{ status: string; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select(CARD_COLUMNS)
    .where('status', '=', p.status)
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .orderBy('created_order')
    .orderBy('id')
    .limit(p.limit),
)
const firstPageOfTenant = statement<{ status: string; tenant: string; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select(CARD_COLUMNS)
    .where('status', '=', p.status)
    .where('tenant', '=', p.tenant)
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .orderBy('created_order')
    .orderBy('id')
    .limit(p.limit),
)

interface PageParams extends Record<string, string | number | null> {
  readonly status: string
  readonly tenant: string | null
  readonly limit: number
  readonly priority: number
  readonly createdAt: number
  readonly id: string
}

const furtherPage = (ofTenant: boolean) =>
  statement<PageParams>()((db, p) => {
    const page = db
      .selectFrom('tasks')
      .select(CARD_COLUMNS)
      .where('status', '=', p.status)
      // The first comparison alone is what the index can jump to.
      .where('priority', '<=', p.priority)
      .where((eb) => {
        const order = eb
          .selectFrom('tasks as before')
          .select('before.created_order')
          .where('before.id', '=', p.id)
        return eb.or([
          eb('priority', '<', p.priority),
          eb('created_at', '>', p.createdAt),
          eb.and([eb('created_at', '=', p.createdAt), eb('created_order', '>', order)]),
          eb.and([eb('created_at', '=', p.createdAt), eb('created_order', '=', order), eb('id', '>', p.id)]),
        ])
      })
      .orderBy('priority', 'desc')
      .orderBy('created_at')
      .orderBy('created_order')
      .orderBy('id')
      .limit(p.limit)
    return ofTenant ? page.where('tenant', '=', p.tenant) : page
  })
const nextPage = furtherPage(false)
const nextPageOfTenant = furtherPage(true)

/** One column of the board, in its order; after `after` when that is given. */
export async function findColumn(
  db: Connection,
  {
    status,
    tenant,
    limit,
    after,
  }: {
    readonly status: TaskStatus
    readonly tenant: string | null
    readonly limit: number
    readonly after: CardPlace | null
  },
): Promise<CardRow[]> {
  if (after !== null) {
    const { priority, createdAt, id } = after
    const statement = tenant === null ? nextPage : nextPageOfTenant
    return (await db.all(statement, { status, tenant, limit, priority, createdAt, id })) as CardRow[]
  }
  if (tenant === null) return (await db.all(firstPage, { status, limit })) as CardRow[]
  return (await db.all(firstPageOfTenant, { status, tenant, limit })) as CardRow[]
}

const byIds = statement<{ ids: string }>()((db, p, dialect) =>
  db.selectFrom('tasks').select(CARD_COLUMNS).where('id', 'in', textsIn(p.ids, dialect)),
)

export const findCardRows = async (db: Connection, ids: readonly string[]): Promise<CardRow[]> =>
  (await db.all(byIds, { ids: JSON.stringify(ids) })) as CardRow[]

const childrenOf = (some: boolean) =>
  statement<{ ids: string }>()((db, p, dialect) => {
    const links = db
      .selectFrom('task_links as l')
      .innerJoin('tasks as t', 't.id', 'l.child_id')
      .select(({ fn }) => [
        'l.parent_id as id',
        fn.countAll().as('children'),
        sql<number>`sum(case when t.status = 'done' then 1 else 0 end)`.as('done'),
      ])
      .groupBy('l.parent_id')
    return some ? links.where('l.parent_id', 'in', textsIn(p.ids, dialect)) : links
  })
const parentsOf = (some: boolean) =>
  statement<{ ids: string }>()((db, p, dialect) => {
    const links = db
      .selectFrom('task_links as l')
      .select(({ fn }) => ['l.child_id as id', fn.countAll().as('parents')])
      .groupBy('l.child_id')
    return some ? links.where('l.child_id', 'in', textsIn(p.ids, dialect)) : links
  })
const commentsOf = (some: boolean) =>
  statement<{ ids: string }>()((db, p, dialect) => {
    const comments = db
      .selectFrom('task_comments as c')
      .select(({ fn }) => ['c.task_id as id', fn.countAll().as('comments')])
      .groupBy('c.task_id')
    return some ? comments.where('c.task_id', 'in', textsIn(p.ids, dialect)) : comments
  })
const allBadges = { children: childrenOf(false), parents: parentsOf(false), comments: commentsOf(false) }
const someBadges = { children: childrenOf(true), parents: parentsOf(true), comments: commentsOf(true) }

const NONE: Badges = { parents: 0, children: 0, childrenDone: 0, comments: 0 }

/** What stands around the cards: of all of them, or of these. */
export async function findBadges(
  db: Connection,
  ids: readonly string[] | 'all',
): Promise<(id: string) => Badges> {
  const statements = ids === 'all' ? allBadges : someBadges
  const params = { ids: ids === 'all' ? '[]' : JSON.stringify(ids) }
  const badges = new Map<string, Badges>()
  const add = (id: string, more: Partial<Badges>) => badges.set(id, { ...NONE, ...badges.get(id), ...more })
  for (const row of await db.all(statements.children, params))
    add(row.id, { children: Number(row.children), childrenDone: Number(row.done) })
  for (const row of await db.all(statements.parents, params)) add(row.id, { parents: Number(row.parents) })
  for (const row of await db.all(statements.comments, params)) add(row.id, { comments: Number(row.comments) })
  return (id) => badges.get(id) ?? NONE
}

const holdsOf = statement<{ ids: string }>()((db, p, dialect) =>
  db
    .selectFrom('holds')
    .select(['target', 'kind', 'reason', 'until'])
    .where('scope', '=', 'task')
    .where('target', 'in', textsIn(p.ids, dialect))
    .where('lifted_at', 'is', null)
    .orderBy('id', 'desc'),
)

/** For each card the oldest hold on it that nobody has lifted. */
export async function findFirstHolds(
  db: Connection,
  ids: readonly string[],
): Promise<Map<string, NonNullable<Card['hold']>>> {
  const rows = await db.all(holdsOf, { ids: JSON.stringify(ids) })
  return new Map(
    rows.map(({ target, kind, reason, until }) => [target, { kind: kind as HoldKind, reason, until }]),
  )
}

const counts = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('tasks')
    .select(({ fn }) => ['status', fn.countAll().as('n')])
    .groupBy('status'),
)
const countsOfTenant = statement<{ tenant: string }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select(({ fn }) => ['status', fn.countAll().as('n')])
    .where('tenant', '=', p.tenant)
    .groupBy('status'),
)

export async function countColumns(db: Connection, tenant: string | null): Promise<Map<string, number>> {
  const rows = tenant === null ? await db.all(counts, {}) : await db.all(countsOfTenant, { tenant })
  return new Map(rows.map((row) => [row.status, Number(row.n)]))
}

const tenants = statement<Record<string, never>>()((db) =>
  db.selectFrom('tasks').select('tenant').distinct().where('tenant', 'is not', null).orderBy('tenant'),
)
const assignees = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('tasks')
    .select('assignee')
    .distinct()
    .where('assignee', 'is not', null)
    .where('status', '<>', 'archived')
    .orderBy('assignee'),
)

export const findTenants = async (db: Connection): Promise<string[]> =>
  (await db.all(tenants, {})).flatMap((row) => row.tenant ?? [])
/** Of cards that are not archived. */
export const findAssignees = async (db: Connection): Promise<string[]> =>
  (await db.all(assignees, {})).flatMap((row) => row.assignee ?? [])

const parentIds = statement<{ ids: string }>()((db, p, dialect) =>
  db
    .selectFrom('task_links')
    .select('parent_id as id')
    .distinct()
    .where('child_id', 'in', textsIn(p.ids, dialect)),
)

/** Cards that show something of these: their parents, which count them. */
export const findParentIds = async (db: Connection, ids: readonly string[]): Promise<string[]> =>
  (await db.all(parentIds, { ids: JSON.stringify(ids) })).map((row) => row.id)
