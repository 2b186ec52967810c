/** Budgets and what was granted on them: a row ends and another takes its place; nothing is ever changed or deleted. */
import { sql } from 'kysely'
import type { Budget, BudgetKey, BudgetLimits, BudgetScope, Period, Targets } from '../../domain/budget.ts'
import type { Measure } from '../../domain/measure.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'
import { stringsFromJson } from './json.ts'

const COLUMNS = [
  'scope',
  'target',
  'measure',
  'period',
  'soft',
  'hard',
  'stop_running as stopRunning',
  'granters',
  'set_at as setAt',
  'set_by as setBy',
] as const

interface Row {
  readonly scope: string
  readonly target: string
  readonly measure: string
  readonly period: string
  readonly soft: number | null
  readonly hard: number | null
  readonly stopRunning: number
  readonly granters: string
  readonly setAt: number
  readonly setBy: string
}

const toBudget = (row: Row): Budget => ({
  ...row,
  scope: row.scope as BudgetScope,
  measure: row.measure as Measure,
  period: row.period as Period,
  stopRunning: row.stopRunning === 1,
  granters: stringsFromJson(row.granters) ?? [],
  origin: 'board',
})

type KeyParams = { scope: string; target: string; measure: string; period: string }

const keyOf = ({ scope, target, measure, period }: BudgetKey): KeyParams => ({
  scope,
  target,
  measure,
  period,
})

const all = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('budgets')
    .select(COLUMNS)
    .where('ended_at', 'is', null)
    .orderBy('scope')
    .orderBy('target')
    .orderBy('measure')
    .orderBy('period'),
)

/** Every budget that is set. */
export const findBudgets = async (db: Connection): Promise<Budget[]> => (await db.all(all, {})).map(toBudget)

const wide = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('budgets')
    .select(COLUMNS)
    .where('ended_at', 'is', null)
    .where('scope', 'in', ['board', 'tenant', 'profile', 'provider']),
)

/** Those that are not about one card. */
export const findWideBudgets = async (db: Connection): Promise<Budget[]> =>
  (await db.all(wide, {})).map(toBudget)

// One look into the index each: one condition with `or` would walk through all budgets of the board.
const over = statement<Record<BudgetScope, string>>()((db, p) => {
  const open = db.selectFrom('budgets').select(COLUMNS).where('ended_at', 'is', null)
  return open
    .where('scope', '=', 'board')
    .where('target', '=', p.board)
    .unionAll(open.where('scope', '=', 'tenant').where('target', '=', p.tenant))
    .unionAll(open.where('scope', '=', 'profile').where('target', '=', p.profile))
    .unionAll(open.where('scope', '=', 'provider').where('target', '=', p.provider))
    .unionAll(open.where('scope', '=', 'task').where('target', '=', p.task))
})

/** The budgets these draw on. */
export const findBudgetsOver = async (db: Connection, targets: Targets): Promise<Budget[]> => {
  const { board = '', tenant = '', profile = '', provider = '', task = '' } = targets
  return (await db.all(over, { board, tenant, profile, provider, task })).map(toBudget)
}

const insert = statement<
  KeyParams & {
    soft: number | null
    hard: number | null
    stopRunning: number
    granters: string
    by: string
    now: number
  }
>()((db, p) =>
  db.insertInto('budgets').values({
    scope: p.scope,
    target: p.target,
    measure: p.measure,
    period: p.period,
    soft: p.soft,
    hard: p.hard,
    stop_running: p.stopRunning,
    granters: p.granters,
    set_at: p.now,
    set_by: p.by,
  }),
)

export const insertBudget = (
  db: Connection,
  key: BudgetKey,
  { soft, hard, stopRunning, granters }: BudgetLimits,
  by: string,
  now: number,
): Promise<number> =>
  db.run(insert, {
    ...keyOf(key),
    soft,
    hard,
    stopRunning: stopRunning ? 1 : 0,
    granters: JSON.stringify(granters),
    by,
    now,
  })

const end = statement<KeyParams & { by: string; now: number }>()((db, p) =>
  db
    .updateTable('budgets')
    .set({ ended_at: p.now, ended_by: p.by })
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('measure', '=', p.measure)
    .where('period', '=', p.period)
    .where('ended_at', 'is', null),
)

/** How many ended: 0 or 1. */
export const endBudget = (db: Connection, key: BudgetKey, by: string, now: number): Promise<number> =>
  db.run(end, { ...keyOf(key), by, now })

const past = statement<KeyParams>()((db, p) =>
  db
    .selectFrom('budgets')
    .select([...COLUMNS, 'ended_at as endedAt', 'ended_by as endedBy'])
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('measure', '=', p.measure)
    .where('period', '=', p.period)
    .orderBy('id'),
)

export interface PastBudget extends Budget {
  readonly endedAt: number | null
  readonly endedBy: string | null
}

/** What was ever set for it, the first first. */
export const findBudgetHistory = async (db: Connection, key: BudgetKey): Promise<PastBudget[]> =>
  (await db.all(past, keyOf(key))).map((row) => ({
    ...toBudget(row),
    endedAt: row.endedAt,
    endedBy: row.endedBy,
  }))

const grant = statement<
  KeyParams & { start: number; amount: number; reason: string; actor: string; door: string; now: number }
>()((db, p) =>
  db.insertInto('budget_grants').values({
    scope: p.scope,
    target: p.target,
    measure: p.measure,
    period: p.period,
    period_start: p.start,
    amount: p.amount,
    reason: p.reason,
    actor: p.actor,
    door: p.door,
    created_at: p.now,
  }),
)

export interface BudgetGrant {
  /** The first day of the period it is for, as a number of days since 1970-01-01 UTC. */
  readonly periodStart: number
  readonly amount: number
  readonly reason: string
  readonly actor: string
  readonly createdAt: number
}

export const insertGrant = (
  db: Connection,
  key: BudgetKey,
  { periodStart, amount, reason, actor, createdAt, door }: BudgetGrant & { readonly door: string },
): Promise<number> =>
  db.run(grant, { ...keyOf(key), start: periodStart, amount, reason, actor, door, now: createdAt })

const grants = statement<KeyParams>()((db, p) =>
  db
    .selectFrom('budget_grants')
    .select(['period_start as periodStart', 'amount', 'reason', 'actor', 'created_at as createdAt'])
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('measure', '=', p.measure)
    .where('period', '=', p.period)
    .orderBy('id'),
)

/** What was ever granted on it, the first first. */
export const findGrants = (db: Connection, key: BudgetKey): Promise<BudgetGrant[]> =>
  db.all(grants, keyOf(key))

// On PostgreSQL a subquery with an offset, carried out for each budget: its index is then looked into a few times, where
// the whole table would be read otherwise.
const granted = statement<{ asked: string }>()((db, p, { name }) => {
  const isAsked = sql`g.scope = ask.value ->> 1 and g.target = ask.value ->> 2 and g.measure = ask.value ->> 3
    and g.period = ask.value ->> 4 and g.period_start = cast(ask.value ->> 5 as bigint)`
  const from =
    name === 'sqlite'
      ? sql`json_each(${p.asked}) as ask cross join budget_grants g on ${isAsked}`
      : sql`jsonb_array_elements(cast(${p.asked} as jsonb)) as ask
          cross join lateral (select * from budget_grants g where ${isAsked} offset 0) g`
  const query = sql<{
    n: number
    amount: number
  }>`select cast(ask.value ->> 0 as bigint) as n, sum(g.amount) as amount from ${from} group by 1`
  return { compile: () => query.compile(db) }
})

/** What was granted on each budget for the period that begins on its day, in their order. */
export async function sumGrants(
  db: Connection,
  asked: readonly (BudgetKey & { readonly periodStart: number })[],
): Promise<number[]> {
  if (asked.length === 0) return []
  const list = asked.map(({ scope, target, measure, period, periodStart }, index) => [
    index,
    scope,
    target,
    measure,
    period,
    periodStart,
  ])
  const rows = await db.all(granted, { asked: JSON.stringify(list) })
  const byIndex = new Map(rows.map(({ n, amount }) => [n, amount]))
  return asked.map((_, index) => byIndex.get(index) ?? 0)
}

const notice = statement<KeyParams & { start: number; level: string; limit: number; now: number }>()(
  (db, p) =>
    db
      .insertInto('budget_notices')
      .values({
        scope: p.scope,
        target: p.target,
        measure: p.measure,
        period: p.period,
        period_start: p.start,
        level: p.level,
        limit_at: p.limit,
        told_at: p.now,
      })
      .onConflict((conflict) => conflict.doNothing()),
)

export interface Notice {
  readonly level: 'soft' | 'hard'
  readonly limit: number
  /** The first day of the period. */
  readonly periodStart: number
}

/** Remembers that people were told; false when they were told before. */
export const tellOnce = async (
  db: Connection,
  key: BudgetKey,
  { level, limit, periodStart }: Notice,
  now: number,
): Promise<boolean> => (await db.run(notice, { ...keyOf(key), level, limit, start: periodStart, now })) === 1

const told = statement<KeyParams & { start: number; level: string; limit: number }>()((db, p) =>
  db
    .selectFrom('budget_notices')
    .select('told_at as toldAt')
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('measure', '=', p.measure)
    .where('period', '=', p.period)
    .where('period_start', '=', p.start)
    .where('level', '=', p.level)
    .where('limit_at', '=', p.limit),
)

/** Since when the limit is reached; null when nobody noticed yet. */
export const findToldAt = async (
  db: Connection,
  key: BudgetKey,
  { level, limit, periodStart }: Notice,
): Promise<number | null> =>
  (await db.get(told, { ...keyOf(key), level, limit, start: periodStart }))?.toldAt ?? null
