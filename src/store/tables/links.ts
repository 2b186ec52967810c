/** Who waits for whom. */
import { sql } from 'kysely'
import type { Task, TaskStatus } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { adHoc, statement } from '../statement.ts'

const insert = statement<{ parentId: string; childId: string }>()((db, p) =>
  db
    .insertInto('task_links')
    .values({ parent_id: p.parentId, child_id: p.childId })
    .onConflict((conflict) => conflict.doNothing()),
)

/** False when the link was there already. */
export const insertLink = async (db: Connection, parentId: string, childId: string): Promise<boolean> =>
  (await db.run(insert, { parentId, childId })) === 1

const remove = statement<{ parentId: string; childId: string }>()((db, p) =>
  db.deleteFrom('task_links').where('parent_id', '=', p.parentId).where('child_id', '=', p.childId),
)

export const removeLink = async (db: Connection, parentId: string, childId: string): Promise<boolean> =>
  (await db.run(remove, { parentId, childId })) === 1

export interface LinkedTask {
  readonly id: string
  readonly title: string
  readonly status: TaskStatus
  readonly completedAt: number | null
}

const parents = statement<{ id: string }>()((db, p) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as t', 't.id', 'l.parent_id')
    .select(['t.id', 't.title', 't.status', 't.completed_at as completedAt'])
    .where('l.child_id', '=', p.id)
    .orderBy('t.created_at')
    .orderBy('t.id'),
)
const children = statement<{ id: string }>()((db, p) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as t', 't.id', 'l.child_id')
    .select(['t.id', 't.title', 't.status', 't.completed_at as completedAt'])
    .where('l.parent_id', '=', p.id)
    .orderBy('t.created_at')
    .orderBy('t.id'),
)

export const findParents = async (db: Connection, id: string): Promise<LinkedTask[]> =>
  (await db.all(parents, { id })) as LinkedTask[]
export const findChildren = async (db: Connection, id: string): Promise<LinkedTask[]> =>
  (await db.all(children, { id })) as LinkedTask[]

// A parent that was archived after it was done stays finished: archiving is only filing.
const openParents = statement<{ id: string }>()((db, p) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as t', 't.id', 'l.parent_id')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('l.child_id', '=', p.id)
    .where((eb) =>
      eb.not(
        eb.or([
          eb('t.status', '=', 'done'),
          eb.and([eb('t.status', '=', 'archived'), eb('t.completed_at', 'is not', null)]),
        ]),
      ),
    ),
)

/** How many parents of the card are not finished. */
export const countOpenParents = async (db: Connection, id: string): Promise<number> =>
  Number((await db.get(openParents, { id }))?.n ?? 0)

const waitingChildren = statement<{ id: string }>()((db, p) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as t', 't.id', 'l.child_id')
    .select('t.id')
    .where('l.parent_id', '=', p.id)
    .where('t.status', '=', 'todo')
    .orderBy('t.id'),
)

export const findWaitingChildren = async (db: Connection, id: string): Promise<string[]> =>
  (await db.all(waitingChildren, { id })).map((row) => row.id)

/** Whether `id` can be reached from `from` by following links to children: then a link from `id` to `from` would close a circle. */
export async function isDescendant(db: Connection, id: Task['id'], from: Task['id']): Promise<boolean> {
  const row = await db.get(
    adHoc(db.dialect, (kysely) =>
      kysely
        .withRecursive('reach', (cte) =>
          cte
            .selectFrom('task_links')
            .select('child_id as id')
            .where('parent_id', '=', from)
            .union(
              cte
                .selectFrom('task_links as l')
                .innerJoin('reach', 'reach.id', 'l.parent_id')
                .select('l.child_id as id'),
            ),
        )
        .selectFrom('reach')
        .select(sql<number>`1`.as('found'))
        .where('reach.id', '=', id)
        .limit(1),
    ),
    {},
  )
  return row !== undefined
}

const lockGraph = statement<Record<string, never>>()((db) =>
  db.selectNoFrom(sql<string>`pg_advisory_xact_lock(727374, 1)::text`.as('locked')),
)

/** Makes this transaction the only one that changes links, so that two of them cannot close a circle together. */
export async function lockLinks(db: Connection): Promise<void> {
  if (db.dialect === 'postgres') await db.get(lockGraph, {})
}

const linkCounts = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as c', 'c.id', 'l.child_id')
    .select(({ fn }) => [
      'l.parent_id as id',
      fn.countAll().as('children'),
      fn.sum<number>(sql`case when c.status = 'done' then 1 else 0 end`).as('done'),
    ])
    .groupBy('l.parent_id'),
)
const parentCounts = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('task_links')
    .select(({ fn }) => ['child_id as id', fn.countAll().as('parents')])
    .groupBy('child_id'),
)

export interface LinkCounts {
  readonly parents: number
  readonly children: number
  readonly childrenDone: number
}

/** For every card that has links: how many of each. */
export async function countLinks(db: Connection): Promise<Map<string, LinkCounts>> {
  const counts = new Map<string, LinkCounts>()
  for (const row of await db.all(linkCounts, {}))
    counts.set(row.id, { parents: 0, children: Number(row.children), childrenDone: Number(row.done) })
  for (const row of await db.all(parentCounts, {}))
    counts.set(row.id, { children: 0, childrenDone: 0, ...counts.get(row.id), parents: Number(row.parents) })
  return counts
}
