import type { CheckedInput } from '../../contract/operations/table.ts'
import { holdView, reasonView, taskView } from '../../contract/views.ts'
import { claimByHand } from '../../home/claim-by-hand.ts'
import type { Task } from '../../domain/task.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

export interface MovesDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
}

export const moveHandlers = ({ kernel, services }: MovesDeps) =>
  ({
    async claimTask({ input: { id, ttl_seconds: ttl }, actor }) {
      const claim = await claimByHand({ kernel, services }, id, { ttlSeconds: ttl ?? null }, actor)
      const isLost = 'refused' in claim
      return {
        claimed: !isLost,
        task: taskView(claim.task),
        run_id: isLost ? null : claim.runId,
        workspace: isLost ? null : claim.workspace,
        refused: isLost ? reasonView(claim.refused) : null,
      }
    },

    heartbeatTask: async ({ input: { id, note }, actor }) =>
      moved(await kernel.heartbeatTask(id, note ?? null, actor)),

    completeTask: async ({ input, actor }) =>
      verdict(await kernel.completeTask(input.id, completionOf(input), actor)),

    blockTask: async ({ input: { id, reason }, actor }) =>
      verdict(await kernel.blockTask(id, reason ?? null, actor)),

    reviewTask: async ({ input, actor }) =>
      verdict(await kernel.requestTaskReview(input.id, completionOf(input), actor)),

    sendBackTask: async ({ input: { id, remarks }, actor }) =>
      moved(await kernel.sendBackTask(id, remarks, actor)),

    unblockTask: async ({ input: { id }, actor }) => moved(await kernel.unblockTask(id, actor)),

    retryTask: async ({ input: { id, attempts }, actor }) =>
      moved(await kernel.retryTask(id, attempts ?? null, actor)),

    stopTask: async ({ input: { id, reason, destination }, actor }) =>
      verdict(
        await kernel.stopTask(
          id,
          { reason: reason ?? 'stopped by hand', after: { kind: destination ?? 'hold' } },
          actor,
        ),
      ),

    async pauseTask({ input: { id, reason }, actor }) {
      await kernel.pause({ scope: 'task', target: id }, reason ?? 'paused', actor)
      // These had passed the last check before the pause; everything later is held back by it.
      const starting = await kernel.startingRuns()
      const runs = (await kernel.listRuns(id)).map((run) => run.id)
      return {
        task: taskView(await kernel.getTask(id)),
        starting_runs: starting.filter((run) => runs.includes(run)),
      }
    },

    async resumeTask({ input: { id }, actor }) {
      const lifted = await kernel.resume({ scope: 'task', target: id }, actor)
      return { task: taskView(await kernel.getTask(id)), lifted: lifted.map(holdView) }
    },

    archiveTask: async ({ input: { id }, actor }) => verdict(await kernel.archiveTask(id, actor)),

    restoreTask: async ({ input: { id }, actor }) => moved(await kernel.restoreTask(id, actor)),

    acceptLateReport: async ({ input: { id, report_id: report }, actor }) =>
      verdict(await kernel.acceptLate(id, report, actor)),
  }) satisfies Partial<Handlers>

const completionOf = ({ result, summary, metadata }: CheckedInput<'completeTask'>) => ({
  result: result ?? null,
  summary: summary ?? null,
  metadata: metadata ?? null,
})

const moved = (task: Task) => ({ task: taskView(task) })

const verdict = ({ task, stopping }: { readonly task: Task; readonly stopping: boolean }) => ({
  task: taskView(task),
  ...(stopping ? { stopping } : {}),
})
