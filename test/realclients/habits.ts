/** What the models of the real clients call, and what the clients tell of it. */
import type { Step } from './scripted-model.ts'

export interface Habits {
  /** How its model runs a command. */
  run(command: string): Step
  /** What its client keeps its model from under `permissions`; it would leave a file `forbidden`. */
  readonly forbidden?: { readonly permissions: string; step(workspace: string): Step }
  /** Whether it tells of what it refused. */
  readonly tellsRefusals?: true
  /** Whether it says how many tokens it used, with a key of one's own. */
  readonly counts?: true
  /** Whether every question to its model carries the mark of its script, so that all answers can be counted. */
  readonly countsAll?: true
  /** Where it keeps its sessions, below the user's home. */
  readonly sessions?: readonly string[]
  /** Whether it overwrites a session that it is to go on with in the very minute in which the session began. */
  readonly losesYoungSessions?: true
  /** Its output is its words alone: neither tools nor a session. */
  readonly wordsOnly?: true
}

const touch = 'touch forbidden'
const bash =
  (name: string) =>
  (command: string): Step => ({ tool: name, args: { command, description: 'test' } })

export const HABITS: Readonly<Record<string, Habits>> = {
  claude: {
    run: bash('Bash'),
    forbidden: { permissions: 'board', step: () => bash('Bash')(touch) },
    tellsRefusals: true,
    counts: true,
    countsAll: true,
    sessions: ['.claude/projects'],
  },
  codex: {
    run: (cmd) => ({ tool: 'exec_command', args: { cmd } }),
    forbidden: {
      permissions: 'board',
      step: () => ({
        tool: 'exec_command',
        args: { cmd: touch, sandbox_permissions: 'require_escalated', justification: 'test' },
      }),
    },
    counts: true,
    countsAll: true,
    sessions: ['.codex/sessions'],
  },
  opencode: {
    run: bash('bash'),
    forbidden: {
      permissions: 'workspace',
      step: (workspace) => ({
        tool: 'write',
        args: { filePath: `${workspace}/../forbidden`, content: 'no' },
      }),
    },
    tellsRefusals: true,
    counts: true,
    countsAll: true,
    sessions: ['.local/share/opencode', '.local/state/opencode'],
  },
  gemini: {
    run: bash('run_shell_command'),
    forbidden: { permissions: 'board', step: () => bash('run_shell_command')(touch) },
    counts: true,
    sessions: ['.gemini/tmp'],
    losesYoungSessions: true,
  },
  qwen: {
    run: bash('run_shell_command'),
    forbidden: { permissions: 'board', step: () => bash('run_shell_command')(touch) },
    counts: true,
    countsAll: true,
    sessions: ['.qwen/projects', '.qwen/tmp'],
  },
  copilot: {
    run: bash('bash'),
    forbidden: { permissions: 'board', step: () => bash('bash')(touch) },
    sessions: ['.copilot/session-state'],
  },
  cline: { run: (command) => ({ tool: 'run_commands', args: { commands: [command] } }), counts: true },
  kimi: {
    run: bash('Bash'),
    forbidden: { permissions: 'board', step: () => bash('Bash')(touch) },
    sessions: ['.kimi-code/sessions'],
  },
  continue: {
    run: bash('Bash'),
    forbidden: { permissions: 'board', step: () => bash('Bash')(touch) },
    wordsOnly: true,
  },
}
