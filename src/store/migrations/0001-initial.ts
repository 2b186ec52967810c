/**
 * The first released schema. The six tables of the public vocabulary keep the column names that existing boards have;
 * everything else is in tables of its own. Indexes are partial wherever a status is what a reader asks for, and no index
 * covers a column that a heartbeat changes.
 */
import type { Migration } from './migration.ts'

export const initial: Migration = {
  version: 1,
  name: 'initial',
  statements: ({ serialKey, int, strict }) => [
    `create table board_meta (key text not null primary key, value text not null)${strict}`,

    `create table tasks (
      id text not null primary key,
      title text not null,
      body text,
      assignee text,
      status text not null check (status in ('triage','todo','ready','running','blocked','review','done','archived')),
      priority ${int} not null default 0,
      created_by text,
      created_at ${int} not null,
      started_at ${int},
      completed_at ${int},
      workspace_kind text not null default 'scratch' check (workspace_kind in ('scratch','dir','worktree')),
      workspace_path text,
      claim_lock text,
      claim_expires ${int},
      tenant text,
      result text,
      idempotency_key text,
      spawn_failures ${int} not null default 0,
      worker_pid ${int},
      last_spawn_error text,
      max_runtime_seconds ${int},
      last_heartbeat_at ${int},
      current_run_id ${int},
      workflow_template_id text,
      current_step_key text,
      skills text,
      check ((status = 'running') = (current_run_id is not null))
    )${strict}`,
    `create index tasks_ready on tasks (priority desc, created_at, id) where status = 'ready'`,
    `create index tasks_running on tasks (assignee) where status = 'running'`,
    `create unique index tasks_idempotency on tasks (idempotency_key) where idempotency_key is not null and status <> 'archived'`,

    `create table task_links (
      parent_id text not null references tasks (id),
      child_id text not null references tasks (id),
      primary key (parent_id, child_id),
      check (parent_id <> child_id)
    )${strict}`,
    `create index task_links_child on task_links (child_id)`,

    `create table task_runs (
      id ${serialKey},
      task_id text not null references tasks (id),
      profile text,
      step_key text,
      status text not null,
      claim_lock text,
      claim_expires ${int},
      worker_pid ${int},
      max_runtime_seconds ${int},
      last_heartbeat_at ${int},
      started_at ${int} not null,
      ended_at ${int},
      outcome text,
      summary text,
      metadata text,
      error text,
      check ((ended_at is null) = (outcome is null))
    )${strict}`,
    `create unique index task_runs_open on task_runs (task_id) where ended_at is null`,
    `create index task_runs_task on task_runs (task_id, id)`,
    `create index task_runs_profile on task_runs (profile, id) where profile is not null`,

    `create table task_comments (
      id ${serialKey},
      task_id text not null references tasks (id),
      author text not null,
      body text not null,
      created_at ${int} not null
    )${strict}`,
    `create index task_comments_task on task_comments (task_id, id)`,

    `create table task_events (
      id ${serialKey},
      task_id text references tasks (id),
      run_id ${int},
      kind text not null,
      payload text,
      created_at ${int} not null,
      actor text,
      door text
    )${strict}`,
    `create index task_events_task on task_events (task_id, id)`,

    `create table kanban_notify_subs (
      task_id text not null,
      platform text not null,
      chat_id text not null,
      thread_id text not null default '',
      user_id text,
      created_at ${int} not null,
      last_event_id ${int} not null default 0,
      primary key (task_id, platform, chat_id, thread_id)
    )${strict}`,

    `create table run_processes (
      run_id ${int} not null primary key references task_runs (id),
      task_id text not null references tasks (id),
      host text not null,
      boot_id text not null,
      phase text not null check (phase in ('launching','starting','running','gone')),
      secret_hash text not null,
      runner_pid ${int},
      runner_start text,
      worker_pid ${int},
      worker_start text,
      log_path text,
      gone_at ${int},
      exit_code ${int},
      signal text,
      limit_hit text,
      last_lines text,
      elapsed_seconds ${int},
      killed ${int} not null default 0,
      signature text,
      check ((phase = 'gone') = (gone_at is not null))
    )${strict}`,
    `create unique index run_processes_live on run_processes (task_id) where gone_at is null`,

    `create table run_stops (
      run_id ${int} not null primary key references task_runs (id),
      requested_at ${int} not null,
      actor text not null,
      door text not null,
      reason text not null,
      after text not null
    )${strict}`,

    `create table holds (
      id ${serialKey},
      scope text not null check (scope in ('task','profile','board')),
      target text not null,
      kind text not null check (kind in ('human','approval','time','cooldown','breaker','preflight','pause')),
      reason text not null,
      actor text not null,
      since ${int} not null,
      until ${int},
      lifted_at ${int},
      lifted_by text
    )${strict}`,
    `create unique index holds_open on holds (scope, target, kind) where lifted_at is null`,
    `create index holds_due on holds (until) where lifted_at is null and until is not null`,

    `create table attempt_ledger (
      id ${serialKey},
      task_id text not null references tasks (id),
      run_id ${int},
      profile text,
      day ${int} not null,
      kind text not null check (kind in ('charge','refund','grant')),
      amount ${int} not null check (amount > 0),
      actor text not null,
      reason text not null,
      created_at ${int} not null
    )${strict}`,
    `create index attempt_ledger_task on attempt_ledger (task_id)`,
    `create index attempt_ledger_day on attempt_ledger (profile, day) where kind = 'charge'`,

    `create table late_reports (
      id ${serialKey},
      run_id ${int} not null references task_runs (id),
      task_id text not null references tasks (id),
      verb text not null,
      payload text not null,
      created_at ${int} not null,
      accepted_at ${int},
      accepted_by text
    )${strict}`,
    `create index late_reports_task on late_reports (task_id)`,

    `create table attachments (
      id ${serialKey},
      task_id text not null references tasks (id),
      run_id ${int},
      name text not null,
      size ${int} not null,
      digest text not null,
      mime text,
      created_at ${int} not null,
      created_by text not null
    )${strict}`,
    `create index attachments_task on attachments (task_id)`,
    `create index attachments_digest on attachments (digest)`,

    `create table workspaces (
      id ${serialKey},
      host text not null,
      path text not null,
      kind text not null check (kind in ('scratch','dir','worktree')),
      task_id text not null references tasks (id),
      run_id ${int},
      state text not null check (state in ('leased','kept','trashed','removed')),
      repository text,
      branch text,
      base_commit text,
      reason text,
      created_at ${int} not null,
      released_at ${int},
      trashed_at ${int},
      trash_path text
    )${strict}`,
    `create unique index workspaces_lease on workspaces (host, path) where state = 'leased'`,
    `create unique index workspaces_of_task on workspaces (task_id, host, path)`,
  ],
}
