import type { CliAgent } from '../../domain/cli-agent.ts'

/** Whatever speaks the protocol: the profile names the program, with the words that make it speak. */
export const acp: CliAgent = {
  name: 'acp',
  about: 'Any agent that speaks the Agent Client Protocol; the profile names its program.',
  program: '',
  install: '',
  driver: 'acp',
  tools: 'mcp',
  version: { arguments: ['--version'], tested: null },
  provider: 'acp',
  promptBy: 'stdin',
  arguments: ['{arguments}'],
  files: [],
  env: {},
  allow: [],
  logins: [],
  keeps: [],
  permissions: { offered: ['full', 'workspace', 'board'], usual: 'workspace' },
  output: 'text',
  sessions: 'announced',
  skills: 'prompt',
  ownOptions: [],
  errors: [],
}
