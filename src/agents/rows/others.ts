/**
 * Agents whose programs cannot be had by the test suite: their rows follow what their own documents and users say. Those
 * that can be given no tools for a single run report by the `yard` command.
 */
import type { CliAgent } from '../../domain/cli-agent.ts'

const MCP_FILE = {
  name: 'mcp.json',
  content: {
    mcpServers: {
      kanban: { type: 'http', url: '{mcp_url}', headers: { Authorization: 'Bearer {mcp_token}' } },
    },
  },
} as const

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
    { if: 'resume', give: ['-r', '{session}'] },
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
    { if: 'full', give: ['--force'] },
    { if: 'model', give: ['--model', '{model}'] },
    { if: 'resume', give: ['--resume', '{session}'] },
    '{arguments}',
  ],
  allow: ['CURSOR_*'],
  keeps: ['.cursor', '.config/cursor', '.local/share/cursor-agent'],
  permissions: { offered: ['full', 'workspace'], usual: 'full' },
  output: 'claude',
  sessions: 'announced',
  ownOptions: ['-p', '--print', '--output-format', '-f', '--force', '--yolo', '--resume', '--workspace'],
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
  files: [{ name: 'mcp.json', content: MCP_FILE.content.mcpServers }],
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

const droid: CliAgent = {
  ...untested,
  name: 'droid',
  about: 'Droid by Factory.',
  program: 'droid',
  install: 'see docs.factory.ai/cli, then log in once with: droid',
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
  output: 'claude',
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
    '--instructions',
    '-',
    { if: 'model', give: ['--model', '{model}'] },
    '{arguments}',
  ],
  env: { GOOSE_MODE: 'auto' },
  allow: ['GOOSE_*', 'ANTHROPIC_*', 'OPENAI_*', 'OPENROUTER_API_KEY', 'GOOGLE_API_KEY'],
  keeps: ['.config/goose', '.local/share/goose', '.local/state/goose'],
  permissions: FULL,
  output: 'text',
  sessions: 'none',
  ownOptions: [
    'run',
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

const kimi: CliAgent = {
  ...untested,
  name: 'kimi',
  about: 'Kimi CLI by Moonshot.',
  program: 'kimi',
  install: 'uv tool install kimi-cli, then set it up once with: kimi',
  tools: 'mcp',
  version: VERSION,
  provider: 'moonshot',
  arguments: [
    '--print',
    '--output-format',
    'text',
    '--mcp-config-file',
    '{folder}/mcp.json',
    { if: 'model', give: ['--model', '{model}'] },
    '{arguments}',
  ],
  files: [MCP_FILE],
  allow: ['KIMI_*', 'MOONSHOT_API_KEY'],
  keeps: ['.kimi', '.local/share/kimi'],
  permissions: FULL,
  output: 'text',
  sessions: 'none',
  ownOptions: [
    '--print',
    '--output-format',
    '--input-format',
    '--mcp-config-file',
    '--mcp-config',
    '--continue',
    '-C',
    '--acp',
    '-c',
    '--command',
  ],
  otherwise: byProtocol('acp'),
}

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
    { if: 'full', give: ['--dangerously-skip-permissions'] },
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
  permissions: { offered: ['full', 'workspace'], usual: 'full' },
  output: 'gemini',
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

export const OTHERS: readonly CliAgent[] = [hermes, cursorAgent, amp, droid, goose, kimi, agy]
