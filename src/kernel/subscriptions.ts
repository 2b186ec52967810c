import type { Actor } from '../domain/actor.ts'
import { invalid } from '../domain/errors.ts'
import { MAX, storable, storableOrNull } from '../domain/text.ts'
import { latestEventId } from '../store/tables/events.ts'
import {
  findSubscriptions,
  insertSubscription,
  removeSubscription,
  type Subscription,
} from '../store/tables/subscriptions.ts'
import { denyWorkers, requireTask, type KernelDeps } from './deps.ts'

export interface Chat {
  readonly platform: string
  readonly chatId: string
  /** '' when the chat has no threads. */
  readonly threadId: string
}

function checkChat(chat: Chat): Chat {
  for (const [field, value] of Object.entries(chat) as [keyof Chat, string][]) {
    storable(value, field, MAX.name)
    if (field !== 'threadId' && value.trim() === '')
      throw invalid(
        'bad_chat',
        `A subscription needs a ${field === 'chatId' ? 'chat id (--chat-id)' : 'platform (--platform)'}, and it is empty.`,
      )
  }
  return chat
}

/** The chat is told how the card goes from now on. False when it followed the card before. */
export async function subscribe(
  { store }: KernelDeps,
  taskId: string,
  chat: Chat,
  userId: string | null,
  actor: Actor,
): Promise<boolean> {
  denyWorkers(actor, 'subscribe chats')
  checkChat(chat)
  const user = storableOrNull(userId, 'user id', MAX.name)
  return store.write(async (tx) => {
    await requireTask(tx, taskId)
    return insertSubscription(tx, {
      taskId,
      ...chat,
      userId: user,
      now: tx.now,
      lastEventId: await latestEventId(tx),
    })
  })
}

export async function unsubscribe(
  { store }: KernelDeps,
  taskId: string,
  chat: Chat,
  actor: Actor,
): Promise<boolean> {
  denyWorkers(actor, 'unsubscribe chats')
  return store.write((tx) => removeSubscription(tx, { taskId, ...chat }))
}

export const listSubscriptions = ({ store }: KernelDeps, taskId: string | null): Promise<Subscription[]> =>
  store.read((db) => findSubscriptions(db, taskId))
