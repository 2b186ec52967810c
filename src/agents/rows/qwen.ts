import type { CliAgent } from '../../domain/cli-agent.ts'

export const qwen: CliAgent = {
  name: 'qwen',
  about: 'Qwen Code by Alibaba.',
  program: 'qwen',
  install: 'npm install -g @qwen-code/qwen-code, then set it up once with: qwen',
  driver: 'command',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '0.24.4' },
  provider: 'qwen',
  promptBy: 'stdin',
  arguments: [
    '--output-format',
    'stream-json',
    { if: 'full', give: ['--approval-mode', 'yolo'] },
    { if: 'workspace', give: ['--approval-mode', 'auto-edit'] },
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
      over: '/etc/qwen-code/settings.json',
      content: {
        // Otherwise the board's tools are hidden behind a search.
        tools: { toolSearch: { enabled: false } },
        // It asks again for minutes before that: after these the board cools the provider down for all.
        model: { generationConfig: { maxRetries: 0 } },
        mcpServers: {
          kanban: { httpUrl: '{mcp_url}', headers: { Authorization: 'Bearer {mcp_token}' }, trust: true },
        },
      },
    },
  ],
  env: { QWEN_CODE_SYSTEM_SETTINGS_PATH: '{folder}/settings.json', QWEN_CODE_SUPPRESS_YOLO_WARNING: '1' },
  allow: ['QWEN_*', 'DASHSCOPE_API_KEY', 'OPENAI_*', 'ANTHROPIC_*'],
  logins: ['.qwen/oauth_creds.json'],
  keeps: ['.qwen'],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'full' },
  output: 'claude',
  preload: { runtime: 'node', package: '@qwen-code/qwen-code' },
  sessions: 'given',
  skills: 'prompt',
  ownOptions: [
    '-p',
    '--prompt',
    '-i',
    '--prompt-interactive',
    '-o',
    '--output-format',
    '--input-format',
    '-y',
    '--yolo',
    '--approval-mode',
    '-r',
    '--resume',
    '-c',
    '--continue',
    '--session-id',
    '--worktree',
    '--acp',
  ],
  errors: [{ words: 'no saved session found|session .* not found', class: 'context' }],
  otherwise: {
    driver: 'acp',
    arguments: [
      '--acp',
      { if: 'full', give: ['--approval-mode', 'yolo'] },
      // It asks, and is answered.
      { if: '!full', give: ['--approval-mode', 'default'] },
      { if: 'model', give: ['--model', '{model}'] },
      '{arguments}',
    ],
    files: [
      {
        name: 'settings.json',
        over: '/etc/qwen-code/settings.json',
        content: {
          tools: { toolSearch: { enabled: false } },
          model: { generationConfig: { maxRetries: 0 } },
        },
      },
    ],
    sessions: 'announced',
  },
}
