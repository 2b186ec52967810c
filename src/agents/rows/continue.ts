import type { CliAgent } from '../../domain/cli-agent.ts'

export const continueDev: CliAgent = {
  name: 'continue',
  about: 'Continue CLI, for many providers.',
  program: 'cn',
  install: 'npm install -g @continuedev/cli, then log in once with: cn login',
  driver: 'command',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '1.5.47' },
  provider: 'continue',
  promptBy: 'argument',
  arguments: [
    '--print',
    '--format',
    'json',
    // The user's own settings, with the board's tools added, in a private copy.
    '--config',
    '{folder}/config.yaml',
    // Nobody is there to answer: a question belongs on the card. Its own --auto would offer the tool for it all the same.
    { if: 'full', give: ['--exclude', 'AskQuestion', '--allow', '*'] },
    // Its own --readonly lets commands run.
    { if: 'board', give: ['--exclude', 'AskQuestion', '--exclude', 'Bash', '--allow', 'kanban_*'] },
    '{arguments}',
    '{prompt}',
  ],
  files: [
    {
      name: 'config.yaml',
      over: '.continue/config.yaml',
      content: {
        mcpServers: [
          {
            name: 'kanban',
            type: 'streamable-http',
            url: '{mcp_url}',
            requestOptions: { headers: { Authorization: 'Bearer {mcp_token}' } },
          },
        ],
      },
    },
  ],
  env: { CONTINUE_TELEMETRY_ENABLED: '0' },
  allow: ['CONTINUE_*', 'ANTHROPIC_*', 'OPENAI_*'],
  logins: ['.continue/auth.json'],
  keeps: ['.continue'],
  permissions: { offered: ['full', 'board'], usual: 'full' },
  output: 'text',
  preload: { runtime: 'node', package: '@continuedev/cli' },
  errorLines: '^\\{"status":"error","message":"(.*)"\\}$',
  sessions: 'none',
  skills: 'prompt',
  ownOptions: ['-p', '--print', '--format', '--config', '--auto', '--readonly', '--resume', '--fork'],
  errors: [
    { words: '^401 ', class: 'credential' },
    { words: '^429 ', class: 'quota' },
  ],
}
