/** Which agents are installed on this machine: where, in which version, and whether they are logged in. */
import { join } from 'node:path'
import { variableMatcher } from '../domain/variables.ts'
import { statOf } from '../lib/stat-of.ts'
import type { CliAgent } from '../domain/cli-agent.ts'
import { DEFAULT_PATH, findProgram } from './program.ts'
import { openProgramVersions, type ProgramVersions } from './program-version.ts'

export interface DetectedAgent {
  readonly name: string
  /** Absolute path. */
  readonly program: string
  /** As the program says it; null when it does not, or not in time. */
  readonly version: string | null
  /** Whether a login or a key was found; null where it cannot be told. */
  readonly hasLogin: boolean | null
}

export interface Detection {
  readonly agents: readonly CliAgent[]
  /** Of the gateway, or of whoever looks: its PATH decides what is found. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Remembers versions from one look to the next; without it every program is asked. */
  readonly versions?: ProgramVersions
}

/** Those of `agents` whose program is there, by name. Starts each program once per version, for at most some seconds. */
export async function detectAgents({
  agents,
  env,
  versions = openProgramVersions(null),
}: Detection): Promise<ReadonlyMap<string, DetectedAgent>> {
  const search = { path: env['PATH'] ?? DEFAULT_PATH, userHome: env['HOME'] ?? '/', folder: null }
  const found = await Promise.all(
    agents.map(async (agent): Promise<readonly DetectedAgent[]> => {
      const finding = findProgram(agent.program, search)
      if (finding.state !== 'found') return []
      const version = await versions.of({
        program: finding.file,
        arguments: agent.version.arguments,
        env: { ...env, ...settled(agent.env) },
      })
      return [{ name: agent.name, program: finding.file, version, hasLogin: hasLogin(agent, env) }]
    }),
  )
  return new Map(found.flat().map((agent) => [agent.name, agent]))
}

/** Variables of a row that no run is needed for: among them those that keep a program from updating itself. */
const settled = (env: CliAgent['env']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      typeof value === 'string' && !/\{[a-z_]+\}/.test(value) ? [[name, value]] : [],
    ),
  )

/** Variables whose value is a login of its own. */
const KEY = /_API_KEY$|(?:AUTH|GITHUB|GH)_TOKEN$/

/** Whether a login or a key was found, as far as that can be told. */
export function hasLogin(
  { logins, allow }: Pick<CliAgent, 'logins' | 'allow'>,
  env: Detection['env'],
): boolean | null {
  const isHandedOn = variableMatcher(allow)
  const hasKey = Object.entries(env).some(([name, value]) => value && KEY.test(name) && isHandedOn(name))
  const hasFile = logins.some((path) => statOf(join(env['HOME'] ?? '/', path)) !== null)
  if (hasKey || hasFile) return true
  // On macOS it may be in the keychain, which is nobody's business.
  return logins.length === 0 || process.platform === 'darwin' ? null : false
}
