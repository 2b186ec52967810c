/** What is done with one task, verb by verb, as on the command line. */
import { z } from 'zod'
import { metadata, optional, taskId } from './fields.ts'
import { operation } from './operation.ts'
import { hold, numberOrNull, reason, task, text, textOrNull } from './shapes.ts'

const completion = z.strictObject({
  result: optional(text).describe('What came out.'),
  summary: optional(text).describe('What was done; the result when it is left out.'),
  metadata: optional(metadata).describe('Facts; "artifacts" names files of the workspace to keep.'),
})

const moved = z.strictObject({ task })
const movedOrStopping = moved.extend({
  stopping: z.boolean().optional().describe('Its worker is being stopped; the task moves once that is done.'),
})

const nothing = z.strictObject({})
/** Of a person or a program in a person's name. */
const byPeople = { subject: 'Moves', scope: 'write', params: { id: taskId } } as const
/** Also of the worker whose own task it is. */
const byWorkers = { ...byPeople, workers: 'own task' } as const

export const moveOperations = {
  claimTask: operation('claimTask', {
    ...byPeople,
    about:
      'Takes a ready task to be worked on by hand, and makes its workspace. Keep it with heartbeats. Losing is an answer: `claimed` is false, and `refused` says what keeps the task.',
    body: z.strictObject({
      ttl_seconds: optional(z.int().min(1).max(31_536_000)).describe(
        'How long the claim lasts without a heartbeat; kanban.claim_ttl_seconds by default.',
      ),
    }),
    gives: 'The run that was opened and its workspace; or, when the claim was lost, what keeps the task.',
    output: z.strictObject({
      claimed: z.boolean(),
      task,
      run_id: numberOrNull,
      workspace: textOrNull.describe('A folder on the machine of the server.'),
      refused: reason.nullable(),
    }),
  }),

  heartbeatTask: operation('heartbeatTask', {
    ...byWorkers,
    about: 'A sign of life from whoever works on a running task; extends a claim by hand.',
    body: z.strictObject({ note: optional(text).describe('How far the work is.') }),
    gives: 'The task, with its claim extended.',
    output: moved,
  }),

  completeTask: operation('completeTask', {
    ...byWorkers,
    about:
      'The work is done. Files that the metadata names are kept before the completion is acknowledged. The worker of a task that runs is stopped first when somebody else says so.',
    body: completion,
    gives: 'The task, done; still running while its worker is being stopped.',
    output: movedOrStopping,
  }),

  blockTask: operation('blockTask', {
    ...byWorkers,
    about: 'Somebody is needed before the work can go on.',
    body: z.strictObject({ reason: optional(text).describe('The question, or what is missing.') }),
    gives: 'The task, blocked; still running while its worker is being stopped.',
    output: movedOrStopping,
  }),

  reviewTask: operation('reviewTask', {
    ...byWorkers,
    about: 'Hands the work over for a second pair of eyes. The reviewer is never the author.',
    body: completion,
    gives: 'The task, in review; still running while its worker is being stopped.',
    output: movedOrStopping,
  }),

  sendBackTask: operation('sendBackTask', {
    ...byPeople,
    about: 'The reviewer wants changes: the remarks become a comment, and the task goes back to work.',
    body: z.strictObject({ remarks: text.describe('What should change.') }),
    gives: 'The task, back at work.',
    output: moved,
  }),

  unblockTask: operation('unblockTask', {
    ...byPeople,
    about: 'The question is answered: back to work, or to waiting while a parent is open.',
    body: nothing,
    gives: 'The task, ready; todo while a parent is open.',
    output: moved,
  }),

  retryTask: operation('retryTask', {
    ...byPeople,
    scope: 'operate',
    about:
      'Another attempt now: ends waits and holds, and grants attempts beyond the ceiling. A task that is done is taken up again.',
    body: z.strictObject({
      attempts: optional(z.int().min(0).max(1_000)).describe(
        'Attempts to grant on top; by default 1 if none is left, else 0.',
      ),
    }),
    gives: 'The task, ready for the attempt.',
    output: moved,
  }),

  stopTask: operation('stopTask', {
    ...byPeople,
    about:
      'Stops the run of a task: its whole process tree is ended, and the task stays down until somebody unblocks it.',
    body: z.strictObject({
      reason: optional(text).describe('Why, for whoever looks at it later.'),
      destination: optional(z.enum(['hold', 'ready', 'archive'])).describe(
        'What becomes of the task; hold by default.',
      ),
    }),
    gives: 'The task; still running until its processes are gone.',
    output: movedOrStopping,
  }),

  pauseTask: operation('pauseTask', {
    ...byPeople,
    about: 'Nothing new starts for this task from this moment on. What runs goes on.',
    body: z.strictObject({ reason: optional(text).describe('Why, for whoever wonders.') }),
    gives: 'The task, and the runs of it that may still start.',
    output: z.strictObject({
      task,
      starting_runs: z
        .array(z.int())
        .describe('Runs that had passed the last check before, and may still start.'),
    }),
  }),

  resumeTask: operation('resumeTask', {
    ...byPeople,
    about: 'Lifts the pause of this task.',
    body: nothing,
    gives: 'The task, and the pauses that were lifted.',
    output: z.strictObject({ task, lifted: z.array(hold) }),
  }),

  archiveTask: operation('archiveTask', {
    ...byPeople,
    about: 'Files a task away. One that runs is stopped first.',
    body: nothing,
    gives: 'The task, archived; still running while its worker is being stopped.',
    output: movedOrStopping,
  }),

  restoreTask: operation('restoreTask', {
    ...byPeople,
    about: 'Takes a task out of the archive, to where it was.',
    body: nothing,
    gives: 'The task, where it was before.',
    output: moved,
  }),

  acceptLateReport: operation('acceptLateReport', {
    ...byPeople,
    about:
      'Accepts what a worker reported after its run had ended; it counts as the word of whoever accepts it from then on.',
    body: z.strictObject({ report_id: z.int().min(1).describe('As late_reports of the task has it.') }),
    gives: 'The task, moved as the report says.',
    output: movedOrStopping,
  }),
}
