/** Tasks: create, read, change, comment, link. */
import { z } from 'zod'
import { flag, metadata, optional, status, taskId, wholeNumber, word, words } from './fields.ts'
import { operation } from './operation.ts'
import { comment, ok, task, taskDetail, text } from './shapes.ts'

const newTask = z
  .strictObject({
    title: text.describe('One line, at most 500 characters.'),
    body: optional(text).describe('What is wanted, in Markdown.'),
    assignee: optional(text).describe('The profile whose worker does it, or a person.'),
    tenant: optional(text).describe('Whose work it is: tasks can be listed and limited by it.'),
    priority: optional(z.int()).describe('Higher runs first; 0 by default.'),
    workspace_kind: optional(text).describe('scratch, worktree or dir.'),
    workspace_path: optional(text).describe('An absolute path, for worktree and dir.'),
    parents: optional(z.array(taskId).max(1_000)).describe('Tasks it waits for.'),
    triage: optional(z.boolean()).describe('A rough idea: left alone until somebody specifies it.'),
    idempotency_key: optional(text).describe('Creates it once: a second call gives the task that is there.'),
    max_runtime_seconds: optional(z.int()).describe('How long one run of it may take.'),
    skills: optional(z.array(text).max(1_000)).describe('Skills its worker is given on top of its own.'),
    created_by: optional(text).describe('Who wants it; you by default.'),
    hold: optional(text).describe('Born held: the reason why nothing runs it until a person unblocks it.'),
    not_before: optional(z.int()).describe('Not before this moment, in unix seconds.'),
  })
  .meta({ id: 'NewTask' })

/** Null and a name that is left out mean the same: leave it as it is. */
const taskChange = z
  .strictObject({
    status: optional(status).describe('Where to move it.'),
    assignee: optional(text).describe("'' takes the assignee away."),
    priority: optional(z.int()).describe('Higher runs first.'),
    title: optional(text),
    body: optional(text),
    result: optional(text).describe('What came out.'),
    summary: optional(text).describe('Only with status done or review.'),
    metadata: optional(metadata).describe('Only with status done or review.'),
    block_reason: optional(text).describe('Only with status blocked.'),
  })
  .meta({ id: 'TaskChange' })

export const taskOperations = {
  listTasks: operation('listTasks', {
    subject: 'Tasks',
    about: 'Tasks by priority, highest first, then by age. Archived ones only when asked for.',
    scope: 'read',
    query: {
      status: words(status).optional().describe('Only tasks of these statuses, separated by commas.'),
      assignee: word.optional().describe("'none' for tasks of nobody."),
      tenant: word.optional().describe('Only tasks of this tenant.'),
      archived: flag
        .optional()
        .describe('Archived ones as well; they are also given when status names them.'),
      limit: wholeNumber(1, 10_000).optional().describe('1,000 by default.'),
      offset: wholeNumber(0).optional().describe('next_offset of the page before.'),
    },
    gives: 'A page of tasks, and where the next one begins.',
    output: z.strictObject({
      tasks: z.array(task),
      next_offset: z.int().nullable().describe('Null after the last page.'),
    }),
  }),

  createTask: operation('createTask', {
    subject: 'Tasks',
    about: 'Puts a task on the board: ready, waiting for its parents, or in triage.',
    scope: 'write',
    workers: 'anywhere',
    body: newTask,
    gives: 'The task: a new one, or the one that has this idempotency key already.',
    output: z.strictObject({
      task,
      created: z.boolean().describe('False when a task with the same idempotency key was there.'),
      warning: text.optional().describe('The task is ready and nothing is there to start it.'),
    }),
  }),

  getTask: operation('getTask', {
    subject: 'Tasks',
    about: 'Everything about one task.',
    scope: 'read',
    workers: 'own task',
    params: { id: taskId },
    gives:
      'The task with its links, comments, events, runs, holds, files, late reports, workspaces, attempts and usage.',
    output: taskDetail,
  }),

  updateTask: operation('updateTask', {
    subject: 'Tasks',
    about:
      'Changes a task; all of it or, when something is refused, nothing. Leaving running stops the run first.',
    scope: 'write',
    params: { id: taskId },
    body: taskChange,
    gives: 'The task after the change; as it still is while its worker is being stopped.',
    output: z.strictObject({
      task,
      stopping: z
        .boolean()
        .optional()
        .describe('Its worker is being stopped; the task moves once that is done.'),
    }),
  }),

  bulkUpdate: operation('bulkUpdate', {
    subject: 'Tasks',
    about: 'The same change to several tasks; each for itself.',
    scope: 'write',
    body: z.strictObject({
      ids: z.array(taskId).min(1).max(1_000).describe('The tasks to change.'),
      status: optional(status).describe('Where to move them.'),
      assignee: optional(text).describe("'' takes the assignee away."),
      priority: optional(z.int()).describe('Higher runs first.'),
      archive: optional(z.boolean()).describe('The same as the status archived; with no other one.'),
    }),
    gives:
      'For each id, in the order given, whether it was changed, and if not, why. One refusal does not stop the others.',
    output: z.strictObject({
      results: z.array(
        z.strictObject({
          id: text,
          ok: z.boolean(),
          error: text.optional().describe('Why it was not changed.'),
          code: text.optional().describe('The same for programs.'),
          stopping: z
            .boolean()
            .optional()
            .describe('Its worker is being stopped; the task moves once that is done.'),
        }),
      ),
    }),
  }),

  addComment: operation('addComment', {
    subject: 'Tasks',
    about: 'Leaves a remark on a task.',
    scope: 'write',
    workers: 'anywhere',
    params: { id: taskId },
    body: z.strictObject({
      body: text.describe('The remark.'),
      author: optional(text).describe(
        'Who says it; you by default. A worker always signs with its own name.',
      ),
    }),
    gives: 'The comment as it is kept.',
    output: ok.extend({ comment }),
  }),

  addLink: operation('addLink', {
    subject: 'Links',
    about: 'Makes the child wait for the parent.',
    scope: 'write',
    workers: 'anywhere',
    body: z.strictObject({
      parent_id: taskId.describe('The task that is waited for.'),
      child_id: taskId.describe('The task that waits.'),
    }),
    gives: 'The link is there, whether or not it was before.',
    output: ok,
  }),

  removeLink: operation('removeLink', {
    subject: 'Links',
    about: 'The child no longer waits for the parent. `ok` is false when there was no such link.',
    scope: 'write',
    workers: 'anywhere',
    query: {
      parent_id: taskId.describe('The task that is waited for.'),
      child_id: taskId.describe('The task that waits.'),
    },
    gives: 'Whether there was such a link.',
    output: ok,
  }),
}
