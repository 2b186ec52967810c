import { subscriptionView } from '../../contract/views.ts'
import { command, optional, taskId, text, UsageError } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'
import { relative } from '../../lib/amounts.ts'

const chat = {
  platform: text('name', 'Where the chat is: telegram, slack, discord and the like.'),
  'chat-id': text('id', 'The chat, as its platform names it.'),
  'thread-id': text('id', 'The thread in it, if the chat has threads.'),
}

interface ChatOptions {
  readonly platform: string | undefined
  readonly 'chat-id': string | undefined
  readonly 'thread-id': string | undefined
}

function chatOf({ platform, 'chat-id': chatId, 'thread-id': threadId }: ChatOptions) {
  if (platform === undefined || chatId === undefined)
    throw new UsageError('Which chat? Name it with --platform and --chat-id.')
  return { platform, chatId, threadId: threadId ?? '' }
}

export const notifySubscribe = command({
  about: 'Tells a chat from now on how a task goes: done, blocked, given up, crashed, timed out.',
  effect: 'changes',
  arguments: { id: taskId },
  options: { ...chat, 'user-id': text('id', 'Who asked for it.') },
  examples: ['yard notify-subscribe t_1a2b --platform telegram --chat-id 12345'],
  async run(context, { arguments: { id }, options }) {
    const where = chatOf(options)
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const isNew = await kernel.subscribe(task, where, options['user-id'] ?? null, context.actor)
    return {
      data: {
        task_id: task,
        platform: where.platform,
        chat_id: where.chatId,
        thread_id: where.threadId,
        subscribed: isNew,
      },
      text: () => `${where.platform} ${where.chatId} ${isNew ? 'follows' : 'followed already'} ${task}`,
    }
  },
})

export const notifyList = command({
  about: 'Lists which chats follow which tasks.',
  effect: 'reads',
  arguments: { id: optional('Only those of this task.', { completes: 'task' }) },
  examples: ['yard notify-list'],
  async run(context, { arguments: { id } }) {
    const kernel = await context.kernel()
    const all = await kernel.listSubscriptions(id === undefined ? null : await kernel.resolveTaskId(id))
    return {
      data: all.map(subscriptionView),
      text: (style) =>
        all.length === 0
          ? 'No chat follows a task.'
          : table(style, all, [
              { head: 'TASK', cell: ({ taskId: task }) => task },
              { head: 'PLATFORM', cell: ({ platform }) => oneLine(platform) },
              { head: 'CHAT', cell: ({ chatId }) => oneLine(chatId), least: 8 },
              { head: 'THREAD', cell: ({ threadId }) => oneLine(threadId), keep: 1 },
              { head: 'SINCE', cell: ({ createdAt }) => relative(createdAt, style.now), keep: 2 },
            ]),
      ...(all.length === 0 ? { piped: '' } : {}),
    }
  },
})

export const notifyUnsubscribe = command({
  about: 'Tells a chat no more how a task goes.',
  effect: 'changes',
  arguments: { id: taskId },
  options: chat,
  examples: ['yard notify-unsubscribe t_1a2b --platform telegram --chat-id 12345'],
  async run(context, { arguments: { id }, options }) {
    const where = chatOf(options)
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const isGone = await kernel.unsubscribe(task, where, context.actor)
    return {
      data: {
        task_id: task,
        platform: where.platform,
        chat_id: where.chatId,
        thread_id: where.threadId,
        unsubscribed: isGone,
      },
      text: () =>
        `${where.platform} ${where.chatId} ${isGone ? 'no longer follows' : 'did not follow'} ${task}`,
      exitCode: isGone ? 0 : 1,
    }
  },
})
