/** From the row of an agent and the facts of one turn to the command line, variables and files it is started with. */
import { join } from 'node:path'
import type { LaunchFile } from './agent.ts'
import {
  AGENT_PLACEHOLDERS,
  PROFILE_ARGUMENTS,
  type AgentPlaceholder,
  type CliAgent,
  type Condition,
  type Conditional,
  type Json,
} from '../domain/cli-agent.ts'

/** What the placeholders stand for. One that has no value here, and whose part is wanted all the same, is a fault of the row. */
export type StartValues = Readonly<Partial<Record<AgentPlaceholder, string>>>

export interface StartFacts {
  readonly values: StartValues
  readonly conditions: ReadonlySet<Condition>
  /** Arguments of the profile. */
  readonly more: readonly string[]
  /** The run's private folder. */
  readonly folder: string
}

export interface CompiledStart {
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly LaunchFile[]
  /** What to write to standard input; null: nothing. */
  readonly stdin: string | null
}

export function compileStart(agent: CliAgent, { values, conditions, more }: StartFacts): CompiledStart {
  const holds = ({ if: wanted }: Conditional) =>
    wanted.startsWith('!')
      ? !conditions.has(wanted.slice(1) as Condition)
      : conditions.has(wanted as Condition)
  const list = agent.arguments.flatMap((part): readonly string[] => {
    if (part === PROFILE_ARGUMENTS) return more
    if (typeof part === 'string') return [filledText(part, values)]
    return holds(part) ? part.give.map((text) => filledText(text, values)) : []
  })
  return {
    arguments: list,
    env: Object.fromEntries(Object.entries(agent.env).map(([name, value]) => [name, written(value, values)])),
    files: agent.files.map(({ name, content, over }) => ({
      name,
      content: written(content, values),
      mode: 0o600,
      ...(over === undefined ? {} : { over }),
    })),
    stdin: agent.driver === 'command' && agent.promptBy === 'stdin' ? (values.prompt ?? '') : null,
  }
}

/** A text of a row with its placeholders filled in; anything else in braces is left alone, and nothing is read twice. */
function filledText(template: string, values: StartValues): string {
  return template
    .replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
      if (!(AGENT_PLACEHOLDERS as readonly string[]).includes(name)) return whole
      const value = values[name as AgentPlaceholder]
      if (value === undefined) throw new Error(`the row asks for {${name}}, which this run does not have`)
      return value
    })
    .replaceAll('\0', '')
}

const written = (value: Json, values: StartValues): string =>
  typeof value === 'string' ? filledText(value, values) : JSON.stringify(filledJson(value, values))

/** Filled in before it is written as JSON, so that no value can break out of its text. */
function filledJson(value: Json, values: StartValues): Json {
  if (typeof value === 'string') return filledText(value, values)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => filledJson(item, values))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledJson(item, values)]))
}

const isList = (value: readonly Json[] | { readonly [key: string]: Json }): value is readonly Json[] =>
  Array.isArray(value)

/** Where the skills of a run are put for agents that are told of a folder. */
export const skillsFolder = (folder: string): string => join(folder, 'skills')
