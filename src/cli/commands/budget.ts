import { budgetDetailView, budgetView } from '../../contract/usage-views.ts'
import { amountText, inUnits, parseAmount } from '../../domain/measure.ts'
import {
  BUDGET_ID_RULE,
  budgetId,
  parseBudgetId,
  standing,
  stateText,
  type BudgetState,
} from '../../domain/budget.ts'
import { relative } from '../../lib/amounts.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { any, argument, command, flag, text, texts, UsageError } from '../command.ts'
import { table } from '../text/table.ts'
import { budgetLines, limitText, paintStanding } from '../text/usage-text.ts'

const id = argument(
  `The budget: ${BUDGET_ID_RULE}. Scopes: board, tenant, profile, provider, task; measures: cost, tokens, runs, runtime; periods: day, week, month, total.`,
)
const AMOUNT = 'US dollars (5, 0.50), tokens (200k, 2m), runs (10) or time (3h), as the measure says.'

export const budgetList = command({
  about:
    'Lists the budgets in force: what was used in the present period, and what may be. Budgets that hold for each single task by default are not listed; see them with yard show.',
  effect: 'reads',
  examples: ['yard budget list', 'yard budget list --json | jq \'.[] | select(.standing == "reached")\''],
  async run(context) {
    await context.services.heedProfiles()
    const states = await (await context.kernel()).listBudgets()
    return {
      data: states.map(budgetView),
      text: (style) =>
        states.length === 0
          ? 'There is no budget.'
          : table(style, states, [
              { head: 'BUDGET', cell: (state) => oneLine(budgetId(state)), least: 16 },
              { head: 'USED', cell: ({ measure, spent }) => amountText(measure, spent) },
              {
                head: 'SOFT',
                cell: ({ measure, soft }) => (soft === null ? '' : amountText(measure, soft)),
                keep: 2,
              },
              { head: 'HARD', cell: limitText },
              {
                head: 'STANDS',
                cell: standing,
                paint: (own, shown, state) => paintStanding(own, state, shown),
              },
              {
                head: 'ENDS',
                cell: ({ periodEnd }) => (periodEnd === null ? '' : relative(periodEnd, style.now)),
                keep: 3,
              },
              { head: 'FROM', cell: ({ origin, setBy }) => oneLine(setBy ?? origin), keep: 1 },
            ]),
      ...(states.length === 0 ? { piped: '', next: ['yard budget set board:cost:day --hard 20'] } : {}),
    }
  },
})

export const budgetShow = command({
  about: 'Shows one budget: how it stands, what was granted on it, and who set what.',
  effect: 'reads',
  arguments: { id },
  examples: ['yard budget show profile:coder:cost:day'],
  async run(context, { arguments: { id: wanted } }) {
    await context.services.heedProfiles()
    const details = await (await context.kernel()).showBudget(parseBudgetId(wanted))
    const { state, grants, history } = details
    return {
      data: budgetDetailView(details),
      text: (style) =>
        [
          ...budgetLines(style, state),
          ...(grants.length === 0 ? [] : ['', style.paint('underline', 'Grants')]),
          ...grants.map(
            (grant) =>
              `  ${amountText(state.measure, grant.amount)} by ${oneLine(grant.actor)}, ${relative(grant.createdAt, style.now)}: ${oneLine(grant.reason)}`,
          ),
          ...(history.length < 2 ? [] : ['', style.paint('underline', 'Before')]),
          ...history
            .filter(({ endedAt }) => endedAt !== null)
            .map(
              (past) =>
                `  ${past.hard === null ? 'no hard limit' : amountText(state.measure, past.hard)}, set by ${oneLine(past.setBy ?? '')}, ended by ${oneLine(past.endedBy ?? '')} ${relative(past.endedAt ?? 0, style.now)}`,
            ),
        ].join('\n'),
    }
  },
})

export const budgetSet = command({
  about:
    'Sets a budget, in place of what was set or configured. It counts from the next run that would open; runs that are open go on unless --stop-running says otherwise. Claims by hand are not held.',
  effect: 'changes',
  arguments: { id },
  options: {
    hard: text('amount', `From here on no run opens: ${AMOUNT}`),
    soft: text('amount', 'From here on people are told that it is near.'),
    'stop-running': flag(
      'When the hard limit is reached, end the runs that are open; their tasks wait for a person.',
    ),
    granter: texts('name', 'Who may change it and grant more; any person by default.'),
  },
  examples: [
    'yard budget set board:cost:day --hard 20 --soft 15',
    'yard budget set profile:coder:tokens:week --hard 50m --granter alice',
    'yard budget set task:t_1a2b3c4d:cost:total --hard 2 --stop-running',
  ],
  async run(context, { arguments: { id: wanted }, options }) {
    const { hard, soft, granter } = options
    if (hard === undefined && soft === undefined)
      throw new UsageError('Give a limit: --hard <amount>, --soft <amount>, or both.')
    await context.services.heedProfiles()
    const key = parseBudgetId(wanted)
    const state = await (
      await context.kernel()
    ).setBudget(
      key,
      {
        hard: hard === undefined ? null : parseAmount(key.measure, hard),
        soft: soft === undefined ? null : parseAmount(key.measure, soft),
        stopRunning: options['stop-running'] ?? false,
        granters: granter,
      },
      context.actor,
    )
    return {
      data: budgetView(state),
      text: (style) => budgetLines(style, state).join('\n'),
      warnings: reachedAlready(state),
    }
  },
})

const reachedAlready = (state: BudgetState): string[] =>
  standing(state) === 'reached' ? [`It is used up already: ${stateText(state)}.`] : []

export const budgetGrant = command({
  about:
    'Grants more on a budget, for its present period: tasks that it held start at once. Only a person may, and only one of its granters where it has any.',
  effect: 'changes',
  arguments: { id, amount: argument(AMOUNT), reason: any('Why.') },
  examples: ['yard budget grant profile:coder:cost:day 5 the release must go out today'],
  async run(context, { arguments: { id: wanted, amount, reason } }) {
    await context.services.heedProfiles()
    const key = parseBudgetId(wanted)
    const state = await (
      await context.kernel()
    ).grantBudget(key, { amount: parseAmount(key.measure, amount), reason: reason.join(' ') }, context.actor)
    return {
      data: { ...budgetView(state), amount: inUnits(key.measure, parseAmount(key.measure, amount)) },
      text: (style) => budgetLines(style, state).join('\n'),
      warnings: reachedAlready(state),
    }
  },
})

export const budgetRemove = command({
  about: 'Ends a budget that somebody set; a default from the profile or the configuration counts again.',
  effect: 'changes',
  arguments: { id },
  examples: ['yard budget remove profile:coder:cost:day'],
  async run(context, { arguments: { id: wanted } }) {
    await context.services.heedProfiles()
    const key = parseBudgetId(wanted)
    await (await context.kernel()).removeBudget(key, context.actor)
    return { data: { id: budgetId(key), removed: true }, text: () => `Removed ${budgetId(key)}` }
  },
})
