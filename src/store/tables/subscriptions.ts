/** Which chats follow which cards. */
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

export interface Subscription {
  readonly taskId: string
  readonly platform: string
  readonly chatId: string
  /** Empty when the chat has no threads. */
  readonly threadId: string
  readonly userId: string | null
  readonly createdAt: number
  readonly lastEventId: number
}

const COLUMNS = [
  'task_id as taskId',
  'platform',
  'chat_id as chatId',
  'thread_id as threadId',
  'user_id as userId',
  'created_at as createdAt',
  'last_event_id as lastEventId',
] as const

const insert = statement<{
  taskId: string
  platform: string
  chatId: string
  threadId: string
  userId: string | null
  now: number
  lastEventId: number
}>()((db, p) =>
  db
    .insertInto('kanban_notify_subs')
    .values({
      task_id: p.taskId,
      platform: p.platform,
      chat_id: p.chatId,
      thread_id: p.threadId,
      user_id: p.userId,
      created_at: p.now,
      last_event_id: p.lastEventId,
    })
    .onConflict((conflict) => conflict.doNothing()),
)

/** False when the chat followed the card before. */
export const insertSubscription = async (
  db: Connection,
  row: Omit<Subscription, 'createdAt'> & { now: number },
): Promise<boolean> =>
  (await db.run(insert, {
    taskId: row.taskId,
    platform: row.platform,
    chatId: row.chatId,
    threadId: row.threadId,
    userId: row.userId,
    now: row.now,
    lastEventId: row.lastEventId,
  })) === 1

const remove = statement<{ taskId: string; platform: string; chatId: string; threadId: string }>()((db, p) =>
  db
    .deleteFrom('kanban_notify_subs')
    .where('task_id', '=', p.taskId)
    .where('platform', '=', p.platform)
    .where('chat_id', '=', p.chatId)
    .where('thread_id', '=', p.threadId),
)

export const removeSubscription = async (
  db: Connection,
  key: { taskId: string; platform: string; chatId: string; threadId: string },
): Promise<boolean> =>
  (await db.run(remove, {
    taskId: key.taskId,
    platform: key.platform,
    chatId: key.chatId,
    threadId: key.threadId,
  })) === 1

const all = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('kanban_notify_subs')
    .select(COLUMNS)
    .orderBy('created_at')
    .orderBy('task_id')
    .orderBy('platform')
    .orderBy('chat_id')
    .orderBy('thread_id'),
)
const ofTask = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('kanban_notify_subs')
    .select(COLUMNS)
    .where('task_id', '=', p.taskId)
    .orderBy('created_at')
    .orderBy('task_id')
    .orderBy('platform')
    .orderBy('chat_id')
    .orderBy('thread_id'),
)

export const findSubscriptions = (db: Connection, taskId: string | null): Promise<Subscription[]> =>
  taskId === null ? db.all(all, {}) : db.all(ofTask, { taskId })
