/**
 * Agents whose programs cannot be had by the test suite: their rows follow what their own documents and users say. Those
 * that can be given no tools for a single run report by the `yard` command.
 */
import type { CliAgent } from '../../domain/cli-agent.ts'

const untested = {
  driver: 'command',
  promptBy: 'stdin',
  files: [],
  env: {},
  logins: [],
  skills: 'prompt',
  errors: [],
} as const

/** What nobody has driven here yet, told the way its documents tell it. */
const byProtocol = (...args: CliAgent['arguments']): NonNullable<CliAgent['otherwise']> => ({
  driver: 'acp',
  tools: 'mcp',
  arguments: [...args, '{arguments}'],
  files: [],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'full' },
  sessions: 'announced',
})

const VERSION = { arguments: ['--version'], tested: null } as const
const FULL = { offered: ['full'], usual: 'full' } as const

/**
 * After the documents of v2026.9.24. The skills of a card are in its prompt: it does not start when it is asked for one by a
 * name that is not among its own (NousResearch/hermes-agent#44675).
 */
const hermes: CliAgent = {
  ...untested,
  name: 'hermes',
  about: 'Hermes Agent.',
  program: 'hermes',
  install: 'see the documentation of Hermes Agent, then set it up once with: hermes setup',
  tools: 'cli',
  version: VERSION,
  provider: 'hermes',
  promptBy: 'argument',
  arguments: [
    '-p',
    '{profile}',
    '--accept-hooks',
    '--skills',
    'kanban-worker',
    { if: 'model', give: ['-m', '{model}'] },
    '{arguments}',
    'chat',
    // Otherwise a user's `display.interface: tui` ends it for want of a terminal (NousResearch/hermes-agent#40108).
    '--cli',
    '-q',
    'work kanban task {task}\n\n{prompt}',
  ],
  env: {
    HERMES_KANBAN_TASK: '{task}',
    HERMES_KANBAN_WORKSPACE: '{workspace}',
    HERMES_TENANT: '{tenant}',
    HERMES_PROFILE: '{profile}',
    HERMES_YOLO_MODE: '1',
    TERMINAL_CWD: '{workspace}',
  },
  allow: ['OPENROUTER_API_KEY', 'ANTHROPIC_*', 'OPENAI_*', 'NOUS_API_KEY'],
  keeps: ['.hermes'],
  permissions: FULL,
  output: 'text',
  sessions: 'none',
  ownOptions: ['-q', '-Q', 'chat', '-p', '--cli'],
  otherwise: byProtocol('-p', '{profile}', 'acp'),
}

/**
 * After cursor.com/docs/cli/reference/output-format and its users, for builds of 2026. Without --force it rejects every shell
 * command, also the one it reports with.
 */
const cursorAgent: CliAgent = {
  ...untested,
  name: 'cursor-agent',
  about: 'Cursor Agent.',
  program: 'cursor-agent',
  install: 'see cursor.com/cli, then log in once with: cursor-agent login',
  // It takes servers from the workspace or the home only.
  tools: 'cli',
  version: VERSION,
  provider: 'cursor',
  arguments: [
    '--print',
    '--output-format',
    'stream-json',
    // It refuses a folder that nobody has trusted.
    '--trust',
    '--force',
    { if: 'model', give: ['--model', '{model}'] },
    { if: 'resume', give: ['--resume', '{session}'] },
    '{arguments}',
  ],
  allow: ['CURSOR_*'],
  keeps: ['.cursor', '.config/cursor', '.local/share/cursor-agent'],
  permissions: FULL,
  output: 'cursor',
  sessions: 'announced',
  ownOptions: [
    '-p',
    '--print',
    '--output-format',
    '-f',
    '--force',
    '--yolo',
    '--trust',
    '--resume',
    '--workspace',
  ],
  otherwise: byProtocol('acp'),
}

const amp: CliAgent = {
  ...untested,
  name: 'amp',
  about: 'Amp by Sourcegraph.',
  program: 'amp',
  install: 'npm install -g @sourcegraph/amp, then log in once with: amp login',
  tools: 'mcp',
  version: VERSION,
  provider: 'amp',
  arguments: [
    { if: 'resume', give: ['threads', 'continue', '{session}'] },
    '--execute',
    '--stream-json',
    '--mcp-config',
    '{folder}/mcp.json',
    { if: 'full', give: ['--dangerously-allow-all'] },
    '{arguments}',
  ],
  // Without the group that other clients put around it.
  files: [
    {
      name: 'mcp.json',
      content: {
        kanban: { type: 'http', url: '{mcp_url}', headers: { Authorization: 'Bearer {mcp_token}' } },
      },
    },
  ],
  allow: ['AMP_*'],
  keeps: ['.amp', '.config/amp', '.cache/amp', '.local/share/amp', '.local/state/amp'],
  permissions: { offered: ['full', 'workspace'], usual: 'full' },
  output: 'claude',
  sessions: 'announced',
  ownOptions: [
    '-x',
    '--execute',
    '--stream-json',
    '--stream-json-input',
    '--mcp-config',
    '--dangerously-allow-all',
  ],
}

/** Tried by hand with 0.215.0 against a model of its user's own. To go on in a session it asks its vendor. */
const droid: CliAgent = {
  ...untested,
  name: 'droid',
  about: 'Droid by Factory.',
  program: 'droid',
  install: 'npm install -g droid, then log in once with: droid',
  tools: 'cli',
  version: VERSION,
  provider: 'factory',
  arguments: [
    'exec',
    '--output-format',
    'stream-json',
    '--cwd',
    '{workspace}',
    { if: 'full', give: ['--skip-permissions-unsafe'] },
    { if: 'workspace', give: ['--auto', 'medium'] },
    { if: 'model', give: ['--model', '{model}'] },
    { if: 'resume', give: ['--session-id', '{session}'] },
    '{arguments}',
  ],
  allow: ['FACTORY_*'],
  keeps: ['.factory'],
  permissions: { offered: ['full', 'workspace'], usual: 'full' },
  output: 'droid',
  preload: { runtime: 'bun', package: 'droid' },
  sessions: 'announced',
  ownOptions: [
    '-o',
    '--output-format',
    '--input-format',
    '--auto',
    '--skip-permissions-unsafe',
    '-s',
    '--session-id',
    '--cwd',
  ],
  otherwise: byProtocol('exec', '--output-format', 'acp'),
}

/** After the documents and the source of 1.51.0. */
const goose: CliAgent = {
  ...untested,
  name: 'goose',
  about: 'Goose by Block.',
  program: 'goose',
  install: 'see block.github.io/goose, then set it up once with: goose configure',
  tools: 'cli',
  version: VERSION,
  provider: 'goose',
  arguments: [
    'run',
    '--no-session',
    // Without its banner.
    '--quiet',
    '--output-format',
    'stream-json',
    '--instructions',
    '-',
    { if: 'model', give: ['--model', '{model}'] },
    '{arguments}',
  ],
  env: { GOOSE_MODE: 'auto' },
  allow: ['GOOSE_*', 'ANTHROPIC_*', 'OPENAI_*', 'OPENROUTER_API_KEY', 'GOOGLE_API_KEY'],
  keeps: ['.config/goose', '.local/share/goose', '.local/state/goose'],
  permissions: FULL,
  output: 'goose',
  sessions: 'none',
  ownOptions: [
    'run',
    '--output-format',
    '-i',
    '--instructions',
    '-t',
    '--text',
    '-s',
    '--interactive',
    '-r',
    '--resume',
    '--no-session',
  ],
  otherwise: byProtocol('acp'),
}

/**
 * After the documents and the users of 1.1.27. Whatever would ask is denied in its print mode, also the command it reports
 * with (google-antigravity/antigravity-cli#548).
 */
const agy: CliAgent = {
  ...untested,
  name: 'agy',
  about: 'Antigravity by Google.',
  program: 'agy',
  install: 'see antigravity.google, then log in once with: agy',
  tools: 'cli',
  version: VERSION,
  provider: 'google',
  promptBy: 'argument',
  arguments: [
    '--output-format',
    'stream-json',
    '--dangerously-skip-permissions',
    // It stops by itself after five minutes otherwise.
    '--print-timeout',
    '24h',
    { if: 'model', give: ['--model', '{model}'] },
    { if: 'resume', give: ['--conversation', '{session}'] },
    '{arguments}',
    // It must come last.
    '-p',
    '{prompt}',
  ],
  allow: ['GEMINI_*', 'GOOGLE_*', 'ANTIGRAVITY_*'],
  keeps: ['.gemini', '.antigravity'],
  permissions: FULL,
  output: 'agy',
  sessions: 'announced',
  ownOptions: [
    '-p',
    '--print',
    '--output-format',
    '--print-timeout',
    '--conversation',
    '--dangerously-skip-permissions',
  ],
}

export const OTHERS: readonly CliAgent[] = [hermes, cursorAgent, amp, droid, goose, agy]
