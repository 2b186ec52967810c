import { holdView } from '../../contract/views.ts'
import { BOARD_TARGET } from '../../domain/hold.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'

export const holdHandlers = ({ kernel }: { readonly kernel: Kernel }) =>
  ({
    listHolds: async () => ({ holds: (await kernel.listHolds()).map(holdView) }),

    async pause({ input: { scope, target, reason }, actor }) {
      const what = { scope, target: scope === 'board' ? BOARD_TARGET : (target ?? '') }
      const why = reason ?? 'paused'
      await kernel.pause(what, why, actor)
      // These had passed the last check before the pause; everything later is held back by it.
      return { ...what, reason: why, starting_runs: await kernel.startingRuns() }
    },

    async resume({ input: { scope, target }, actor }) {
      const what = { scope, target: scope === 'board' ? BOARD_TARGET : (target ?? '') }
      const lifted = await kernel.resume(what, actor)
      return { ...what, lifted: lifted.map(holdView) }
    },
  }) satisfies Partial<Handlers>
