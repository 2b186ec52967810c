/** What else there is to know of one task: why it waits, its links, its attempts, what its worker is told. */
import { z } from 'zod'
import { status, taskId } from './fields.ts'
import { operation } from './operation.ts'
import {
  comment,
  numberOrNull,
  reason,
  run,
  seconds,
  secondsOrNull,
  task,
  text,
  textOrNull,
} from './shapes.ts'
import { budget } from './usage.ts'

const linkedTask = z
  .strictObject({ id: text, title: text, status, completed_at: secondsOrNull })
  .meta({ id: 'LinkedTask' })

const workerContext = z
  .strictObject({
    version: z.int(),
    task,
    helps: z
      .strictObject({ id: text, title: text, body: textOrNull, created_by: textOrNull })
      .nullable()
      .describe('The rough task that this one works out, as it was when help was asked for.'),
    attempts: z.array(run).describe('The latest ones.'),
    older_attempts: z.int(),
    parents: z.array(
      z.strictObject({
        id: text,
        title: text,
        status: text,
        finished_at: numberOrNull,
        summary: textOrNull,
        metadata: z.record(z.string(), z.unknown()).nullable(),
        result: textOrNull,
      }),
    ),
    recent_runs: z.array(run).describe('What the assignee completed elsewhere.'),
    comments: z.array(comment),
    older_comments: z.int(),
    budgets: z.array(budget).describe('What it may still use, as far as somebody limits it.'),
    read_at: seconds,
  })
  .meta({ id: 'WorkerContext' })

const own = { scope: 'read', workers: 'own task', params: { id: taskId } } as const

export const readingOperations = {
  explainTask: operation('explainTask', {
    ...own,
    subject: 'Tasks',
    about:
      'Why a task is not running: every reason, whose it is, since when, and what lifts it. None when it runs or starts next.',
    gives: 'Every reason, none when it runs or starts next.',
    output: z.strictObject({ task_id: text, status, reasons: z.array(reason) }),
  }),

  listTaskLinks: operation('listTaskLinks', {
    ...own,
    subject: 'Links',
    about: 'The tasks this one waits for, and those that wait for it.',
    gives: 'The tasks on either side.',
    output: z.strictObject({ parents: z.array(linkedTask), children: z.array(linkedTask) }),
  }),

  listTaskRuns: operation('listTaskRuns', {
    ...own,
    subject: 'Runs',
    about: 'The attempts at a task, the oldest first.',
    gives: 'Its runs, the open one included.',
    output: z.strictObject({ runs: z.array(run) }),
  }),

  getTaskContext: operation('getTaskContext', {
    ...own,
    subject: 'Tasks',
    about:
      'What a worker of this task is told: the task, earlier attempts, results of its parents, comments. Bounded, whatever the board holds.',
    gives: 'What its worker is told, as data.',
    output: workerContext,
  }),

  getTaskContextText: operation('getTaskContextText', {
    ...own,
    subject: 'Tasks',
    about: 'The same as the text that the worker reads.',
    gives: 'Everything anybody wrote is fenced and signed.',
    output: { media: 'text/markdown' },
  }),
}
