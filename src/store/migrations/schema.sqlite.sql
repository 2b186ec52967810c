-- Made by: npm run schema:dump. Shows what the migrations add up to; nothing reads it.

CREATE TABLE attachments (
  id integer not null primary key autoincrement,
  task_id text not null references tasks (id),
  run_id integer,
  name text not null,
  size integer not null,
  digest text not null,
  mime text,
  created_at integer not null,
  created_by text not null
) strict;

CREATE INDEX attachments_digest on attachments (digest);

CREATE INDEX attachments_task on attachments (task_id);

CREATE TABLE attempt_ledger (
  id integer not null primary key autoincrement,
  task_id text not null references tasks (id),
  run_id integer,
  profile text,
  day integer not null,
  kind text not null check (kind in ('charge','refund','grant')),
  amount integer not null check (amount > 0),
  actor text not null,
  reason text not null,
  created_at integer not null
) strict;

CREATE INDEX attempt_ledger_day on attempt_ledger (profile, day) where kind = 'charge';

CREATE INDEX attempt_ledger_task on attempt_ledger (task_id);

CREATE TABLE board_meta (key text not null primary key, value text not null) strict;

CREATE TABLE budget_grants (
  id integer not null primary key autoincrement,
  scope text not null,
  target text not null,
  measure text not null,
  period text not null,
  period_start integer not null,
  amount integer not null,
  reason text not null,
  actor text not null,
  door text not null,
  created_at integer not null
) strict;

CREATE INDEX budget_grants_period on budget_grants (scope, target, measure, period, period_start);

CREATE TABLE budget_notices (
  scope text not null,
  target text not null,
  measure text not null,
  period text not null,
  period_start integer not null,
  level text not null check (level in ('soft','hard')),
  limit_at integer not null,
  told_at integer not null,
  primary key (scope, target, measure, period, period_start, level, limit_at)
) strict;

CREATE TABLE budgets (
  id integer not null primary key autoincrement,
  scope text not null check (scope in ('board','tenant','profile','provider','task')),
  target text not null,
  measure text not null check (measure in ('cost','tokens','runs','runtime')),
  period text not null check (period in ('day','week','month','total')),
  soft integer,
  hard integer,
  stop_running integer not null,
  granters text not null,
  set_at integer not null,
  set_by text not null,
  ended_at integer,
  ended_by text
) strict;

CREATE INDEX budgets_history on budgets (scope, target, id);

CREATE UNIQUE INDEX budgets_open on budgets (scope, target, measure, period) where ended_at is null;

CREATE TABLE comment_runs (
  comment_id integer not null primary key references task_comments (id),
  run_id integer not null references task_runs (id)
) strict;

CREATE TABLE credentials (
  id integer not null primary key autoincrement,
  kind text not null check (kind in ('token','session','login')),
  secret_hash text not null,
  person text not null,
  label text not null,
  scope text not null check (scope in ('read','write','operate')),
  created_at integer not null,
  created_by text not null,
  expires_at integer,
  ended_at integer,
  ended_by text
) strict;

CREATE UNIQUE INDEX credentials_secret on credentials (secret_hash);

CREATE TABLE "holds" (
  id integer not null primary key autoincrement,
  scope text not null check (scope in ('task','profile','provider','board')),
  target text not null,
  kind text not null check (kind in ('human','approval','time','cooldown','breaker','preflight','pause')),
  reason text not null,
  actor text not null,
  since integer not null,
  until integer,
  lifted_at integer,
  lifted_by text
) strict;

CREATE INDEX holds_due on holds (until) where lifted_at is null and until is not null;

CREATE INDEX holds_lifted on holds (target, lifted_at) where lifted_at is not null and scope = 'profile' and kind = 'breaker';

CREATE UNIQUE INDEX holds_open on holds (scope, target, kind) where lifted_at is null;

CREATE TABLE kanban_notify_subs (
  task_id text not null,
  platform text not null,
  chat_id text not null,
  thread_id text not null default '',
  user_id text,
  created_at integer not null,
  last_event_id integer not null default 0,
  primary key (task_id, platform, chat_id, thread_id)
) strict;

CREATE TABLE late_reports (
  id integer not null primary key autoincrement,
  run_id integer not null references task_runs (id),
  task_id text not null references tasks (id),
  verb text not null,
  payload text not null,
  created_at integer not null,
  accepted_at integer,
  accepted_by text
) strict;

CREATE INDEX late_reports_run on late_reports (run_id);

CREATE INDEX late_reports_task on late_reports (task_id);

CREATE TABLE proposed_cards (
  id integer not null primary key autoincrement,
  task_id text not null unique references tasks (id),
  helper_id text not null references triage_requests (helper_id)
) strict;

CREATE INDEX proposed_cards_helper on proposed_cards (helper_id);

CREATE TABLE run_agents (
  run_id integer not null primary key references task_runs (id),
  task_id text not null,
  profile text not null,
  agent text not null,
  provider text not null,
  host text not null,
  cwd text not null,
  fingerprint text not null,
  resumed_from integer,
  session_id text,
  model text,
  answered_at integer,
  last_tool text,
  last_message text,
  tokens_in integer not null,
  tokens_cached integer not null,
  tokens_out integer not null,
  cost_micros integer,
  problem text,
  updated_at integer not null
  , session_tokens_in integer, session_tokens_cached integer, session_tokens_out integer, session_cost_micros integer) strict;

CREATE INDEX run_agents_profile on run_agents (profile, run_id);

CREATE INDEX run_agents_provider on run_agents (provider, run_id);

CREATE INDEX run_agents_task on run_agents (task_id, run_id);

CREATE TABLE run_mail (
  run_id integer not null primary key references task_runs (id),
  heard integer not null
) strict;

CREATE TABLE run_processes (
  run_id integer not null primary key references task_runs (id),
  task_id text not null references tasks (id),
  host text not null,
  boot_id text not null,
  phase text not null check (phase in ('launching','starting','running','gone')),
  secret_hash text not null,
  runner_pid integer,
  runner_start text,
  worker_pid integer,
  worker_start text,
  log_path text,
  gone_at integer,
  exit_code integer,
  signal text,
  limit_hit text,
  last_lines text,
  elapsed_seconds integer,
  killed integer not null default 0,
  signature text,
  check ((phase = 'gone') = (gone_at is not null))
) strict;

CREATE UNIQUE INDEX run_processes_live on run_processes (task_id) where gone_at is null;

CREATE INDEX run_processes_task on run_processes (task_id);

CREATE TABLE run_stops (
  run_id integer not null primary key references task_runs (id),
  requested_at integer not null,
  actor text not null,
  door text not null,
  reason text not null,
  after text not null
) strict;

CREATE TABLE run_usage (
  run_id integer not null references task_runs (id),
  day integer not null,
  task_id text not null,
  tenant text,
  profile text,
  provider text,
  model text,
  runs integer not null,
  runtime_seconds integer not null,
  tokens_in integer not null,
  tokens_cached integer not null,
  tokens_out integer not null,
  cost_micros integer not null,
  estimated_micros integer not null,
  unpriced_tokens integer not null,
  updated_at integer not null,
  primary key (run_id, day)
) strict;

CREATE INDEX run_usage_day on run_usage (day);

CREATE INDEX run_usage_task on run_usage (task_id, run_id);

CREATE TABLE schema_migrations (version integer not null primary key, name text not null, applied_at integer not null) strict;

CREATE VIRTUAL TABLE search_card_words using fts5 (
  title, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE search_cards (no integer not null primary key, task_id text not null unique) strict;

CREATE VIRTUAL TABLE search_remark_words using fts5 (
  said, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE search_remarks (
  id integer not null primary key,
  card integer not null,
  place text not null check (place in ('result','summary','comment')),
  source integer not null,
  unique (card, place, source)
) strict;

CREATE TRIGGER search_comment_added after insert on task_comments when new.body <> '' begin
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.task_id), 'comment', new.id where new.body <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.body, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.task_id) and place = 'comment' and source = new.id;
  end;

CREATE TRIGGER search_comment_changed after update of body on task_comments
  when old.body is not new.body begin
  delete from search_remark_words where rowid = (select id from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'comment' and source = old.id);
  delete from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'comment' and source = old.id;
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.task_id), 'comment', new.id where new.body <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.body, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.task_id) and place = 'comment' and source = new.id;
  end;

CREATE TRIGGER search_comment_removed after delete on task_comments begin
  delete from search_remark_words where rowid = (select id from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'comment' and source = old.id);
  delete from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'comment' and source = old.id;
  end;

CREATE TABLE task_comments (
  id integer not null primary key autoincrement,
  task_id text not null references tasks (id),
  author text not null,
  body text not null,
  created_at integer not null
) strict;

CREATE INDEX task_comments_task on task_comments (task_id, id);

CREATE TABLE task_events (
  id integer not null primary key autoincrement,
  task_id text references tasks (id),
  run_id integer,
  kind text not null,
  payload text,
  created_at integer not null,
  actor text,
  door text
) strict;

CREATE INDEX task_events_task on task_events (task_id, id);

CREATE TABLE task_links (
  parent_id text not null references tasks (id),
  child_id text not null references tasks (id),
  primary key (parent_id, child_id),
  check (parent_id <> child_id)
) strict;

CREATE INDEX task_links_child on task_links (child_id);

CREATE TRIGGER search_summary_added after insert on task_runs when new.summary <> '' begin
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.task_id), 'summary', new.id where new.summary <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.summary, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.task_id) and place = 'summary' and source = new.id;
  end;

CREATE TRIGGER search_summary_changed after update of summary on task_runs
  when old.summary is not new.summary begin
  delete from search_remark_words where rowid = (select id from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'summary' and source = old.id);
  delete from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'summary' and source = old.id;
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.task_id), 'summary', new.id where new.summary <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.summary, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.task_id) and place = 'summary' and source = new.id;
  end;

CREATE TRIGGER search_summary_removed after delete on task_runs begin
  delete from search_remark_words where rowid = (select id from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'summary' and source = old.id);
  delete from search_remarks where card = (select no from search_cards where task_id = old.task_id) and place = 'summary' and source = old.id;
  end;

CREATE TABLE task_runs (
  id integer not null primary key autoincrement,
  task_id text not null references tasks (id),
  profile text,
  step_key text,
  status text not null,
  claim_lock text,
  claim_expires integer,
  worker_pid integer,
  max_runtime_seconds integer,
  last_heartbeat_at integer,
  started_at integer not null,
  ended_at integer,
  outcome text,
  summary text,
  metadata text,
  error text,
  check ((ended_at is null) = (outcome is null))
) strict;

CREATE UNIQUE INDEX task_runs_open on task_runs (task_id) where ended_at is null;

CREATE INDEX task_runs_profile on task_runs (profile, id) where profile is not null;

CREATE INDEX task_runs_task on task_runs (task_id, id);

CREATE TRIGGER search_card_added after insert on tasks begin
  insert into search_cards (task_id) values (new.id);
  insert into search_card_words (rowid, title, body)
  values ((select no from search_cards where task_id = new.id), new.title, substr(new.body, 1, 100000));
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.id), 'result', 0 where new.result <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.result, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.id) and place = 'result' and source = 0;
  end;

CREATE TRIGGER search_card_changed after update of title, body on tasks
  when old.title is not new.title or old.body is not new.body begin
  update search_card_words set title = new.title, body = substr(new.body, 1, 100000) where rowid = (select no from search_cards where task_id = new.id);
  end;

CREATE TRIGGER search_card_removed after delete on tasks begin
  delete from search_remark_words where rowid in (select id from search_remarks where card = (select no from search_cards where task_id = old.id));
  delete from search_remarks where card = (select no from search_cards where task_id = old.id);
  delete from search_card_words where rowid = (select no from search_cards where task_id = old.id);
  delete from search_cards where task_id = old.id;
  end;

CREATE TRIGGER search_result_changed after update of result on tasks
  when old.result is not new.result begin
  delete from search_remark_words where rowid = (select id from search_remarks where card = (select no from search_cards where task_id = old.id) and place = 'result' and source = 0);
  delete from search_remarks where card = (select no from search_cards where task_id = old.id) and place = 'result' and source = 0;
  insert into search_remarks (card, place, source)
  select (select no from search_cards where task_id = new.id), 'result', 0 where new.result <> '';
  insert into search_remark_words (rowid, said)
  select id, substr(new.result, 1, 100000) from search_remarks where card = (select no from search_cards where task_id = new.id) and place = 'result' and source = 0;
  end;

CREATE TABLE tasks (
  id text not null primary key,
  title text not null,
  body text,
  assignee text,
  status text not null check (status in ('triage','todo','ready','running','blocked','review','done','archived')),
  priority integer not null default 0,
  created_by text,
  created_at integer not null,
  started_at integer,
  completed_at integer,
  workspace_kind text not null default 'scratch' check (workspace_kind in ('scratch','dir','worktree')),
  workspace_path text,
  claim_lock text,
  claim_expires integer,
  tenant text,
  result text,
  idempotency_key text,
  spawn_failures integer not null default 0,
  worker_pid integer,
  last_spawn_error text,
  max_runtime_seconds integer,
  last_heartbeat_at integer,
  current_run_id integer,
  workflow_template_id text,
  current_step_key text,
  skills text, created_order integer not null default 0,
  check ((status = 'running') = (current_run_id is not null))
) strict;

CREATE INDEX tasks_board on tasks (status, priority desc, created_at, created_order, id, assignee, tenant);

CREATE INDEX tasks_created on tasks (created_order);

CREATE UNIQUE INDEX tasks_idempotency on tasks (idempotency_key) where idempotency_key is not null and status <> 'archived';

CREATE TABLE triage_requests (
  id integer not null primary key autoincrement,
  helper_id text not null unique references tasks (id),
  subject_id text not null references tasks (id),
  kind text not null check (kind in ('specify','decompose')),
  asked_title text not null,
  asked_body text,
  asked_at integer not null,
  asked_by text not null,
  automatic integer not null check (automatic in (0, 1)),
  text_title text,
  text_body text,
  text_assignee text,
  text_at integer,
  decision text check (decision in ('accepted','rejected')),
  decided_at integer,
  decided_by text,
  check ((text_title is null) = (text_at is null)),
  check ((decision is null) = (decided_at is null))
) strict;

CREATE INDEX triage_requests_subject on triage_requests (subject_id);

CREATE TABLE usage_totals (
  scope text not null check (scope in ('board','tenant','profile','provider','task')),
  target text not null,
  day integer not null,
  runs integer not null,
  runtime_seconds integer not null,
  tokens_in integer not null,
  tokens_cached integer not null,
  tokens_out integer not null,
  cost_micros integer not null,
  estimated_micros integer not null,
  unpriced_tokens integer not null,
  primary key (scope, target, day)
) strict;

CREATE TABLE workspaces (
  id integer not null primary key autoincrement,
  host text not null,
  path text not null,
  kind text not null check (kind in ('scratch','dir','worktree')),
  task_id text not null references tasks (id),
  run_id integer,
  state text not null check (state in ('leased','kept','trashed','removed')),
  repository text,
  branch text,
  base_commit text,
  reason text,
  created_at integer not null,
  released_at integer,
  trashed_at integer,
  trash_path text
) strict;

CREATE UNIQUE INDEX workspaces_lease on workspaces (host, path) where state = 'leased';

CREATE UNIQUE INDEX workspaces_of_task on workspaces (task_id, host, path);

CREATE INDEX workspaces_path on workspaces (host, path);
