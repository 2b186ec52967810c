/** Usage: what runs cost, and the budgets that hold new ones back. */
import { z } from 'zod'
import { BUDGET_ID_RULE, BUDGET_SCOPES, PERIODS } from '../../domain/budget.ts'
import { MEASURES, UNITS } from '../../domain/measure.ts'
import { USAGE_GROUPS } from '../../domain/usage.ts'
import { moment, optional, taskId, word } from './fields.ts'
import { operation } from './operation.ts'
import { ok, seconds, secondsOrNull, text, textOrNull, usage } from './shapes.ts'

const amount = z.number().min(0).describe('In US dollars, tokens, runs or seconds, as the measure says.')
const amountOrNull = amount.nullable()

export const budget = z
  .strictObject({
    id: text.describe(`The ${BUDGET_ID_RULE}.`),
    scope: z.enum(BUDGET_SCOPES),
    target: text.describe('* for the board.'),
    measure: z.enum(MEASURES),
    period: z.enum(PERIODS),
    unit: z.enum(Object.values(UNITS)),
    soft: amountOrNull.describe('From here on people are told that it is near.'),
    hard: amountOrNull.describe('From here on no run opens.'),
    granted: amount.describe('On top of the hard limit, in this period.'),
    spent: amount,
    left: amountOrNull,
    standing: z.enum(['free', 'near', 'reached']),
    unpriced_tokens: z.int().describe('Tokens whose cost nobody knows: a budget of cost cannot see them.'),
    stop_running: z.boolean().describe('Whether open runs are ended when the hard limit is reached.'),
    granters: z.array(text).describe('Who may change it and grant more; none: any person.'),
    origin: z
      .enum(['board', 'profile', 'config'])
      .describe(
        'board: somebody set it. The others are defaults: from the file of a profile, or the configuration.',
      ),
    set_at: secondsOrNull,
    set_by: textOrNull,
    period_start: seconds,
    period_end: secondsOrNull.describe('Null: it never ends. Periods begin and end at midnight UTC.'),
  })
  .meta({ id: 'Budget' })

const id = word.describe(`The ${BUDGET_ID_RULE}.`)

export const usageOperations = {
  readUsage: operation('readUsage', {
    subject: 'Usage',
    about: 'What runs used: tokens, cost and time, by task, profile, tenant, provider, model or day.',
    scope: 'read',
    query: {
      by: z.enum(USAGE_GROUPS).optional().describe('profile by default.'),
      since: moment.optional().describe('Unix time: from the day (UTC) on that it lies in.'),
      until: moment.optional().describe('Unix time: up to the day (UTC) that it lies in.'),
      task: taskId.optional().describe('Only runs of this task.'),
      profile: word.optional().describe('Only runs of this profile.'),
      tenant: word.optional().describe('Only runs of tasks of this tenant.'),
      provider: word.optional().describe('Only what this provider was asked for.'),
      model: word.optional().describe('Only what this model was asked for.'),
    },
    gives: 'The sums, row by row, and all of them together.',
    output: z.strictObject({
      by: z.enum(USAGE_GROUPS),
      since: textOrNull.describe('The first day.'),
      until: textOrNull.describe('The last day.'),
      rows: z.array(
        usage
          .extend({
            key: textOrNull.describe('The task, profile and so on; a day as YYYY-MM-DD; null for none.'),
          })
          .meta({ id: 'UsageRow' }),
      ),
      total: usage,
    }),
  }),

  listBudgets: operation('listBudgets', {
    subject: 'Usage',
    about:
      'Every budget in force, with how it stands. Those that hold for each single task by default are not listed.',
    scope: 'read',
    gives: 'The budgets, each with what was spent of it and what is left.',
    output: z.strictObject({ budgets: z.array(budget) }),
  }),

  getBudget: operation('getBudget', {
    subject: 'Usage',
    about: 'One budget, with all that was ever set and granted on it.',
    scope: 'read',
    params: { id },
    gives: 'The budget with its history.',
    output: z.strictObject({
      budget,
      grants: z.array(
        z.strictObject({
          amount,
          reason: text,
          granted_by: text,
          granted_at: seconds,
          period_start: seconds,
        }),
      ),
      history: z.array(
        z.strictObject({
          soft: amountOrNull,
          hard: amountOrNull,
          stop_running: z.boolean(),
          granters: z.array(text),
          set_at: secondsOrNull,
          set_by: textOrNull,
          ended_at: secondsOrNull,
          ended_by: textOrNull,
        }),
      ),
    }),
  }),

  setBudget: operation('setBudget', {
    subject: 'Usage',
    about:
      'Sets a budget, in place of the one that was set or a default. It counts from the next run that would open; what was spent stays spent.',
    scope: 'operate',
    params: { id },
    body: z.strictObject({
      soft: optional(amount).describe('From here on people are told that it is near.'),
      hard: optional(amount).describe('From here on no run opens.'),
      stop_running: optional(z.boolean()).describe('Also ends open runs when the hard limit is reached.'),
      granters: optional(z.array(text).max(100)).describe(
        'Who may change it and grant more; any person by default.',
      ),
    }),
    gives: 'The budget as it is in force now.',
    output: z.strictObject({ budget }),
  }),

  removeBudget: operation('removeBudget', {
    subject: 'Usage',
    about: 'Ends a budget that somebody set; a default counts again.',
    scope: 'operate',
    params: { id },
    gives: 'The budget is not in force any more.',
    output: ok,
  }),

  grantBudget: operation('grantBudget', {
    subject: 'Usage',
    about: 'Grants more on a budget, for its present period. Tasks it held resume by themselves.',
    scope: 'operate',
    params: { id },
    body: z.strictObject({ amount, reason: optional(text).describe('Why, for whoever looks at it later.') }),
    gives: 'The budget with what was granted.',
    output: z.strictObject({ budget }),
    status: 201,
  }),
}
