/** The tables as Kysely sees them. The truth about them is in `migrations/`; a test compares the two. */
import type { Generated } from 'kysely'

export interface TasksTable {
  id: string
  title: string
  body: string | null
  assignee: string | null
  status: string
  priority: number
  created_by: string | null
  created_at: number
  started_at: number | null
  completed_at: number | null
  workspace_kind: string
  workspace_path: string | null
  claim_lock: string | null
  claim_expires: number | null
  tenant: string | null
  result: string | null
  idempotency_key: string | null
  spawn_failures: number
  worker_pid: number | null
  last_spawn_error: string | null
  max_runtime_seconds: number | null
  last_heartbeat_at: number | null
  current_run_id: number | null
  workflow_template_id: string | null
  current_step_key: string | null
  skills: string | null
  /** Grows with every card: tells which of two cards of one second is the older one. */
  created_order: Generated<number>
}

export interface TaskLinksTable {
  parent_id: string
  child_id: string
}

export interface TaskRunsTable {
  id: Generated<number>
  task_id: string
  profile: string | null
  step_key: string | null
  status: string
  claim_lock: string | null
  claim_expires: number | null
  worker_pid: number | null
  max_runtime_seconds: number | null
  last_heartbeat_at: number | null
  started_at: number
  ended_at: number | null
  outcome: string | null
  summary: string | null
  metadata: string | null
  error: string | null
}

export interface TaskCommentsTable {
  id: Generated<number>
  task_id: string
  author: string
  body: string
  created_at: number
}

export interface TaskEventsTable {
  id: Generated<number>
  task_id: string | null
  run_id: number | null
  kind: string
  payload: string | null
  created_at: number
  actor: string | null
  door: string | null
}

export interface NotifySubsTable {
  task_id: string
  platform: string
  chat_id: string
  thread_id: string
  user_id: string | null
  created_at: number
  last_event_id: number
}

/** The operating-system side of a dispatched run, its fence and its evidence. */
export interface RunProcessesTable {
  run_id: number
  task_id: string
  host: string
  boot_id: string
  phase: string
  secret_hash: string
  runner_pid: number | null
  runner_start: string | null
  worker_pid: number | null
  worker_start: string | null
  log_path: string | null
  gone_at: number | null
  exit_code: number | null
  signal: string | null
  limit_hit: string | null
  last_lines: string | null
  elapsed_seconds: number | null
  killed: number
  signature: string | null
}

/** What an agent does in a run. */
export interface RunAgentsTable {
  run_id: number
  task_id: string
  profile: string
  agent: string
  provider: string
  host: string
  cwd: string
  fingerprint: string
  resumed_from: number | null
  session_id: string | null
  model: string | null
  answered_at: number | null
  last_tool: string | null
  last_message: string | null
  tokens_in: number
  tokens_cached: number
  tokens_out: number
  cost_micros: number | null
  problem: string | null
  updated_at: number
  session_tokens_in: number | null
  session_tokens_cached: number | null
  session_tokens_out: number | null
  session_cost_micros: number | null
}

/** What a run used on one day. */
export interface RunUsageTable {
  run_id: number
  day: number
  task_id: string
  tenant: string | null
  profile: string | null
  provider: string | null
  model: string | null
  runs: number
  runtime_seconds: number
  tokens_in: number
  tokens_cached: number
  tokens_out: number
  cost_micros: number
  estimated_micros: number
  unpriced_tokens: number
  updated_at: number
}

/** Running totals of {@link RunUsageTable}; day -1 stands for all days together. */
export interface UsageTotalsTable {
  scope: string
  target: string
  day: number
  runs: number
  runtime_seconds: number
  tokens_in: number
  tokens_cached: number
  tokens_out: number
  cost_micros: number
  estimated_micros: number
  unpriced_tokens: number
}

/** A budget is never changed: it ends, and another one takes its place. */
export interface BudgetsTable {
  id: Generated<number>
  scope: string
  target: string
  measure: string
  period: string
  soft: number | null
  hard: number | null
  stop_running: number
  granters: string
  set_at: number
  set_by: string
  ended_at: number | null
  ended_by: string | null
}

export interface BudgetGrantsTable {
  id: Generated<number>
  scope: string
  target: string
  measure: string
  period: string
  period_start: number
  amount: number
  reason: string
  actor: string
  door: string
  created_at: number
}

/** That a limit was reached is told once in a period, and once more for each new limit. */
export interface BudgetNoticesTable {
  scope: string
  target: string
  measure: string
  period: string
  period_start: number
  level: string
  limit_at: number
  told_at: number
}

export interface RunStopsTable {
  run_id: number
  requested_at: number
  actor: string
  door: string
  reason: string
  after: string
}

export interface RunMailTable {
  run_id: number
  heard: number
}

export interface CommentRunsTable {
  comment_id: number
  run_id: number
}

export interface HoldsTable {
  id: Generated<number>
  scope: string
  target: string
  kind: string
  reason: string
  actor: string
  since: number
  until: number | null
  lifted_at: number | null
  lifted_by: string | null
}

export interface AttemptLedgerTable {
  id: Generated<number>
  task_id: string
  run_id: number | null
  profile: string | null
  day: number
  kind: string
  amount: number
  actor: string
  reason: string
  created_at: number
}

/** What a worker said after its run had ended: kept, never applied by itself. */
export interface LateReportsTable {
  id: Generated<number>
  run_id: number
  task_id: string
  verb: string
  payload: string
  created_at: number
  accepted_at: number | null
  accepted_by: string | null
}

export interface AttachmentsTable {
  id: Generated<number>
  task_id: string
  run_id: number | null
  name: string
  size: number
  digest: string
  mime: string | null
  created_at: number
  created_by: string
}

export interface WorkspacesTable {
  id: Generated<number>
  host: string
  /** Canonical path: what a lease is about. */
  path: string
  kind: string
  task_id: string
  run_id: number | null
  state: string
  repository: string | null
  branch: string | null
  base_commit: string | null
  reason: string | null
  created_at: number
  released_at: number | null
  trashed_at: number | null
  trash_path: string | null
}

/** Tokens, browser sessions and login links: what the server takes for an answer to "who are you". */
export interface CredentialsTable {
  id: Generated<number>
  kind: string
  secret_hash: string
  person: string
  label: string
  scope: string
  created_at: number
  created_by: string
  expires_at: number | null
  ended_at: number | null
  ended_by: string | null
}

/** Help that was asked for with a rough card, with the text that was proposed for it. */
export interface TriageRequestsTable {
  id: Generated<number>
  helper_id: string
  subject_id: string
  kind: string
  asked_title: string
  asked_body: string | null
  asked_at: number
  asked_by: string
  automatic: number
  text_title: string | null
  text_body: string | null
  text_assignee: string | null
  text_at: number | null
  decision: string | null
  decided_at: number | null
  decided_by: string | null
}

/** Cards that were proposed, each with the card whose run proposed it. */
export interface ProposedCardsTable {
  id: Generated<number>
  task_id: string
  helper_id: string
}

export interface BoardMetaTable {
  key: string
  value: string
}

export interface SchemaMigrationsTable {
  version: number
  name: string
  applied_at: number
}

export interface Tables {
  tasks: TasksTable
  task_links: TaskLinksTable
  task_runs: TaskRunsTable
  task_comments: TaskCommentsTable
  task_events: TaskEventsTable
  kanban_notify_subs: NotifySubsTable
  run_processes: RunProcessesTable
  run_agents: RunAgentsTable
  run_usage: RunUsageTable
  usage_totals: UsageTotalsTable
  budgets: BudgetsTable
  budget_grants: BudgetGrantsTable
  budget_notices: BudgetNoticesTable
  run_stops: RunStopsTable
  run_mail: RunMailTable
  comment_runs: CommentRunsTable
  holds: HoldsTable
  attempt_ledger: AttemptLedgerTable
  late_reports: LateReportsTable
  attachments: AttachmentsTable
  workspaces: WorkspacesTable
  credentials: CredentialsTable
  triage_requests: TriageRequestsTable
  proposed_cards: ProposedCardsTable
  board_meta: BoardMetaTable
  schema_migrations: SchemaMigrationsTable
}
