/** The tasks, runs and people that the examples are about: one small board. */
import type { Output } from '../operations/table.ts'

type Task = Output<'createTask'>['task']
type Run = Output<'getRun'>['run']

/** The first second of 2026, UTC. */
export const NOW = 1_767_225_600

export const task: Task = {
  id: 't_1a2b3c4d',
  title: 'Write the release notes',
  body: 'Everything since 1.4, for people who use it.',
  assignee: 'writer',
  status: 'ready',
  priority: 3,
  created_by: 'alice',
  created_at: NOW - 3_600,
  started_at: null,
  completed_at: null,
  workspace_kind: 'scratch',
  workspace_path: null,
  claim_lock: null,
  claim_expires: null,
  tenant: 'acme',
  result: null,
  idempotency_key: null,
  spawn_failures: 0,
  worker_pid: null,
  last_spawn_error: null,
  max_runtime_seconds: null,
  last_heartbeat_at: null,
  current_run_id: null,
  workflow_template_id: null,
  current_step_key: null,
  skills: null,
}

export const running: Task = {
  ...task,
  status: 'running',
  started_at: NOW - 60,
  workspace_path: '/home/alice/.yardmaster/workspaces/t_1a2b3c4d',
  claim_lock: 'yard-1:4711',
  claim_expires: NOW + 840,
  worker_pid: 4_712,
  last_heartbeat_at: NOW - 5,
  current_run_id: 7,
}

export const blocked: Task = { ...task, status: 'blocked' }

export const done: Task = {
  ...task,
  status: 'done',
  started_at: NOW - 600,
  completed_at: NOW,
  result: 'notes.md',
}

export const rough: Task = {
  ...task,
  id: 't_5e6f7a8b',
  title: 'faster start?',
  body: null,
  assignee: null,
  status: 'triage',
}

export const usage: Output<'readUsage'>['total'] = {
  runs: 1,
  runtime_seconds: 540,
  tokens_in: 41_000,
  tokens_cached: 30_000,
  tokens_out: 5_200,
  cost_usd: 0.42,
  estimated_usd: 0,
  unpriced_tokens: 0,
}

export const run: Run = {
  id: 7,
  task_id: task.id,
  profile: 'writer',
  step_key: null,
  status: 'completed',
  claim_lock: 'yard-1:4711',
  claim_expires: null,
  worker_pid: 4_712,
  max_runtime_seconds: null,
  last_heartbeat_at: NOW - 5,
  started_at: NOW - 600,
  ended_at: NOW,
  outcome: 'completed',
  summary: 'Wrote the notes from 38 merged changes.',
  metadata: { artifacts: ['notes.md'] },
  error: null,
  exit_code: 0,
  signal: null,
  limit: null,
  last_lines: 'Wrote notes.md',
  host: 'yard-1',
  phase: 'gone',
  log_path: '/home/alice/.yardmaster/logs/runs/t_1a2b3c4d-7.log',
  usage,
}

export const comment: Output<'addComment'>['comment'] = {
  id: 12,
  task_id: task.id,
  author: 'alice',
  body: 'The breaking changes first, please.',
  created_at: NOW - 300,
}

export const event: Output<'listEvents'>['events'][number] = {
  id: 42,
  task_id: task.id,
  run_id: null,
  kind: 'commented',
  payload: { author: 'alice', len: 35 },
  created_at: NOW - 300,
  actor: 'alice',
  door: 'http',
}

export const pause: Output<'listHolds'>['holds'][number] = {
  scope: 'profile',
  target: 'coder',
  kind: 'pause',
  reason: 'release today',
  actor: 'alice',
  since: NOW - 120,
  until: null,
}

export const file: Output<'addAttachment'>['attachment'] = {
  id: 3,
  task_id: task.id,
  run_id: 7,
  name: 'notes.md',
  size: 2_048,
  digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  mime: 'text/markdown',
  created_at: NOW,
  created_by: 'writer',
}

export const workspace: Output<'getTask'>['workspaces'][number] = {
  id: 5,
  host: 'yard-1',
  path: '/home/alice/.yardmaster/workspaces/t_1a2b3c4d',
  kind: 'scratch',
  task_id: task.id,
  run_id: null,
  state: 'kept',
  repository: null,
  branch: null,
  reason: null,
  created_at: NOW - 600,
  released_at: NOW,
  trashed_at: null,
  trash_path: null,
}

export const budget: Output<'getBudget'>['budget'] = {
  id: 'board:cost:day',
  scope: 'board',
  target: '*',
  measure: 'cost',
  period: 'day',
  unit: 'usd',
  soft: 15,
  hard: 20,
  granted: 0,
  spent: 3.5,
  left: 16.5,
  standing: 'free',
  unpriced_tokens: 0,
  stop_running: false,
  granters: [],
  origin: 'board',
  set_at: NOW - 86_400,
  set_by: 'alice',
  period_start: NOW,
  period_end: NOW + 86_400,
}
