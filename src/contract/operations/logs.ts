/** The log of one run: what its worker printed, and of an agent what it did, now or as it is written. */
import { z } from 'zod'
import { flag, runId, wholeNumber } from './fields.ts'
import { operation } from './operation.ts'
import { text, textOrNull } from './shapes.ts'

const tail = wholeNumber(1, 2_000_000).optional().describe('The last so many bytes only.')
const follow = flag.optional().describe('Goes on with what is written, until the run has ended or you leave.')

const own = { subject: 'Runs', scope: 'read', workers: 'own run', params: { id: runId } } as const

export const logOperations = {
  getRunLog: operation('getRunLog', {
    ...own,
    about: 'What the worker of a run printed; secrets are masked.',
    query: { tail },
    gives: 'The log, or its end. Without one, exists is false and content empty.',
    output: z.strictObject({
      run_id: z.int(),
      task_id: text,
      path: textOrNull,
      exists: z.boolean(),
      size_bytes: z.int(),
      content: text,
      truncated: z.boolean(),
    }),
  }),

  streamRunLog: operation('streamRunLog', {
    ...own,
    about: 'The same as plain text, whole or from the tail on; followed, it arrives as it is printed.',
    query: { tail, follow },
    gives: 'Whole lines, as fast as you read them.',
    output: { media: 'text/plain' },
  }),

  streamRunItems: operation('streamRunItems', {
    ...own,
    about:
      'What an agent did, in the same words for every agent: one JSON object a line, with `at` and `kind` (message, thinking, tool, result, usage, error and the like).',
    query: { tail, follow },
    gives: 'One JSON object a line, as fast as you read them.',
    output: { media: 'application/jsonl' },
  }),
}
