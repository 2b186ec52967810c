/** The run's tools for an agent that starts its tool servers itself: the bridge `yard mcp`, with what it needs to know its run. */
import { join } from 'node:path'
import { writeCapability } from '../capability-file.ts'
import type { RunSpec } from '../run-spec.ts'

export interface StdioServer {
  readonly name: string
  readonly command: string
  readonly args: string[]
  readonly env: { readonly name: string; readonly value: string }[]
}

/** Writes the run's capability into its private folder: what is started by the command line is known by that. */
export function toolsOnStdio(spec: RunSpec, env: Readonly<Record<string, string>>): StdioServer {
  const file = writeCapability(spec)
  const [bin] = spec.environment.path
  const known = ['PATH', 'HOME', ...Object.keys(env).filter((name) => name.startsWith('YARD_'))]
  return {
    name: 'kanban',
    command: bin === undefined ? 'yard' : join(bin, 'yard'),
    args: ['mcp'],
    env: [
      ...known.flatMap((name) => (env[name] === undefined ? [] : [{ name, value: env[name] }])),
      { name: 'YARD_CAPABILITY_FILE', value: file },
    ],
  }
}
