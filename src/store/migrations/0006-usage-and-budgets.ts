/**
 * What runs used, one row for each run and day, with running totals by board, tenant, profile, provider and task; budgets
 * on them, and what was granted on top. What is on the board already is counted with the day its run ended on.
 */
import type { Migration } from './migration.ts'

const AMOUNTS = [
  'runs',
  'runtime_seconds',
  'tokens_in',
  'tokens_cached',
  'tokens_out',
  'cost_micros',
  'estimated_micros',
  'unpriced_tokens',
] as const

const SCOPES = [
  ['board', `'*'`],
  ['tenant', 'tenant'],
  ['profile', 'profile'],
  ['provider', 'provider'],
  ['task', 'task_id'],
] as const

const grouped = (target: string, by: string): string => (target === `'*'` ? by : `${target}, ${by}`)

export const usageAndBudgets: Migration = {
  version: 6,
  name: 'usage-and-budgets',
  statements: ({ serialKey, int, strict }) => {
    const amounts = AMOUNTS.map((name) => `${name} ${int} not null`).join(',\n      ')
    const sums = AMOUNTS.map((name) => `sum(${name})`).join(', ')
    return [
      // Where the counters of a session stood that an agent goes on counting in later runs.
      `alter table run_agents add column session_tokens_in ${int}`,
      `alter table run_agents add column session_tokens_cached ${int}`,
      `alter table run_agents add column session_tokens_out ${int}`,
      `create table run_usage (
      run_id ${int} not null references task_runs (id),
      day ${int} not null,
      task_id text not null,
      tenant text,
      profile text,
      provider text,
      model text,
      ${amounts},
      updated_at ${int} not null,
      primary key (run_id, day)
    )${strict}`,
      `create index run_usage_day on run_usage (day)`,
      `create index run_usage_task on run_usage (task_id, run_id)`,
      `create table usage_totals (
      scope text not null check (scope in ('board','tenant','profile','provider','task')),
      target text not null,
      day ${int} not null,
      ${amounts},
      primary key (scope, target, day)
    )${strict}`,
      `create table budgets (
      id ${serialKey},
      scope text not null check (scope in ('board','tenant','profile','provider','task')),
      target text not null,
      measure text not null check (measure in ('cost','tokens','runs','runtime')),
      period text not null check (period in ('day','week','month','total')),
      soft ${int},
      hard ${int},
      stop_running ${int} not null,
      granters text not null,
      set_at ${int} not null,
      set_by text not null,
      ended_at ${int},
      ended_by text
    )${strict}`,
      `create unique index budgets_open on budgets (scope, target, measure, period) where ended_at is null`,
      `create index budgets_history on budgets (scope, target, id)`,
      `create table budget_grants (
      id ${serialKey},
      scope text not null,
      target text not null,
      measure text not null,
      period text not null,
      period_start ${int} not null,
      amount ${int} not null,
      reason text not null,
      actor text not null,
      door text not null,
      created_at ${int} not null
    )${strict}`,
      `create index budget_grants_period on budget_grants (scope, target, measure, period, period_start)`,
      `create table budget_notices (
      scope text not null,
      target text not null,
      measure text not null,
      period text not null,
      period_start ${int} not null,
      level text not null check (level in ('soft','hard')),
      limit_at ${int} not null,
      told_at ${int} not null,
      primary key (scope, target, measure, period, period_start, level, limit_at)
    )${strict}`,
      `insert into run_usage (run_id, day, task_id, tenant, profile, provider, model, ${AMOUNTS.join(', ')}, updated_at)
      select r.id, coalesce(r.ended_at, r.started_at) / 86400, r.task_id, t.tenant, r.profile, a.provider, a.model,
        1, coalesce(p.elapsed_seconds, 0), coalesce(a.tokens_in, 0), coalesce(a.tokens_cached, 0), coalesce(a.tokens_out, 0),
        coalesce(a.cost_micros, 0), 0,
        case when coalesce(a.cost_micros, 0) = 0 then coalesce(a.tokens_in, 0) + coalesce(a.tokens_out, 0) else 0 end,
        coalesce(r.ended_at, r.started_at)
      from task_runs r
      join run_processes p on p.run_id = r.id
      join tasks t on t.id = r.task_id
      left join run_agents a on a.run_id = r.id`,
      // The totals of each day, and under day -1 those of all days.
      ...SCOPES.flatMap(([scope, target]) => [
        `insert into usage_totals (scope, target, day, ${AMOUNTS.join(', ')})
      select '${scope}', ${target}, day, ${sums} from run_usage where ${target} is not null group by ${grouped(target, 'day')}`,
        `insert into usage_totals (scope, target, day, ${AMOUNTS.join(', ')})
      select '${scope}', ${target}, -1, ${sums} from run_usage where ${target} is not null ${
        scope === 'board' ? 'having count(*) > 0' : `group by ${target}`
      }`,
      ]),
    ]
  },
}
