/** Every agent there is. To add one, write its row and put it here. */
import type { AgentRow } from './agent.ts'
import type { CliAgent } from '../domain/cli-agent.ts'
import { cliRow } from './cli-row.ts'
import { command } from './command.ts'
import { acp } from './rows/acp.ts'
import { claude } from './rows/claude.ts'
import { cline } from './rows/cline.ts'
import { codex } from './rows/codex.ts'
import { continueDev } from './rows/continue.ts'
import { copilot } from './rows/copilot.ts'
import { gemini } from './rows/gemini.ts'
import { kimi } from './rows/kimi.ts'
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
  kimi,
  ...OTHERS,
]

/** The agents that profiles can name. */
export interface AgentTable {
  readonly names: readonly string[]
  /** The row of an agent; undefined when there is none of that name. */
  find(name: string): AgentRow | undefined
  /** Those with a command line of their own. */
  readonly cli: readonly CliAgent[]
  /** Agents of one's own, besides those that come along or in their place. */
  readonly own: OwnAgents
}

export type OwnAgents = Readonly<Record<string, CliAgent>>

const NONE: OwnAgents = {}
const tables = new WeakMap<OwnAgents, AgentTable>()

/** With agents of one's own; one of the same name takes the place of one that comes along. The same table for the same agents. */
export function agentTable(own: OwnAgents = NONE): AgentTable {
  const known = tables.get(own)
  if (known !== undefined) return known
  const cli = [
    ...CLI_AGENTS.map((agent) => own[agent.name] ?? agent),
    ...Object.values(own).filter(({ name }) => CLI_AGENTS.every((agent) => agent.name !== name)),
  ]
  const rows = new Map([shell, command, ...[acp, ...cli].map(cliRow)].map((row) => [row.name, row]))
  const table = { names: [...rows.keys()], find: (name: string) => rows.get(name), cli, own }
  tables.set(own, table)
  return table
}
