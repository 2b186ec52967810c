import type { CliAgent } from '../cli-agent.ts'

export const gemini: CliAgent = {
  name: 'gemini',
  about: 'Gemini CLI by Google.',
  program: 'gemini',
  install: 'npm install -g @google/gemini-cli, then log in once with: gemini',
  driver: 'command',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '0.61.0' },
  provider: 'google',
  promptBy: 'stdin',
  arguments: [
    // Otherwise it refuses a folder it has not seen.
    '--skip-trust',
    '--output-format',
    'stream-json',
    { if: 'full', give: ['--approval-mode', 'yolo'] },
    { if: 'workspace', give: ['--approval-mode', 'auto_edit'] },
    { if: 'board', give: ['--approval-mode', 'default'] },
    { if: 'model', give: ['--model', '{model}'] },
    { if: 'resume', give: ['--resume', '{session}'] },
    { if: '!resume', give: ['--session-id', '{session}'] },
    '{arguments}',
  ],
  files: [
    {
      name: 'settings.json',
      // The administrator's, which this stands in for.
      over: '/etc/gemini-cli/settings.json',
      content: {
        mcpServers: {
          // Trusted, so that its tools are allowed whatever the rest is.
          kanban: { httpUrl: '{mcp_url}', headers: { Authorization: 'Bearer {mcp_token}' }, trust: true },
        },
      },
    },
  ],
  env: { GEMINI_CLI_SYSTEM_SETTINGS_PATH: '{folder}/settings.json' },
  allow: ['GEMINI_*', 'GOOGLE_*'],
  logins: ['.gemini/oauth_creds.json'],
  keeps: ['.gemini'],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'full' },
  output: 'gemini',
  sessions: 'given',
  skills: 'prompt',
  ownOptions: [
    '-p',
    '--prompt',
    '-i',
    '--prompt-interactive',
    '-o',
    '--output-format',
    '-y',
    '--yolo',
    '--approval-mode',
    '-r',
    '--resume',
    '--session-id',
    '--session-file',
    '-w',
    '--worktree',
    '--acp',
  ],
  errors: [
    { words: 'error resuming session|no previous sessions|invalid session identifier', class: 'context' },
    { words: 'exceeded your current quota|quota exceeded', class: 'quota' },
  ],
}
