/** Chats that are told how a task goes. */
import { z } from 'zod'
import { optional, taskId, word } from './fields.ts'
import { operation } from './operation.ts'
import { ok, seconds, text, textOrNull } from './shapes.ts'

const subscription = z
  .strictObject({
    task_id: text,
    platform: text,
    chat_id: text,
    thread_id: text.describe("'' when the chat has no threads."),
    user_id: textOrNull,
    created_at: seconds,
    last_event_id: z.int(),
  })
  .meta({ id: 'Subscription' })

export const subscriptionOperations = {
  listSubscriptions: operation('listSubscriptions', {
    subject: 'Subscriptions',
    about: 'Which chats follow which tasks.',
    scope: 'read',
    query: { task: taskId.optional().describe('Only subscriptions to this task.') },
    gives: 'The subscriptions.',
    output: z.strictObject({ subscriptions: z.array(subscription) }),
  }),

  addSubscription: operation('addSubscription', {
    subject: 'Subscriptions',
    about:
      'Tells a chat from now on how a task goes: done, blocked, given up, crashed, timed out. `created` is false when it followed the task before.',
    scope: 'write',
    body: z.strictObject({
      task_id: taskId,
      platform: text.describe('telegram, slack, discord and the like.'),
      chat_id: text.describe('The chat, as its platform names it.'),
      thread_id: optional(text).describe('The thread in it; none by default.'),
      user_id: optional(text).describe('Who asked for it.'),
    }),
    gives: 'The chat follows the task, whether or not it did before.',
    output: ok.extend({ created: z.boolean() }),
  }),

  removeSubscription: operation('removeSubscription', {
    subject: 'Subscriptions',
    about: 'Tells a chat no more how a task goes. `ok` is false when it did not follow the task.',
    scope: 'write',
    query: {
      task_id: taskId,
      platform: word.describe('telegram, slack, discord and the like.'),
      chat_id: word.describe('The chat, as its platform names it.'),
      thread_id: word.optional().describe('The thread in it; none by default.'),
    },
    gives: 'Whether the chat followed the task.',
    output: ok,
  }),
}
