import type { CliAgent } from '../../domain/cli-agent.ts'

export const cline: CliAgent = {
  name: 'cline',
  about: 'Cline, for many providers.',
  program: 'cline',
  install: 'npm install -g cline, then log in once with: cline auth',
  driver: 'command',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '3.0.65' },
  provider: 'cline',
  promptBy: 'argument',
  arguments: [
    '--json',
    { if: 'full', give: ['--auto-approve', 'true'] },
    { if: 'model', give: ['--model', '{model}'] },
    '{arguments}',
    '{prompt}',
  ],
  files: [
    {
      name: 'mcp.json',
      content: {
        mcpServers: {
          kanban: {
            transport: {
              type: 'streamableHttp',
              url: '{mcp_url}',
              headers: { Authorization: 'Bearer {mcp_token}' },
            },
          },
        },
      },
    },
  ],
  env: {
    CLINE_MCP_SETTINGS_PATH: '{folder}/mcp.json',
    // Otherwise a daemon is left behind.
    CLINE_SESSION_BACKEND_MODE: 'local',
    CLINE_NO_AUTO_UPDATE: '1',
  },
  allow: ['CLINE_*', 'ANTHROPIC_*', 'OPENAI_*', 'OPENROUTER_API_KEY', 'GEMINI_API_KEY'],
  logins: ['.cline/data/settings/providers.json', '.cline/data/secrets.json'],
  keeps: ['.cline'],
  permissions: { offered: ['full'], usual: 'full' },
  output: 'cline',
  preload: { runtime: 'bun', package: 'cline' },
  // It starts another conversation where it is to resume one.
  sessions: 'none',
  skills: 'prompt',
  ownOptions: [
    '--json',
    '--id',
    '-p',
    '--plan',
    '-i',
    '--tui',
    '-z',
    '--zen',
    '--acp',
    '-c',
    '--cwd',
    '--auto-approve',
    '--worktree',
    '--kanban',
  ],
  errors: [{ words: 'session .*not found', class: 'context' }],
}
