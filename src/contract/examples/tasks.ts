/** Examples of what is about tasks: the board, tasks, links, moves, files, rough ideas and what is found. */
import type { Examples } from './example.ts'
import {
  blocked,
  comment,
  done,
  event,
  file,
  NOW,
  pause,
  rough,
  run,
  running,
  task,
  usage,
  workspace,
} from './samples.ts'

const id = task.id
const parent = 't_00c0ffee'

const badges = {
  link_counts: { parents: 1, children: 0 },
  comment_count: 1,
  progress: null,
}

const around = { tenants: ['acme'], assignees: ['coder', 'writer'], latest_event_id: 42, now: NOW }

const helper = { ...task, id: 't_9c8d7e6f', title: 'Specify t_5e6f7a8b: faster start?', assignee: 'lead' }

const proposed = {
  ...blocked,
  id: 't_0d1e2f3a',
  title: 'Measure where the start spends its time',
  assignee: 'coder',
}

export const boardExamples: Examples<'getBoard' | 'getStats' | 'getConfig' | 'dispatch' | 'listAssignees'> = {
  getBoard: {
    input: { tenant: 'acme', fields: 'all' },
    output: {
      columns: [
        { name: 'triage', tasks: [] },
        { name: 'todo', tasks: [] },
        {
          name: 'ready',
          tasks: [{ ...task, ...badges, age: { created: 3_600, started: null, time_to_complete: null } }],
        },
        { name: 'running', tasks: [] },
        { name: 'blocked', tasks: [] },
        { name: 'review', tasks: [] },
        { name: 'done', tasks: [] },
      ],
      ...around,
    },
    others: {
      'With fields=card, column=ready and limit=1': {
        columns: [
          {
            name: 'ready',
            tasks: [
              {
                id,
                title: task.title,
                assignee: task.assignee,
                status: task.status,
                priority: task.priority,
                tenant: task.tenant,
                created_at: task.created_at,
                started_at: null,
                completed_at: null,
                last_heartbeat_at: null,
                current_run_id: null,
                ...badges,
                hold: null,
              },
            ],
            count: 12,
            next_cursor: '3.1767222000.t_1a2b3c4d',
          },
        ],
        ...around,
      },
    },
  },
  getStats: {
    output: {
      by_status: { ready: 2, running: 1, done: 40 },
      by_assignee: { writer: { ready: 1, done: 12 }, coder: { running: 1, done: 28 }, '': { ready: 1 } },
      oldest_ready_age_seconds: 95,
    },
  },
  getConfig: {
    output: {
      default_tenant: '',
      lane_by_profile: true,
      include_archived_by_default: false,
      render_markdown: true,
    },
  },
  dispatch: {
    input: { dry_run: true, max: 2 },
    output: {
      spawned: [{ task_id: id, assignee: 'writer', workspace: workspace.path }],
      skipped_unassigned: ['t_2b3c4d5e'],
      reclaimed: [],
      promoted: [],
      crashed: [],
      timed_out: [],
      auto_blocked: [],
      preflight_failed: [],
      adopted: [],
      waiting: [{ task_id: parent, reason: 'profile coder is paused: release today' }],
    },
  },
  listAssignees: {
    output: {
      assignees: [
        { name: 'coder', on_disk: true, counts: { running: 1, done: 28 } },
        { name: 'dana', on_disk: false, counts: { blocked: 1 } },
      ],
    },
  },
}

export const taskExamples: Examples<
  | 'listTasks'
  | 'createTask'
  | 'getTask'
  | 'updateTask'
  | 'bulkUpdate'
  | 'addComment'
  | 'addLink'
  | 'removeLink'
  | 'explainTask'
  | 'listTaskLinks'
  | 'listTaskRuns'
  | 'getTaskContext'
  | 'getTaskContextText'
  | 'searchTasks'
> = {
  listTasks: {
    input: { status: ['ready', 'running'], assignee: 'writer', limit: 50 },
    output: { tasks: [task], next_offset: null },
  },
  createTask: {
    input: {
      title: task.title,
      body: task.body,
      assignee: 'writer',
      tenant: 'acme',
      priority: 3,
      parents: [parent],
      idempotency_key: 'release-1.5-notes',
    },
    output: {
      task: { ...task, status: 'todo', idempotency_key: 'release-1.5-notes' },
      created: true,
    },
    others: {
      'The key was used before': {
        task: { ...done, idempotency_key: 'release-1.5-notes' },
        created: false,
      },
      'Nothing would start it': {
        task,
        created: true,
        warning:
          'This gateway starts no workers (kanban.dispatch_in_gateway is false), so the task waits. Start it with: yard dispatch',
      },
    },
  },
  getTask: {
    input: { id },
    output: {
      task: done,
      parents: [parent],
      children: [],
      links: { parents: [parent], children: [] },
      comments: [{ ...comment, delivered_run_id: 7 }],
      events: [event],
      runs: [run],
      holds: [],
      attachments: [file],
      late_reports: [],
      workspaces: [workspace],
      attempts: { charged: 1, refunded: 0, granted: 0 },
      usage,
    },
  },
  updateTask: {
    input: { id, status: 'blocked', block_reason: 'Which audience?', priority: 5 },
    output: { task: { ...blocked, priority: 5 } },
    others: { 'Its worker has to be stopped first': { task: running, stopping: true } },
  },
  bulkUpdate: {
    input: { ids: [id, 't_00000000'], assignee: 'writer', priority: 1 },
    output: {
      results: [
        { id, ok: true },
        {
          id: 't_00000000',
          ok: false,
          error: 'task t_00000000 not found. List the board with: yard list --archived',
          code: 'task_not_found',
        },
      ],
    },
  },
  addComment: { input: { id, body: comment.body }, output: { ok: true, comment } },
  addLink: { input: { parent_id: parent, child_id: id }, output: { ok: true } },
  removeLink: { input: { parent_id: parent, child_id: id }, output: { ok: true } },
  explainTask: {
    input: { id },
    output: {
      task_id: id,
      status: 'todo',
      reasons: [
        {
          kind: 'dependency',
          text: 'it waits for t_00c0ffee',
          owner: null,
          since: null,
          until: null,
          lift: null,
          blocked_by: [parent],
        },
      ],
    },
  },
  listTaskLinks: {
    input: { id },
    output: {
      parents: [{ id: parent, title: 'Tag the release', status: 'running', completed_at: null }],
      children: [],
    },
  },
  listTaskRuns: { input: { id }, output: { runs: [run] } },
  getTaskContext: {
    input: { id },
    output: {
      version: 3,
      task: running,
      helps: null,
      attempts: [],
      older_attempts: 0,
      parents: [
        {
          id: parent,
          title: 'Tag the release',
          status: 'done',
          finished_at: NOW - 700,
          summary: 'Tagged v1.5.0.',
          metadata: { commit: '3f2a9c1' },
          result: null,
        },
      ],
      recent_runs: [],
      comments: [comment],
      older_comments: 0,
      budgets: [],
      read_at: NOW,
    },
  },
  getTaskContextText: { input: { id }, text: '# t_1a2b3c4d: Write the release notes\n' },
  searchTasks: {
    input: { q: 'release not', archived: false, limit: 20 },
    output: {
      results: [
        {
          task: {
            id,
            title: task.title,
            status: 'done',
            assignee: 'writer',
            tenant: 'acme',
            priority: 3,
            created_at: task.created_at,
            completed_at: NOW,
          },
          title: {
            text: task.title,
            marks: [
              { start: 10, end: 17 },
              { start: 18, end: 21 },
            ],
          },
          hits: [
            {
              in: 'summary',
              author: 'writer',
              run_id: 7,
              at: NOW,
              text: 'Wrote the notes from 38 merged changes.',
              marks: [{ start: 10, end: 13 }],
            },
          ],
        },
      ],
      next_cursor: null,
    },
  },
}

export const moveExamples: Examples<
  | 'claimTask'
  | 'heartbeatTask'
  | 'completeTask'
  | 'blockTask'
  | 'reviewTask'
  | 'sendBackTask'
  | 'unblockTask'
  | 'retryTask'
  | 'stopTask'
  | 'pauseTask'
  | 'resumeTask'
  | 'archiveTask'
  | 'restoreTask'
  | 'acceptLateReport'
> = {
  claimTask: {
    input: { id, ttl_seconds: 900 },
    output: { claimed: true, task: running, run_id: 7, workspace: workspace.path, refused: null },
    others: {
      'The claim was lost': {
        claimed: false,
        task: running,
        run_id: null,
        workspace: null,
        refused: {
          kind: 'status',
          text: 'it is running, not ready',
          owner: null,
          since: null,
          until: null,
          lift: 'yard why t_1a2b3c4d',
          blocked_by: [],
        },
      },
    },
  },
  heartbeatTask: { input: { id, note: 'half way' }, output: { task: running } },
  completeTask: {
    input: {
      id,
      summary: 'Wrote the notes from 38 merged changes.',
      result: 'notes.md',
      metadata: { artifacts: ['notes.md'] },
    },
    output: { task: done },
    others: { 'Its worker has to be stopped first': { task: running, stopping: true } },
  },
  blockTask: { input: { id, reason: 'Which audience?' }, output: { task: blocked } },
  reviewTask: {
    input: { id, summary: 'A first draft is in notes.md.', metadata: { artifacts: ['notes.md'] } },
    output: { task: { ...task, status: 'review' } },
  },
  sendBackTask: { input: { id, remarks: 'Shorter, please.' }, output: { task } },
  unblockTask: { input: { id }, output: { task } },
  retryTask: { input: { id, attempts: 1 }, output: { task } },
  stopTask: {
    input: { id, reason: 'It goes in circles.', destination: 'hold' },
    output: { task: running, stopping: true },
  },
  pauseTask: {
    input: { id, reason: 'not before Monday' },
    output: { task, starting_runs: [] },
  },
  resumeTask: {
    input: { id },
    output: { task, lifted: [{ ...pause, scope: 'task', target: id, reason: 'not before Monday' }] },
  },
  archiveTask: { input: { id }, output: { task: { ...done, status: 'archived' } } },
  restoreTask: { input: { id }, output: { task: done } },
  acceptLateReport: { input: { id, report_id: 2 }, output: { task: done } },
}

export const attachmentExamples: Examples<
  'listAttachments' | 'addAttachment' | 'getAttachment' | 'removeAttachment'
> = {
  listAttachments: { input: { id }, output: { attachments: [file] } },
  addAttachment: { input: { id, name: 'notes.md', digest: file.digest }, output: { attachment: file } },
  getAttachment: { input: { id, attachment: file.id } },
  removeAttachment: { input: { id, attachment: file.id }, output: { ok: true } },
}

export const triageExamples: Examples<
  'specifyTask' | 'decomposeTask' | 'acceptText' | 'listProposals' | 'releaseProposals' | 'rejectProposals'
> = {
  specifyTask: { input: { id: rough.id, profile: 'lead' }, output: { task: helper, created: true } },
  decomposeTask: { input: { id: rough.id }, output: { task: helper, created: true } },
  acceptText: {
    input: { id: rough.id, ready: true },
    output: { task: { ...rough, title: 'Start in half the time', status: 'ready' } },
  },
  listProposals: {
    input: { task: rough.id },
    output: {
      proposals: [
        {
          kind: 'decompose',
          task_id: rough.id,
          helper_id: helper.id,
          helper_status: 'done',
          profile: 'lead',
          asked: { title: rough.title, body: null, at: NOW - 900, by: 'alice' },
          automatic: false,
          stale: false,
          text: {
            title: 'Start in half the time',
            body: 'Measure first; then what takes longest.',
            assignee: null,
            proposed_at: NOW,
            decision: null,
          },
          cards: [
            {
              id: proposed.id,
              title: proposed.title,
              assignee: 'coder',
              status: 'blocked',
              state: 'waiting',
            },
          ],
        },
      ],
    },
  },
  releaseProposals: {
    input: { ids: [rough.id] },
    output: { tasks: [{ ...proposed, status: 'ready' }], subjects: [rough] },
  },
  rejectProposals: {
    input: { ids: [proposed.id] },
    output: { tasks: [{ ...proposed, status: 'archived' }], subjects: [rough] },
  },
}
