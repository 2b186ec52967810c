/** Every agent there is. To add one, write its row and put it here. */
import type { AgentRow } from './agent.ts'
import { command } from './command.ts'
import { shell } from './shell.ts'

const AGENTS: readonly AgentRow[] = [shell, command]

export const agentNames = (): readonly string[] => AGENTS.map(({ name }) => name)

/** The row of an agent; undefined when there is none of that name. */
export const findAgent = (name: string): AgentRow | undefined => AGENTS.find((row) => row.name === name)
