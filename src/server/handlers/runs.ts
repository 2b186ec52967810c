import { runView } from '../../contract/views.ts'
import { readLog } from '../../home/run-log.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Handlers } from '../handler.ts'
import { inspectRun, type InspectDeps } from '../inspect-run.ts'
import { logOf } from '../run-log.ts'

export interface RunsDeps {
  readonly kernel: Kernel
  /** The folder of run logs. */
  readonly logs: string
  readonly inspect: InspectDeps
}

export const runHandlers = ({ kernel, logs, inspect }: RunsDeps) =>
  ({
    getRun: async ({ input: { id } }) => ({ run: runView(await kernel.getRun(id)) }),

    inspectRun: async ({ input: { id } }) => inspectRun(inspect, await kernel.getRun(id)),

    async terminateRun({ input: { id, reason, afterwards }, actor }) {
      const { taskId, state } = await kernel.terminateRun(
        id,
        { reason: reason ?? 'terminated by hand', after: { kind: afterwards ?? 'hold' } },
        actor,
      )
      return { ok: true, run_id: id, task_id: taskId, state }
    },

    async listWorkers() {
      const { workers, checkedAt } = await kernel.listActiveWorkers()
      return {
        workers: workers.map((worker) => ({
          run_id: worker.runId,
          task_id: worker.taskId,
          task_title: worker.taskTitle,
          task_status: worker.taskStatus,
          task_assignee: worker.taskAssignee,
          profile: worker.profile,
          worker_pid: worker.workerPid,
          started_at: worker.startedAt,
          claim_lock: worker.claimLock,
          claim_expires: worker.claimExpires,
          last_heartbeat_at: worker.lastHeartbeatAt,
          max_runtime_seconds: worker.maxRuntimeSeconds,
        })),
        count: workers.length,
        checked_at: checkedAt,
      }
    },

    async getTaskLog({ input: { id, tail } }) {
      const run = (await kernel.listRuns(id)).findLast(({ process }) => process?.logPath != null)
      const file = run === undefined ? null : logOf(kernel, run, logs)
      if (file === null)
        return { task_id: id, path: null, exists: false, size_bytes: 0, content: '', truncated: false }
      const log = await readLog(file, tail ?? null)
      return {
        task_id: id,
        path: file.path,
        exists: log.exists,
        size_bytes: log.size,
        content: log.content,
        truncated: log.isCut,
      }
    },
  }) satisfies Partial<Handlers>
