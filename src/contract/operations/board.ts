/** The whole board, its numbers and its settings. */
import { z } from 'zod'
import { flag, status, word, wholeNumber } from './fields.ts'
import { operation } from './operation.ts'
import { boardTask, card, seconds, stats, text } from './shapes.ts'

const column = <T extends z.ZodType>(each: T) => ({
  name: status,
  tasks: z.array(each),
})

const common = {
  tenants: z.array(text).describe('Every tenant that has tasks.'),
  assignees: z.array(text).describe('Everybody who has tasks.'),
  latest_event_id: z.int().describe('Where the stream of events goes on: /events?since=<this>.'),
  now: seconds,
}

const board = z
  .strictObject({ columns: z.array(z.strictObject(column(boardTask))), ...common })
  .meta({ id: 'Board' })

const cardBoard = z
  .strictObject({
    columns: z.array(
      z.strictObject({
        ...column(card),
        count: z.int().describe('All cards of the column, not only the ones given.'),
        next_cursor: text.nullable().describe('Give it as cursor, with column, for the next cards.'),
      }),
    ),
    ...common,
  })
  .meta({ id: 'CardBoard' })

export const boardOperations = {
  getBoard: operation('getBoard', {
    subject: 'Board',
    about:
      'The board, column by column. With fields=card a slim form for large boards: no texts, a limited number of cards in each column, with counts and cursors.',
    scope: 'read',
    query: {
      tenant: word.optional().describe('Only tasks of this tenant.'),
      include_archived: flag.optional().describe('With a column for what is filed away.'),
      fields: z
        .enum(['all', 'card'])
        .optional()
        .describe('Every task whole (all, the default), or the slim form of cards (card).'),
      limit: wholeNumber(1, 1_000)
        .optional()
        .describe('Cards in each column; 50 by default. Only with fields=card.'),
      column: status.optional().describe('This column only. Only with fields=card.'),
      cursor: word.optional().describe('From where the column goes on. Only with column.'),
    },
    gives:
      'The columns in their order, each with its tasks. With fields=card each with a page of slim cards, how many there are, and where the next ones begin.',
    tagged: true,
    output: z.union([board, cardBoard]),
  }),

  getStats: operation('getStats', {
    subject: 'Board',
    about:
      'How many tasks there are, by status and by assignee, and how long the oldest ready one has waited.',
    scope: 'read',
    gives: 'The numbers as they are now.',
    output: stats,
  }),

  getConfig: operation('getConfig', {
    subject: 'Board',
    about: 'How the dashboard is set up: dashboard.kanban of the configuration.',
    scope: 'read',
    gives: 'The settings in force.',
    output: z.strictObject({
      default_tenant: text,
      lane_by_profile: z.boolean(),
      include_archived_by_default: z.boolean(),
      render_markdown: z.boolean(),
    }),
  }),

  dispatch: operation('dispatch', {
    subject: 'Board',
    about:
      'One pass of the dispatcher: starts what is ready. A dry run names what would happen and changes nothing.',
    scope: 'operate',
    query: {
      dry_run: flag.optional().describe('Only says what a pass would do.'),
      max: wholeNumber(0, 1_000)
        .optional()
        .describe('Starts at most so many; no limit but the caps by default.'),
    },
    gives: 'What the pass did; of a dry run, what one would do.',
    output: z.strictObject({
      spawned: z.array(z.strictObject({ task_id: text, assignee: text, workspace: text })),
      skipped_unassigned: z.array(text),
      reclaimed: z.array(text),
      promoted: z.array(text),
      crashed: z.array(text),
      timed_out: z.array(text),
      auto_blocked: z.array(text),
      preflight_failed: z.array(z.strictObject({ task_id: text, problem: text })),
      adopted: z.array(z.int()),
      waiting: z.array(z.strictObject({ task_id: text, reason: text })),
    }),
  }),
}
