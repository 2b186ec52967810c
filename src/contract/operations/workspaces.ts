/** Where tasks are worked on, what was changed there, and what is in the trash. */
import { z } from 'zod'
import { flag, rowId, status, taskId, word } from './fields.ts'
import { operation } from './operation.ts'
import { numberOrNull, seconds, text, textOrNull, workspace } from './shapes.ts'

const ownedWorkspace = workspace
  .extend({
    task_title: textOrNull,
    task_status: status.nullable(),
    is_here: z.boolean().describe('Whether it is on the machine of this server.'),
    size_bytes: numberOrNull
      .optional()
      .describe('Only with sizes; null when nothing is there, or elsewhere.'),
  })
  .meta({ id: 'OwnedWorkspace' })

export const workspaceOperations = {
  listWorkspaces: operation('listWorkspaces', {
    subject: 'Workspaces',
    about: 'Every workspace: which task it belongs to, whether it is in use, kept or gone, and why.',
    scope: 'read',
    query: {
      task: taskId.optional().describe('Only workspaces of this task.'),
      all: flag.optional().describe('Also those that are gone.'),
      sizes: flag.optional().describe('Measures them; takes a while.'),
    },
    gives: 'The workspaces, each with the task it belongs to.',
    output: z.strictObject({ workspaces: z.array(ownedWorkspace) }),
  }),

  getWorkspaceDiff: operation('getWorkspaceDiff', {
    subject: 'Workspaces',
    about:
      'What was changed in a workspace since its task began: commits, uncommitted changes and new files as one unified diff.',
    scope: 'read',
    params: { id: rowId.describe('The number of the workspace, as the list has it.') },
    gives: 'The changes; is_git is false where there is nothing to compare with.',
    output: z.strictObject({
      workspace_id: z.int(),
      task_id: text,
      is_git: z
        .boolean()
        .describe('False for a folder that is in no repository: there is nothing to compare.'),
      base: textOrNull.describe('The commit it is counted from.'),
      stat: text.describe('One line a file.'),
      diff: text,
      truncated: z.boolean().describe('The diff was too long, and ends early.'),
      not_shown: z.array(text).describe('New files that are too many or too big to be read by a person.'),
    }),
  }),

  listTrash: operation('listTrash', {
    subject: 'Workspaces',
    about: 'Workspaces in the trash of this machine, the oldest first.',
    scope: 'read',
    gives: 'What is in the trash.',
    output: z.strictObject({
      entries: z.array(
        z.strictObject({ name: text, task_id: text, from: text, trashed_at: seconds, reason: text }),
      ),
    }),
  }),

  restoreWorkspace: operation('restoreWorkspace', {
    subject: 'Workspaces',
    about: 'Takes a workspace out of the trash, to where it stood.',
    scope: 'operate',
    params: { name: word.describe('Its name in the trash.') },
    body: z.strictObject({}),
    gives: 'Where it stands again.',
    output: z.strictObject({ name: text, path: text }),
  }),
}
