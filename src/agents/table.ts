/** Every agent there is. To add one, write its row and put it here. */
import type { AgentRow } from './agent.ts'
import type { CliAgent } from './cli-agent.ts'
import { cliRow } from './cli-row.ts'
import { command } from './command.ts'
import { acp } from './rows/acp.ts'
import { claude } from './rows/claude.ts'
import { cline } from './rows/cline.ts'
import { codex } from './rows/codex.ts'
import { continueDev } from './rows/continue.ts'
import { copilot } from './rows/copilot.ts'
import { gemini } from './rows/gemini.ts'
import { opencode } from './rows/opencode.ts'
import { OTHERS } from './rows/others.ts'
import { qwen } from './rows/qwen.ts'
import { shell } from './shell.ts'

/** Agents with a command line of their own. */
export const CLI_AGENTS: readonly CliAgent[] = [
  claude,
  codex,
  opencode,
  gemini,
  qwen,
  copilot,
  cline,
  continueDev,
  ...OTHERS,
]

const AGENTS: readonly AgentRow[] = [shell, command, ...[acp, ...CLI_AGENTS].map(cliRow)]

export const agentNames = (): readonly string[] => AGENTS.map(({ name }) => name)

/** The row of an agent; undefined when there is none of that name. */
export const findAgent = (name: string): AgentRow | undefined => AGENTS.find((row) => row.name === name)
