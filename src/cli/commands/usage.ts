import { usageReportView } from '../../contract/usage-views.ts'
import { tokenCount } from '../../domain/measure.ts'
import { added, NO_AMOUNTS, USAGE_GROUPS, type Amounts, type UsageGroup } from '../../domain/usage.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { span } from '../../lib/amounts.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { choice, command, duration, text } from '../command.ts'
import { table } from '../text/table.ts'
import { costText, tokensText } from '../text/usage-text.ts'

const DAY = 86_400

interface Row extends Amounts {
  readonly key: string | number | null
  readonly name: string
}

export const usage = command({
  about:
    'Sums up what runs used: tokens, cost and time. A cost with ≈ is partly an estimate, one with ? is not known; runs that were claimed by hand use nothing that is counted.',
  effect: 'reads',
  options: {
    by: choice('group', USAGE_GROUPS, 'What each line is about; profile by default.'),
    since: duration('time', 'From the day (UTC) on that was so long ago: 7d, 24h; everything by default.'),
    task: text('id', 'Of this task only.', { completes: 'task' }),
    profile: text('name', 'Of this profile only.', { completes: 'profile' }),
    tenant: text('name', 'Of this tenant only.', { completes: 'tenant' }),
    provider: text('name', 'Of this provider only.'),
    model: text('name', 'Of this model only.'),
  },
  examples: [
    'yard usage --since 7d',
    'yard usage --by day --profile coder',
    'yard usage --by task --json | jq .total',
  ],
  async run(context, { options: { by = 'profile', since, task, profile, tenant, provider, model } }) {
    const kernel = await context.kernel()
    const range = { from: since === undefined ? null : Math.floor((context.now - since) / DAY), to: null }
    const rows = await kernel.readUsage(by, {
      ...range,
      ...(task === undefined ? {} : { task: await kernel.resolveTaskId(task) }),
      ...(profile === undefined ? {} : { profile }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(provider === undefined ? {} : { provider }),
      ...(model === undefined ? {} : { model }),
    })
    const view = usageReportView({ by, ...range }, rows)
    const named = await withNames(
      kernel,
      by,
      rows,
      view.rows.map(({ key }) => key),
    )
    const total: Row = { ...rows.reduce<Amounts>(added, NO_AMOUNTS), key: null, name: 'total' }
    return {
      data: view,
      text: (style) =>
        rows.length === 0
          ? 'Nothing was used yet.'
          : table(
              style,
              [...named, total],
              [
                {
                  head: by.toUpperCase(),
                  cell: ({ name }) => name,
                  least: 12,
                  paint: (own, shown, row) => (row === total ? own.paint('bold', shown) : shown),
                },
                { head: 'RUNS', cell: ({ runs }) => String(runs), keep: 3 },
                { head: 'TIME', cell: ({ runtimeSeconds }) => span(runtimeSeconds), keep: 2 },
                { head: 'TOKENS IN', cell: ({ tokensIn }) => tokensText(tokensIn) },
                { head: 'CACHED', cell: ({ tokensCached }) => tokensText(tokensCached), keep: 1 },
                { head: 'OUT', cell: ({ tokensOut }) => tokensText(tokensOut) },
                { head: 'COST', cell: costText },
              ],
            ),
      ...(rows.length === 0 ? { piped: '' } : {}),
      notices: unknownCost(total),
    }
  },
})

const unknownCost = ({ unpricedTokens }: Amounts): string[] =>
  unpricedTokens === 0
    ? []
    : [
        `The cost of ${tokenCount(unpricedTokens)} tokens is not known: their agents reported none. Give their models a price with budgets.prices in config.yaml.`,
      ]

/** Titles are looked up for so many cards; there may be thousands. */
const TITLES = 100

async function withNames(
  kernel: Kernel,
  by: UsageGroup,
  rows: readonly (Amounts & { readonly key: string | number | null })[],
  order: readonly (string | null)[],
): Promise<Row[]> {
  const key = (row: { readonly key: string | number | null }) =>
    typeof row.key === 'number' ? new Date(row.key * DAY * 1000).toISOString().slice(0, 10) : row.key
  const byKey = new Map(rows.map((row) => [key(row), row]))
  const named: Row[] = []
  for (const each of order) {
    const row = byKey.get(each)
    if (row === undefined) continue
    const title =
      by === 'task' && each !== null && named.length < TITLES ? (await kernel.getTask(each)).title : null
    named.push({ ...row, name: each === null ? 'none' : oneLine(title === null ? each : `${each} ${title}`) })
  }
  return named
}
