/**
 * What an agent does in a run: its session, what it used, what it did last. And holds on a provider, whose limits all
 * profiles share that use it.
 */
import type { Migration } from './migration.ts'

export const runAgents: Migration = {
  version: 4,
  name: 'run-agents',
  statements: ({ serialKey, int, strict }) => [
    `create table run_agents (
      run_id ${int} not null primary key references task_runs (id),
      task_id text not null,
      profile text not null,
      agent text not null,
      provider text not null,
      host text not null,
      cwd text not null,
      fingerprint text not null,
      resumed_from ${int},
      session_id text,
      model text,
      answered_at ${int},
      last_tool text,
      last_message text,
      tokens_in ${int} not null,
      tokens_cached ${int} not null,
      tokens_out ${int} not null,
      cost_micros ${int},
      problem text,
      updated_at ${int} not null
    )${strict}`,
    `create index run_agents_task on run_agents (task_id, run_id)`,
    `create index run_agents_provider on run_agents (provider, run_id)`,
    `create index run_agents_profile on run_agents (profile, run_id)`,
    `create table holds_wider (
      id ${serialKey},
      scope text not null check (scope in ('task','profile','provider','board')),
      target text not null,
      kind text not null check (kind in ('human','approval','time','cooldown','breaker','preflight','pause')),
      reason text not null,
      actor text not null,
      since ${int} not null,
      until ${int},
      lifted_at ${int},
      lifted_by text
    )${strict}`,
    // Numbered anew, in the same order: only the order of holds counts.
    `insert into holds_wider (scope, target, kind, reason, actor, since, until, lifted_at, lifted_by)
      select scope, target, kind, reason, actor, since, until, lifted_at, lifted_by from holds order by id`,
    `drop table holds`,
    `alter table holds_wider rename to holds`,
    `create unique index holds_open on holds (scope, target, kind) where lifted_at is null`,
    `create index holds_due on holds (until) where lifted_at is null and until is not null`,
    `create index holds_lifted on holds (target, lifted_at) where lifted_at is not null and scope = 'profile' and kind = 'breaker'`,
  ],
}
