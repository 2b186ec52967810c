/** Examples of what belongs to the installation: holds, workspaces, profiles, chats, settings and the way in. */
import type { Examples } from './example.ts'
import { NOW, pause, task, workspace } from './samples.ts'

const home = '/home/alice/.yardmaster'

export const holdExamples: Examples<'listHolds' | 'pause' | 'resume'> = {
  listHolds: { output: { holds: [pause] } },
  pause: {
    input: { scope: 'profile', target: 'coder', reason: 'release today' },
    output: { scope: 'profile', target: 'coder', reason: 'release today', starting_runs: [8] },
  },
  resume: {
    input: { scope: 'profile', target: 'coder' },
    output: { scope: 'profile', target: 'coder', lifted: [pause] },
  },
}

export const workspaceExamples: Examples<
  'listWorkspaces' | 'getWorkspaceDiff' | 'listTrash' | 'restoreWorkspace'
> = {
  listWorkspaces: {
    input: { task: task.id, sizes: true },
    output: {
      workspaces: [
        { ...workspace, task_title: task.title, task_status: 'done', is_here: true, size_bytes: 2_048 },
      ],
    },
  },
  getWorkspaceDiff: {
    input: { id: workspace.id },
    output: {
      workspace_id: workspace.id,
      task_id: task.id,
      is_git: true,
      base: '3f2a9c1e5b7d4a6880c9e2f1a3b5d7c9e0f2a4b6',
      stat: ' notes.md | 1 +',
      diff: 'diff --git a/notes.md b/notes.md\nnew file mode 100644\n--- /dev/null\n+++ b/notes.md\n@@ -0,0 +1 @@\n+# 1.5\n',
      truncated: false,
      not_shown: [],
    },
  },
  listTrash: {
    output: {
      entries: [
        {
          name: 't_1a2b3c4d-1767225600',
          task_id: task.id,
          from: workspace.path,
          trashed_at: NOW,
          reason: 'its task was done 14 days ago',
        },
      ],
    },
  },
  restoreWorkspace: {
    input: { name: 't_1a2b3c4d-1767225600' },
    output: { name: 't_1a2b3c4d-1767225600', path: workspace.path },
  },
}

const writer = {
  name: 'writer',
  origin: 'home',
  file: `${home}/profiles/writer.md`,
  problems: [],
} as const

const writerText = {
  ...writer,
  text: '---\nagent: claude\ndescription: Writes for people.\n---\nShort sentences. Say what changes for the reader.\n',
  digest: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
}

export const profileExamples: Examples<
  | 'listProfiles'
  | 'createProfile'
  | 'getProfile'
  | 'checkProfile'
  | 'getProfileText'
  | 'putProfileText'
  | 'listAgents'
> = {
  listProfiles: {
    output: {
      profiles: [
        {
          ...writer,
          description: 'Writes for people.',
          agent: 'claude',
          model: null,
          orchestrator: false,
        },
      ],
    },
  },
  createProfile: { input: { name: 'writer', agent: 'claude' }, output: writerText },
  getProfile: {
    input: { name: 'writer' },
    output: {
      name: 'writer',
      origin: 'home',
      file: writer.file,
      description: 'Writes for people.',
      agent: 'claude',
      command: null,
      model: null,
      orchestrator: false,
      environment: { allow: ['ANTHROPIC_API_KEY'], set: [] },
      skills: [],
      limits: {
        max_runtime_seconds: 3_600,
        silence_seconds: null,
        max_running: 2,
        max_attempts: null,
        attempts_per_day: null,
        grace_seconds: null,
        cost_per_day: 10,
        tokens_per_day: null,
        cost_per_task: null,
        tokens_per_task: null,
      },
      repository: null,
      workspace: null,
      instructions: 'Short sentences. Say what changes for the reader.\n',
    },
  },
  checkProfile: {
    input: { name: 'writer' },
    output: {
      name: 'writer',
      ok: false,
      problems: [
        {
          message: 'Profile writer needs the program claude, which was not found.',
          next: 'npm install -g @anthropic-ai/claude-code',
        },
      ],
      warnings: [],
    },
  },
  getProfileText: { input: { name: 'writer' }, output: writerText },
  putProfileText: {
    input: { name: 'writer', text: writerText.text, digest: writerText.digest },
    output: writerText,
  },
  listAgents: {
    output: {
      agents: [
        {
          name: 'claude',
          about: 'Claude Code',
          driver: 'stream-json',
          other_driver: 'command',
          reports_by: 'tools',
          program: '/usr/local/bin/claude',
          version: '2.1.0',
          tested_version: '2.1.0',
          has_login: true,
          own: false,
          install: 'npm install -g @anthropic-ai/claude-code',
        },
      ],
    },
  },
}

const chat = { task_id: task.id, platform: 'telegram', chat_id: '12345' }

export const subscriptionExamples: Examples<'listSubscriptions' | 'addSubscription' | 'removeSubscription'> =
  {
    listSubscriptions: {
      input: { task: task.id },
      output: {
        subscriptions: [
          { ...chat, thread_id: '', user_id: null, created_at: NOW - 3_600, last_event_id: 42 },
        ],
      },
    },
    addSubscription: { input: chat, output: { ok: true, created: true } },
    removeSubscription: { input: chat, output: { ok: true } },
  }

const setting = {
  key: 'kanban.max_running',
  value: 6,
  origin: `${home}/config.yaml:2`,
  default: 4,
  type: 'a whole number from 1',
  about: 'Workers at the same time.',
}

const backup = {
  path: `${home}/backups/2026-01-01T00-00-00Z.db`,
  created_at: NOW,
  size: 1_048_576,
}

export const installationExamples: Examples<
  'listSettings' | 'getSetting' | 'putSetting' | 'listBackups' | 'createBackup' | 'examine' | 'collectGarbage'
> = {
  listSettings: { output: { settings: [setting] } },
  getSetting: { input: { key: setting.key }, output: setting },
  putSetting: { input: { key: setting.key, value: 6 }, output: setting },
  listBackups: { output: { backups: [backup] } },
  createBackup: { output: backup },
  examine: {
    output: {
      ok: true,
      checks: [
        { check: 'runtime', status: 'ok', message: 'Node.js 24.4.0, SQLite 3.51.3', next: null },
        {
          check: 'home',
          status: 'warn',
          message: `${home} can be read by other users of this machine`,
          next: `chmod 700 ${home}`,
        },
      ],
    },
  },
  collectGarbage: {
    input: { event_retention_days: 60, log_retention_days: 30 },
    output: {
      events_removed: 1_204,
      logs_removed: 17,
      log_bytes_removed: 524_288,
      workspaces_trashed: 2,
      workspaces_kept: 1,
      trash_removed: 0,
      trash_bytes_removed: 0,
      attachments_removed: 0,
      attachment_bytes_removed: 0,
      kept: [{ path: workspace.path, reason: 'it has changes that are in no commit' }],
    },
  },
}

const token = {
  id: 4,
  kind: 'token',
  name: 'alice',
  label: 'monitor',
  scope: 'read',
  created_at: NOW,
  created_by: 'alice',
  expires_at: NOW + 30 * 86_400,
} as const

export const accessExamples: Examples<
  'getSession' | 'endSession' | 'createTicket' | 'listTokens' | 'createToken' | 'revokeToken'
> = {
  getSession: {
    output: {
      name: 'alice',
      scope: 'operate',
      kind: 'session',
      expires_at: NOW + 14 * 86_400,
      run: null,
      board: '0b3f6c2e4d8a4f1e9c7b5a3d2e1f0a9b',
      version: '0.1.0',
    },
    others: {
      'The worker of a run': {
        name: 'writer',
        scope: null,
        kind: 'worker',
        expires_at: null,
        run: { run_id: 7, task_id: task.id },
        board: '0b3f6c2e4d8a4f1e9c7b5a3d2e1f0a9b',
        version: '0.1.0',
      },
    },
  },
  endSession: { output: { ok: true } },
  createTicket: { output: { ticket: 'kq2Zr8m0Vt5nXw1yB7cD3eF6gH9jL4pSaUoIxEzQvR0', expires_at: NOW + 30 } },
  listTokens: { output: { tokens: [token] } },
  createToken: {
    input: { label: 'monitor', scope: 'read', expires_in_seconds: 30 * 86_400 },
    output: { secret: 'yard_kq2Zr8m0Vt5nXw1yB7cD3eF6gH9jL4pSaUoIxEzQvR0', token },
  },
  revokeToken: { input: { id: token.id }, output: { ok: true } },
}
