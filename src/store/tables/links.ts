/** Who waits for whom. */
import type { TaskId, TaskStatus } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

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
    .orderBy('t.created_order')
    .orderBy('t.id'),
)
const children = statement<{ id: string }>()((db, p) =>
  db
    .selectFrom('task_links as l')
    .innerJoin('tasks as t', 't.id', 'l.child_id')
    .select(['t.id', 't.title', 't.status', 't.completed_at as completedAt'])
    .where('l.parent_id', '=', p.id)
    .orderBy('t.created_at')
    .orderBy('t.created_order')
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

// Without a condition on the status: SQLite would look through all cards in that status for the children.
const lockedChildren = statement<{ id: string }>()((db, p, dialect) =>
  dialect.lock(
    db
      .selectFrom('tasks')
      .select(['id', 'status'])
      .where('id', 'in', (eb) => eb.selectFrom('task_links').select('child_id').where('parent_id', '=', p.id))
      .orderBy('id'),
  ),
)

/**
 * The children of a card that are in `status`, and stay so until the end of the transaction. On PostgreSQL all children are
 * locked: another transaction that has read the parent as it was may be about to move one of them there.
 */
export const lockChildren = async (db: Connection, id: string, status: TaskStatus): Promise<string[]> =>
  (await db.all(lockedChildren, { id }))
    .filter((child) => child.status === status)
    .map(({ id: child }) => child)

const descends = statement<{ id: string; from: string }>()((db, p) =>
  db
    .withRecursive('reach', (cte) =>
      cte
        .selectFrom('task_links')
        .select('child_id as id')
        .where('parent_id', '=', p.from)
        .union(
          cte
            .selectFrom('task_links as l')
            .innerJoin('reach', 'reach.id', 'l.parent_id')
            .select('l.child_id as id'),
        ),
    )
    .selectFrom('reach')
    .select('reach.id')
    .where('reach.id', '=', p.id)
    .limit(1),
)

/** Whether `id` can be reached from `from` by following links to children: then a link from `id` to `from` would close a circle. */
export const isDescendant = async (db: Connection, id: TaskId, from: TaskId): Promise<boolean> =>
  (await db.get(descends, { id, from })) !== undefined
