/** Finding tasks by the words in them. */
import { z } from 'zod'
import { flag, status, wholeNumber, word, words } from './fields.ts'
import { operation } from './operation.ts'
import { seconds, secondsOrNull, text, textOrNull } from './shapes.ts'

/** What is shown of a text, and where the hits are in it. */
const excerpt = {
  text: text.describe('On one line, with … where the text goes on. Plain text, never markup.'),
  marks: z
    .array(z.strictObject({ start: z.int(), end: z.int() }))
    .describe('The hits in it, in UTF-16 units; end is behind the last one.'),
}

const hit = z
  .strictObject({
    in: z.enum(['body', 'result', 'summary', 'comment']),
    author: text
      .nullable()
      .optional()
      .describe('Who wrote the comment; the profile of the run of a summary.'),
    comment_id: z.int().optional(),
    run_id: z.int().optional(),
    at: seconds.optional(),
    ...excerpt,
  })
  .meta({ id: 'SearchHit' })

const result = z
  .strictObject({
    task: z.strictObject({
      id: text,
      title: text,
      status,
      assignee: textOrNull,
      tenant: textOrNull,
      priority: z.int(),
      created_at: seconds,
      completed_at: secondsOrNull,
    }),
    title: z.strictObject(excerpt).describe('The whole title.'),
    hits: z.array(hit).describe('Where else it was found: at most four, the body first.'),
  })
  .meta({ id: 'SearchResult' })

export const searchOperations = {
  searchTasks: operation('searchTasks', {
    subject: 'Search',
    about:
      'Tasks by words in title, body, comments, results and summaries of runs, the archive included. All words must be there; "words in quotes" in a row; word* and the last word as a beginning; -word must not be there. Titles come first, then bodies, then what was said; the newest first in each.',
    scope: 'read',
    query: {
      q: z.string().max(1_000).describe('What somebody typed; nothing in it is an error.'),
      status: words(status).optional().describe('Only tasks of these statuses, separated by commas.'),
      assignee: word.optional().describe("'none' for tasks of nobody."),
      tenant: word.optional().describe('Only tasks of this tenant.'),
      archived: flag.optional().describe('false leaves the archive out.'),
      limit: wholeNumber(1, 100).optional().describe('20 by default.'),
      cursor: word.optional().describe('next_cursor of the page before.'),
    },
    gives: 'A page of what was found, the best first, each with the places where the words are.',
    output: z.strictObject({
      results: z.array(result),
      next_cursor: textOrNull.describe('Null after the last page.'),
    }),
  }),
}
