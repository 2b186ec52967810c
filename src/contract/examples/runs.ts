/** Examples of what happened and what it cost: runs, logs, events, usage. */
import type { Examples } from './example.ts'
import { budget, event, NOW, run, task, usage } from './samples.ts'

const log = {
  path: run.log_path,
  exists: true,
  size_bytes: 15,
  content: 'Wrote notes.md\n',
  truncated: false,
}

const figures = {
  cpu_percent: 12.5,
  memory_rss_bytes: 96_468_992,
  memory_vms_bytes: 1_288_490_188,
  num_threads: 11,
  num_fds: 24,
}

export const runExamples: Examples<
  | 'getRun'
  | 'inspectRun'
  | 'terminateRun'
  | 'listWorkers'
  | 'getTaskLog'
  | 'getRunLog'
  | 'streamRunLog'
  | 'streamRunItems'
> = {
  getRun: { input: { id: run.id }, output: { run } },
  inspectRun: {
    input: { id: run.id },
    output: {
      run_id: run.id,
      alive: true,
      pid: 4_712,
      ...figures,
      status: 'sleeping',
      create_time: NOW - 60,
      cmdline: ['claude', '-p'],
      tree: { processes: 3, ...figures, pids: [4_712, 4_720, 4_733] },
    },
    others: { 'It has ended': { run_id: run.id, alive: false, reason: 'run already ended' } },
  },
  terminateRun: {
    input: { id: run.id, reason: 'It goes in circles.', afterwards: 'hold' },
    output: { ok: true, run_id: run.id, task_id: task.id, state: 'stopping' },
  },
  listWorkers: {
    output: {
      workers: [
        {
          run_id: run.id,
          task_id: task.id,
          task_title: task.title,
          task_status: 'running',
          task_assignee: 'writer',
          profile: 'writer',
          worker_pid: 4_712,
          started_at: NOW - 60,
          claim_lock: 'yard-1:4711',
          claim_expires: NOW + 840,
          last_heartbeat_at: NOW - 5,
          max_runtime_seconds: null,
        },
      ],
      count: 1,
      checked_at: NOW,
    },
  },
  getTaskLog: { input: { id: task.id, tail: 65_536 }, output: { task_id: task.id, ...log } },
  getRunLog: { input: { id: run.id, tail: 65_536 }, output: { run_id: run.id, task_id: task.id, ...log } },
  streamRunLog: { input: { id: run.id, tail: 65_536, follow: true }, text: log.content },
  streamRunItems: {
    input: { id: run.id, follow: true },
    text: '{"at":1767225540,"kind":"message","text":"I read the merged changes first."}\n',
  },
}

export const eventExamples: Examples<'listEvents'> = {
  listEvents: {
    input: { since: 41, kinds: ['commented', 'completed'], tenant: 'acme' },
    output: { events: [event], cursor: event.id },
  },
}

export const usageExamples: Examples<
  'readUsage' | 'listBudgets' | 'getBudget' | 'setBudget' | 'removeBudget' | 'grantBudget'
> = {
  readUsage: {
    input: { by: 'profile', since: NOW - 7 * 86_400, tenant: 'acme' },
    output: {
      by: 'profile',
      since: '2025-12-25',
      until: null,
      rows: [{ key: 'writer', ...usage }],
      total: usage,
    },
  },
  listBudgets: { output: { budgets: [budget] } },
  getBudget: {
    input: { id: budget.id },
    output: {
      budget: { ...budget, granted: 5, left: 21.5 },
      grants: [
        {
          amount: 5,
          reason: 'the release must go out',
          granted_by: 'alice',
          granted_at: NOW + 60,
          period_start: NOW,
        },
      ],
      history: [
        {
          soft: 15,
          hard: 20,
          stop_running: false,
          granters: [],
          set_at: NOW - 86_400,
          set_by: 'alice',
          ended_at: null,
          ended_by: null,
        },
      ],
    },
  },
  setBudget: { input: { id: budget.id, soft: 15, hard: 20 }, output: { budget } },
  removeBudget: { input: { id: budget.id }, output: { ok: true } },
  grantBudget: {
    input: { id: budget.id, amount: 5, reason: 'the release must go out' },
    output: { budget: { ...budget, granted: 5, left: 21.5 } },
  },
}
