/** The ledger of what runs used, and its running totals: both are written together, and only by adding. */
import { sql, type Kysely } from 'kysely'
import { NO_AMOUNTS, type Amounts, type DayAmounts, type UsageGroup } from '../../domain/usage.ts'
import type { Targets } from '../../domain/budget.ts'
import type { Connection, WriteTransaction } from '../connection.ts'
import type { Tables } from '../schema.ts'
import { adHoc, statement } from '../statement.ts'

/** Stands in the totals for all days together. */
const ALL_DAYS = -1

/** Whose run it is: fixed when it opens, whatever becomes of the card. */
export interface UsageOwner {
  readonly runId: number
  readonly taskId: string
  readonly tenant: string | null
  readonly profile: string | null
  readonly provider: string | null
}

export interface UsageRow extends DayAmounts, UsageOwner {
  readonly model: string | null
  readonly updatedAt: number
}

const AMOUNTS = [
  'runs',
  'runtime_seconds as runtimeSeconds',
  'tokens_in as tokensIn',
  'tokens_cached as tokensCached',
  'tokens_out as tokensOut',
  'cost_micros as costMicros',
  'estimated_micros as estimatedMicros',
  'unpriced_tokens as unpricedTokens',
] as const

const rowsOf = (db: Kysely<Tables>, p: { runId: number }) =>
  db
    .selectFrom('run_usage')
    .select([
      'run_id as runId',
      'day',
      'task_id as taskId',
      'tenant',
      'profile',
      'provider',
      'model',
      'updated_at as updatedAt',
      ...AMOUNTS,
    ])
    .where('run_id', '=', p.runId)
    .orderBy('day')

const ofRun = statement<{ runId: number }>()((db, p) => rowsOf(db, p))
const ofRunLocked = statement<{ runId: number }>()((db, p, dialect) => dialect.lock(rowsOf(db, p)))

/** What a run used, the first day first. */
export const findUsageOfRun = (db: Connection, runId: number): Promise<UsageRow[]> => db.all(ofRun, { runId })

/** The same for whoever adds to it: what is told of one run at the same moment is decided upon one after the other. */
export const lockUsageOfRun = (tx: WriteTransaction, runId: number): Promise<UsageRow[]> =>
  tx.all(ofRunLocked, { runId })

type AmountParams = { [Name in keyof Amounts]: number }

const addToRow = statement<
  AmountParams & {
    runId: number
    day: number
    taskId: string
    tenant: string | null
    profile: string | null
    provider: string | null
    model: string | null
    now: number
  }
>()((db, p) =>
  db
    .insertInto('run_usage')
    .values({
      run_id: p.runId,
      day: p.day,
      task_id: p.taskId,
      tenant: p.tenant,
      profile: p.profile,
      provider: p.provider,
      model: p.model,
      runs: p.runs,
      runtime_seconds: p.runtimeSeconds,
      tokens_in: p.tokensIn,
      tokens_cached: p.tokensCached,
      tokens_out: p.tokensOut,
      cost_micros: p.costMicros,
      estimated_micros: p.estimatedMicros,
      unpriced_tokens: p.unpricedTokens,
      updated_at: p.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'day']).doUpdateSet((eb) => ({
        model: eb.fn.coalesce(eb.ref('excluded.model'), eb.ref('run_usage.model')),
        runs: eb('run_usage.runs', '+', eb.ref('excluded.runs')),
        runtime_seconds: eb('run_usage.runtime_seconds', '+', eb.ref('excluded.runtime_seconds')),
        tokens_in: eb('run_usage.tokens_in', '+', eb.ref('excluded.tokens_in')),
        tokens_cached: eb('run_usage.tokens_cached', '+', eb.ref('excluded.tokens_cached')),
        tokens_out: eb('run_usage.tokens_out', '+', eb.ref('excluded.tokens_out')),
        cost_micros: eb('run_usage.cost_micros', '+', eb.ref('excluded.cost_micros')),
        estimated_micros: eb('run_usage.estimated_micros', '+', eb.ref('excluded.estimated_micros')),
        unpriced_tokens: eb('run_usage.unpriced_tokens', '+', eb.ref('excluded.unpriced_tokens')),
        updated_at: eb.ref('excluded.updated_at'),
      })),
    ),
)

// All totals of a run in one statement, the board's first: on PostgreSQL whoever adds waits there, and nobody for each other.
const addToTotals = statement<AmountParams & { places: string }>()((db, p, { name }) => ({
  compile: () =>
    sql`insert into usage_totals
      (scope, target, day, runs, runtime_seconds, tokens_in, tokens_cached, tokens_out, cost_micros, estimated_micros, unpriced_tokens)
    select place.value ->> 0, place.value ->> 1, cast(place.value ->> 2 as bigint), cast(${p.runs} as bigint),
      cast(${p.runtimeSeconds} as bigint), cast(${p.tokensIn} as bigint), cast(${p.tokensCached} as bigint),
      cast(${p.tokensOut} as bigint), cast(${p.costMicros} as bigint), cast(${p.estimatedMicros} as bigint),
      cast(${p.unpricedTokens} as bigint)
    from ${listed(p.places, name)} as place where true
    on conflict (scope, target, day) do update set
      runs = usage_totals.runs + excluded.runs,
      runtime_seconds = usage_totals.runtime_seconds + excluded.runtime_seconds,
      tokens_in = usage_totals.tokens_in + excluded.tokens_in,
      tokens_cached = usage_totals.tokens_cached + excluded.tokens_cached,
      tokens_out = usage_totals.tokens_out + excluded.tokens_out,
      cost_micros = usage_totals.cost_micros + excluded.cost_micros,
      estimated_micros = usage_totals.estimated_micros + excluded.estimated_micros,
      unpriced_tokens = usage_totals.unpriced_tokens + excluded.unpriced_tokens`.compile(db),
}))

/** The entries of a JSON list, each as `value`. */
const listed = (json: string, dialect: 'sqlite' | 'postgres') =>
  dialect === 'sqlite' ? sql`json_each(${json})` : sql`jsonb_array_elements(cast(${json} as jsonb))`

/** Adds to the row of a run and day, and to every total it belongs to. The last thing a transaction does before its events. */
export async function addUsage(
  db: Connection,
  owner: UsageOwner & { readonly model: string | null },
  { day, ...amounts }: DayAmounts,
  now: number,
): Promise<void> {
  const { runId, taskId, tenant, profile, provider, model } = owner
  await db.run(addToRow, { ...amounts, runId, day, taskId, tenant, profile, provider, model, now })
  const targets: Targets = {
    board: '*',
    ...(tenant === null ? {} : { tenant }),
    ...(profile === null ? {} : { profile }),
    ...(provider === null ? {} : { provider }),
    task: taskId,
  }
  const places = Object.entries(targets).flatMap(([scope, target]) => [
    [scope, target, day],
    [scope, target, ALL_DAYS],
  ])
  await db.run(addToTotals, { ...amounts, places: JSON.stringify(places) })
}

const sums = statement<{ ranges: string }>()((db, p, { name }) => ({
  compile: () =>
    sql<
      { n: number } & Amounts
    >`select cast(place.value ->> 0 as bigint) as n, coalesce(sum(runs), 0) as runs,
      coalesce(sum(runtime_seconds), 0) as "runtimeSeconds", coalesce(sum(tokens_in), 0) as "tokensIn",
      coalesce(sum(tokens_cached), 0) as "tokensCached", coalesce(sum(tokens_out), 0) as "tokensOut",
      coalesce(sum(cost_micros), 0) as "costMicros", coalesce(sum(estimated_micros), 0) as "estimatedMicros",
      coalesce(sum(unpriced_tokens), 0) as "unpricedTokens"
    from ${listed(p.ranges, name)} as place left join ${totalsAt(name)}
    group by 1`.compile(db),
}))

/**
 * The totals of one place. PostgreSQL takes the list for longer than it is, and would rather read the whole table once than
 * look into its index a few times: a subquery with an offset is carried out for each place.
 */
const totalsAt = (dialect: 'sqlite' | 'postgres') => {
  const isAt = sql`u.scope = place.value ->> 1 and u.target = place.value ->> 2
    and u.day >= cast(place.value ->> 3 as bigint) and u.day <= cast(place.value ->> 4 as bigint)`
  return dialect === 'sqlite'
    ? sql`usage_totals u on ${isAt}`
    : sql`lateral (select * from usage_totals u where ${isAt} offset 0) u on true`
}

/** A total that is asked for: one target's, over these days. */
export interface TotalRange {
  readonly scope: string
  readonly target: string
  readonly from: number
  /** The first day after it; null: all days there ever were. */
  readonly to: number | null
}

/** The totals of each range, in the order of the ranges. */
export async function sumUsage(db: Connection, ranges: readonly TotalRange[]): Promise<Amounts[]> {
  if (ranges.length === 0) return []
  const asked = ranges.map(({ scope, target, from, to }, index) =>
    to === null ? [index, scope, target, ALL_DAYS, ALL_DAYS] : [index, scope, target, from, to - 1],
  )
  const rows = await db.all(sums, { ranges: JSON.stringify(asked) })
  const byIndex = new Map(rows.map(({ n, ...amounts }) => [n, amounts]))
  return ranges.map((_, index) => byIndex.get(index) ?? NO_AMOUNTS)
}

const ofProfiles = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('usage_totals')
    .select(['target as profile', ...AMOUNTS])
    .where('scope', '=', 'profile')
    .where('day', '=', ALL_DAYS),
)

/** All that each profile ever used. */
export const findUsageOfProfiles = (db: Connection): Promise<(Amounts & { readonly profile: string })[]> =>
  db.all(ofProfiles, {})

export interface UsageFilter {
  /** Days as numbers since 1970-01-01 UTC; `to` is the first one after. */
  readonly from: number | null
  readonly to: number | null
  readonly task?: string
  readonly profile?: string
  readonly tenant?: string
  readonly provider?: string
  readonly model?: string
}

export interface UsageSum extends Amounts {
  /** What the group is about; null where there is none: no tenant, a program without a provider. A day is its number. */
  readonly key: string | number | null
}

const GROUPED = {
  task: 'task_id',
  profile: 'profile',
  tenant: 'tenant',
  provider: 'provider',
  model: 'model',
  day: 'day',
} as const satisfies Record<UsageGroup, string>

/** What was used, by group. */
export const groupUsage = (db: Connection, by: UsageGroup, filter: UsageFilter): Promise<UsageSum[]> =>
  db.all(
    adHoc(db.dialect, (kysely) => {
      let query = kysely
        .selectFrom('run_usage')
        .select((eb) => eb.ref(GROUPED[by]).as('key'))
        .select(({ fn }) => [
          fn.sum<number>('runs').as('runs'),
          fn.sum<number>('runtime_seconds').as('runtimeSeconds'),
          fn.sum<number>('tokens_in').as('tokensIn'),
          fn.sum<number>('tokens_cached').as('tokensCached'),
          fn.sum<number>('tokens_out').as('tokensOut'),
          fn.sum<number>('cost_micros').as('costMicros'),
          fn.sum<number>('estimated_micros').as('estimatedMicros'),
          fn.sum<number>('unpriced_tokens').as('unpricedTokens'),
        ])
        .groupBy(GROUPED[by])
        .orderBy(GROUPED[by])
      if (filter.from !== null) query = query.where('day', '>=', filter.from)
      if (filter.to !== null) query = query.where('day', '<', filter.to)
      for (const name of ['task', 'profile', 'tenant', 'provider', 'model'] as const) {
        const wanted = filter[name]
        if (wanted !== undefined) query = query.where(GROUPED[name], '=', wanted)
      }
      return query
    }),
    {},
  )

const perRun = statement<{ taskId: string }>()((db, p) =>
  db
    .selectFrom('run_usage')
    .select(({ fn }) => [
      'run_id as runId',
      fn.sum<number>('runs').as('runs'),
      fn.sum<number>('runtime_seconds').as('runtimeSeconds'),
      fn.sum<number>('tokens_in').as('tokensIn'),
      fn.sum<number>('tokens_cached').as('tokensCached'),
      fn.sum<number>('tokens_out').as('tokensOut'),
      fn.sum<number>('cost_micros').as('costMicros'),
      fn.sum<number>('estimated_micros').as('estimatedMicros'),
      fn.sum<number>('unpriced_tokens').as('unpricedTokens'),
    ])
    .where('task_id', '=', p.taskId)
    .groupBy('run_id'),
)

/** What each run of a card used. */
export const findUsageOfTask = async (db: Connection, taskId: string): Promise<Map<number, Amounts>> =>
  new Map((await db.all(perRun, { taskId })).map(({ runId, ...amounts }) => [runId, amounts]))
