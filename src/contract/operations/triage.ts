/** Rough tasks: have them worked out, and decide on what was proposed. */
import { z } from 'zod'
import { PROPOSAL_STATES, TRIAGE_KINDS } from '../../domain/triage.ts'
import { optional, status, taskId, word } from './fields.ts'
import { operation } from './operation.ts'
import { seconds, task, text, textOrNull } from './shapes.ts'

const asked = {
  subject: 'Triage',
  scope: 'write',
  params: { id: taskId },
  body: z.strictObject({
    profile: optional(word).describe('The orchestrator that does it; by default that of the settings.'),
  }),
  output: z.strictObject({
    task: task.describe('The task whose run works it out.'),
    created: z.boolean().describe('False when the same was asked for before and is under way.'),
    warning: text.optional().describe('Nothing is there to start it.'),
  }),
} as const

const proposals = z
  .strictObject({
    kind: z.enum(TRIAGE_KINDS),
    task_id: text.describe('The rough task.'),
    helper_id: text.describe('The task whose run proposes.'),
    helper_status: status,
    profile: textOrNull,
    asked: z
      .strictObject({ title: text, body: textOrNull, at: seconds, by: text })
      .describe('What the rough task said when help was asked for.'),
    automatic: z.boolean().describe('Asked for by a setting of the board.'),
    stale: z.boolean().describe('The rough task was edited since.'),
    text: z
      .strictObject({
        title: text,
        body: textOrNull,
        assignee: textOrNull,
        proposed_at: seconds,
        decision: z.enum(['accepted', 'rejected']).nullable(),
      })
      .nullable()
      .describe('What the rough task should say instead.'),
    cards: z.array(
      z.strictObject({
        id: text,
        title: text,
        assignee: textOrNull,
        status,
        state: z.enum(PROPOSAL_STATES),
      }),
    ),
  })
  .meta({ id: 'Proposals' })

const decided = z.strictObject({
  tasks: z.array(task).describe('The proposed tasks as they are now.'),
  subjects: z.array(task).describe('The rough tasks they were proposed for.'),
})

const ids = z.array(taskId).min(1).max(1_000)

export const triageOperations = {
  specifyTask: operation('specifyTask', {
    ...asked,
    about: 'Has a rough task worked out: a run of an orchestrator proposes a better text for it.',
    gives: 'The task whose run works it out: a new one, or the one that is at it.',
  }),

  decomposeTask: operation('decomposeTask', {
    ...asked,
    about:
      'Has a rough task split: a run of an orchestrator proposes tasks, which nothing runs before they are released.',
    gives: 'The task whose run splits it: a new one, or the one that is at it.',
  }),

  acceptText: operation('acceptText', {
    subject: 'Triage',
    about: 'Gives a rough task the text that was proposed for it. Refused when it was edited since.',
    scope: 'write',
    params: { id: taskId },
    body: z.strictObject({
      anyway: optional(z.boolean()).describe('Also when it was edited since.'),
      ready: optional(z.boolean()).describe('And makes it work, instead of leaving it in triage.'),
    }),
    gives: 'The rough task with its new text.',
    output: z.strictObject({ task }),
  }),

  listProposals: operation('listProposals', {
    subject: 'Triage',
    about:
      'What is being worked out or waits for a decision; of one rough task, everything that was ever proposed.',
    scope: 'read',
    query: {
      task: taskId.optional().describe('Only what was proposed for this rough task, decided or not.'),
    },
    gives: 'Each time that help was asked for, with what was proposed and what became of it.',
    output: z.strictObject({ proposals: z.array(proposals) }),
  }),

  releaseProposals: operation('releaseProposals', {
    subject: 'Triage',
    about: 'Lets proposed tasks go: all of them or, when one is refused, none.',
    scope: 'write',
    body: z.strictObject({
      ids: ids.describe('Proposed tasks, or rough tasks of which all proposals are meant.'),
    }),
    gives: 'The tasks that were let go, and the rough tasks they were proposed for.',
    output: decided,
  }),

  rejectProposals: operation('rejectProposals', {
    subject: 'Triage',
    about: 'Files proposed tasks away; with the id of a rough task also the text proposed for it.',
    scope: 'write',
    body: z.strictObject({
      ids: ids.describe('Proposed tasks, or rough tasks of which all proposals are meant.'),
    }),
    gives: 'The tasks that were filed away, and the rough tasks they were proposed for.',
    output: decided,
  }),
}
