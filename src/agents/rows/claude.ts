import type { CliAgent } from '../../domain/cli-agent.ts'

/** What both its drivers give. */
const SHARED: CliAgent['arguments'] = [
  '--print',
  '--output-format',
  'stream-json',
  '--verbose',
  { if: 'resume', give: ['--resume', '{session}'] },
  { if: '!resume', give: ['--session-id', '{session}'] },
  { if: 'model', give: ['--model', '{model}'] },
  { if: 'full', give: ['--permission-mode', 'bypassPermissions'] },
  // Edits are accepted, and what is on this list; everything else is refused rather than asked.
  {
    if: 'workspace',
    give: [
      '--permission-mode',
      'dontAsk',
      '--allowedTools',
      'Read,Glob,Grep,Edit,Write,NotebookEdit,TodoWrite,Skill,mcp__kanban__*',
    ],
  },
  {
    if: 'board',
    give: ['--permission-mode', 'dontAsk', '--allowedTools', 'Read,Glob,Grep,Skill,mcp__kanban__*'],
  },
  '{arguments}',
  // Nobody is there to answer: a question belongs on the card.
  '--disallowedTools',
  'AskUserQuestion',
  '--strict-mcp-config',
  '--mcp-config',
  '{folder}/mcp.json',
  { if: 'skills', give: ['--add-dir', '{skills}'] },
]

export const claude: CliAgent = {
  name: 'claude',
  about: 'Claude Code by Anthropic.',
  program: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code, then log in once with: claude',
  // Comments reach it while it works.
  driver: 'stream-json',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '2.1.329' },
  provider: 'anthropic',
  promptBy: 'stdin',
  arguments: ['--input-format', 'stream-json', '--replay-user-messages', ...SHARED],
  files: [
    {
      name: 'mcp.json',
      content: {
        mcpServers: {
          kanban: {
            type: 'http',
            url: '{mcp_url}',
            headers: { Authorization: 'Bearer {mcp_token}' },
            // Otherwise the tools are hidden behind a search, which costs the model a turn.
            alwaysLoad: true,
          },
        },
      },
    },
  ],
  env: {
    // Refused as root without it; it must be exactly 1.
    IS_SANDBOX: '1',
    CLAUDE_CODE_MAX_RETRIES: '3',
    DISABLE_AUTOUPDATER: '1',
  },
  allow: ['ANTHROPIC_*', 'CLAUDE_CODE_*', 'CLAUDE_CONFIG_DIR', 'AWS_*', 'GOOGLE_APPLICATION_CREDENTIALS'],
  logins: ['.claude/.credentials.json'],
  keeps: [
    '.claude',
    '.claude.json',
    '.cache/claude',
    '.cache/claude-cli-nodejs',
    '.local/state/claude',
    '.local/share/claude',
  ],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'full' },
  output: 'claude',
  sessions: 'given',
  skills: 'folder',
  skillsBelow: '.claude/skills',
  ownOptions: [
    '-p',
    '--print',
    '--output-format',
    '--input-format',
    '--permission-mode',
    '--dangerously-skip-permissions',
    '--mcp-config',
    '--strict-mcp-config',
    '--session-id',
    '--resume',
    '-r',
    '--continue',
    '-c',
    '--bg',
    '--background',
    '--worktree',
  ],
  errors: [
    { words: 'session id .* already in use|no conversation found', class: 'context' },
    { words: 'usage limit reached|hit your (?:usage |session |weekly )?limit', class: 'quota' },
    { words: 'root/sudo privileges', class: 'credential' },
    { words: 'please run /login|not logged in|invalid api key', class: 'credential' },
  ],
  asRoot:
    'Claude Code refuses full permissions to root unless it is told that it works in a sandbox, and the board tells it so (IS_SANDBOX=1).',
  otherwise: { driver: 'command', arguments: SHARED },
}
