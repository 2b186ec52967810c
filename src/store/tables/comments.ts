/** Remarks on cards. */
import type { Comment } from '../../domain/task.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const insert = statement<{ taskId: string; author: string; body: string; now: number }>()((db, p) =>
  db
    .insertInto('task_comments')
    .values({ task_id: p.taskId, author: p.author, body: p.body, created_at: p.now })
    .returning('id'),
)

export const insertComment = async (
  db: Connection,
  comment: { taskId: string; author: string; body: string; now: number },
): Promise<number> => Number((await db.get(insert, comment))?.id)

const ofTask = statement<{ taskId: string; limit: number }>()((db, p) =>
  db
    .selectFrom('task_comments')
    .select(['id', 'task_id as taskId', 'author', 'body', 'created_at as createdAt'])
    .where('task_id', '=', p.taskId)
    .orderBy('id', 'desc')
    .limit(p.limit),
)

/** The newest `limit` comments, oldest of them first. */
export const findComments = async (db: Connection, taskId: string, limit = 1_000_000): Promise<Comment[]> =>
  (await db.all(ofTask, { taskId, limit })).reverse()

const countOf = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('task_comments')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('task_id', '=', p.taskId),
)

export const countCommentsOf = async (db: Connection, taskId: string): Promise<number> =>
  Number((await db.get(countOf, { taskId }))?.n ?? 0)
