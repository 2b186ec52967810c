import type { CliAgent } from '../../domain/cli-agent.ts'

/** What took the place of kimi-cli. It is given tools by the protocol alone. */
export const kimi: CliAgent = {
  name: 'kimi',
  about: 'Kimi Code by Moonshot.',
  program: 'kimi',
  install: 'npm install -g @moonshot-ai/kimi-code, then log in once with: kimi login',
  driver: 'acp',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: '2.1.0' },
  provider: 'moonshot',
  promptBy: 'stdin',
  arguments: ['acp', '{arguments}'],
  files: [],
  env: { KIMI_CODE_NO_AUTO_UPDATE: '1' },
  allow: ['KIMI_*', 'MOONSHOT_API_KEY'],
  logins: ['.kimi-code/credentials/kimi-code.json'],
  keeps: ['.kimi-code', '.cache/kimi-code'],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'full' },
  output: 'text',
  preload: { runtime: 'node', package: '@moonshot-ai/kimi-code' },
  sessions: 'announced',
  skills: 'prompt',
  ownOptions: ['acp', '-p', '--prompt', '--output-format', '-S', '--session', '-c', '--continue'],
  errors: [],
}
