/** What keeps the board, a profile or a provider from starting anything; a task has its own pause. */
import { z } from 'zod'
import { HOLD_SCOPES } from '../../domain/hold.ts'
import { optional } from './fields.ts'
import { operation } from './operation.ts'
import { hold, text } from './shapes.ts'

const target = {
  scope: z.enum(HOLD_SCOPES).exclude(['task']).describe('What is held.'),
  target: optional(text).describe('The name of the profile or provider.'),
}

export const holdOperations = {
  listHolds: operation('listHolds', {
    subject: 'Holds',
    about: 'Everything that is held now, whole board, profiles and providers as well as single tasks.',
    scope: 'read',
    gives: 'The holds, each with its reason and who is behind it.',
    output: z.strictObject({ holds: z.array(hold) }),
  }),

  pause: operation('pause', {
    subject: 'Holds',
    about:
      'Starts nothing new for the whole board, a profile or a provider, from this moment on. What runs goes on.',
    scope: 'operate',
    body: z.strictObject({ ...target, reason: optional(text).describe('Why, for whoever wonders.') }),
    gives: 'What is held, and the runs that may still start.',
    output: z.strictObject({
      scope: target.scope,
      target: text,
      reason: text,
      starting_runs: z
        .array(z.int())
        .describe('Runs that had passed the last check before, and may still start.'),
    }),
  }),

  resume: operation('resume', {
    subject: 'Holds',
    about: 'Lifts a pause, and what paused a profile, a provider or the board by rule.',
    scope: 'operate',
    body: z.strictObject(target),
    gives: 'The holds that were lifted.',
    output: z.strictObject({ scope: target.scope, target: text, lifted: z.array(hold) }),
  }),
}
