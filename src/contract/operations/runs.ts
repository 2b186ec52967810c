/** Runs: the attempts at tasks, their processes and their logs. */
import { z } from 'zod'
import { optional, runId, taskId, wholeNumber } from './fields.ts'
import { operation } from './operation.ts'
import { numberOrNull, run, seconds, secondsOrNull, text, textOrNull } from './shapes.ts'

const figures = {
  cpu_percent: z.number().nullable().optional().describe('Of one processor.'),
  memory_rss_bytes: numberOrNull.optional(),
  memory_vms_bytes: numberOrNull.optional(),
  num_threads: numberOrNull.optional(),
  num_fds: numberOrNull.optional(),
}

export const runOperations = {
  getRun: operation('getRun', {
    subject: 'Runs',
    about: 'One run.',
    scope: 'read',
    workers: 'own run',
    params: { id: runId },
    gives: 'The run as it is, or as it ended.',
    output: z.strictObject({ run }),
  }),

  inspectRun: operation('inspectRun', {
    subject: 'Runs',
    about: 'The live processes of a run: its leader, and all of them together.',
    scope: 'read',
    workers: 'own run',
    params: { id: runId },
    gives: 'The figures of its processes; alive is false with a reason when there are none.',
    output: z.strictObject({
      run_id: z.int(),
      alive: z.boolean(),
      reason: text.optional().describe('Why it is not alive.'),
      error: text.optional().describe('Why there are no figures.'),
      pid: z.int().optional(),
      ...figures,
      status: textOrNull.optional(),
      create_time: z.number().nullable().optional().describe('Unix time in seconds.'),
      cmdline: z.array(text).nullable().optional(),
      tree: z
        .strictObject({
          processes: z.int(),
          ...figures,
          pids: z.array(z.int()),
        })
        .optional()
        .describe('The whole process tree of the run, its leader included.'),
    }),
  }),

  terminateRun: operation('terminateRun', {
    subject: 'Runs',
    about:
      'Ends a run: asks its processes to stop, and kills them after the grace period. Doing it again changes nothing.',
    scope: 'operate',
    params: { id: runId },
    body: z.strictObject({
      reason: optional(text).describe('Why, for whoever looks at it later.'),
      afterwards: optional(z.enum(['hold', 'ready'])).describe(
        'What becomes of the task: held for a person (by default), or ready for another attempt.',
      ),
    }),
    gives: 'Whether its processes are being ended, or were gone.',
    output: z.strictObject({
      ok: z.boolean(),
      run_id: z.int(),
      task_id: text,
      state: z.enum(['stopping', 'ended']).describe('stopping: its processes are being ended.'),
    }),
  }),

  listWorkers: operation('listWorkers', {
    subject: 'Runs',
    about: 'Every run that has a worker process now.',
    scope: 'read',
    gives: 'The workers, and when they were looked at.',
    output: z.strictObject({
      workers: z.array(
        z.strictObject({
          run_id: z.int(),
          task_id: text,
          task_title: text,
          task_status: text,
          task_assignee: textOrNull,
          profile: textOrNull,
          worker_pid: z.int(),
          started_at: seconds,
          claim_lock: textOrNull,
          claim_expires: secondsOrNull,
          last_heartbeat_at: secondsOrNull,
          max_runtime_seconds: numberOrNull,
        }),
      ),
      count: z.int(),
      checked_at: seconds,
    }),
  }),

  getTaskLog: operation('getTaskLog', {
    subject: 'Runs',
    about: 'What the worker of the last run printed; secrets are masked.',
    scope: 'read',
    workers: 'own task',
    params: { id: taskId },
    query: { tail: wholeNumber(1, 2_000_000).optional().describe('The last so many bytes only.') },
    gives: 'The log, or its end. Without one, exists is false and content empty.',
    output: z.strictObject({
      task_id: text,
      path: textOrNull,
      exists: z.boolean(),
      size_bytes: z.int(),
      content: text,
      truncated: z.boolean(),
    }),
  }),
}
