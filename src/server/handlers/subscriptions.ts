import { subscriptionView } from '../../contract/views.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { aboutTheBody } from '../about-the-body.ts'
import type { Handlers } from '../handler.ts'

export const subscriptionHandlers = ({ kernel }: { readonly kernel: Kernel }) =>
  ({
    listSubscriptions: async ({ input: { task } }) => ({
      subscriptions: (await kernel.listSubscriptions(task ?? null)).map(subscriptionView),
    }),

    async addSubscription({ input, actor }) {
      const chat = { platform: input.platform, chatId: input.chat_id, threadId: input.thread_id ?? '' }
      const created = await aboutTheBody(kernel.subscribe(input.task_id, chat, input.user_id ?? null, actor))
      return { ok: true, created }
    },

    async removeSubscription({ input, actor }) {
      const chat = { platform: input.platform, chatId: input.chat_id, threadId: input.thread_id ?? '' }
      return { ok: await kernel.unsubscribe(input.task_id, chat, actor) }
    },
  }) satisfies Partial<Handlers>
