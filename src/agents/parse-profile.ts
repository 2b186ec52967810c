/** From the text of a profile's file to the profile, or to everything that is wrong with it. */
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { DURATION_RULE, parseDuration } from '../domain/duration.ts'
import { WORKSPACE_KINDS } from '../domain/task.ts'
import { isGrantableVariable, VARIABLE_RULE } from '../domain/variables.ts'
import { nearest } from '../lib/nearest.ts'
import { readYaml } from '../lib/read-yaml.ts'
import { DRIVERS, PERMISSIONS } from '../domain/cli-agent.ts'
import { isProfileName, PROFILE_NAME_RULE, type Profile } from './profile.ts'
import { agentTable, type AgentTable } from './table.ts'

export type ParsedProfile =
  | { readonly ok: true; readonly profile: Profile }
  | {
      readonly ok: false
      /** One sentence each, with file and line. */
      readonly problems: readonly string[]
    }

export interface ProfileSource {
  readonly name: string
  readonly text: string
  readonly file: string
  /** The folder a relative `repository` begins at; null when only absolute paths make sense. */
  readonly base: string | null
  readonly userHome: string
  /** The agents it can name; those that come along by default. */
  readonly agents?: AgentTable
}

const text = (rule: string) => z.string({ error: rule }).trim().min(1, { error: rule })
const list = (rule: string, item: z.ZodType<string>) =>
  z.preprocess((value) => value ?? [], z.array(item, { error: rule }))
const count = () => {
  const error = 'a whole number, 1 or more'
  return z.int({ error }).min(1, { error }).max(1_000_000_000, { error }).nullable().default(null)
}
const amount = (error: string, number: z.ZodNumber) => number.min(0, { error }).nullable().default(null)
const dollars = () => {
  const error = 'an amount in US dollars, such as 5 or 0.50'
  return amount(error, z.number({ error }).max(1_000_000_000, { error }))
}
const tokens = () => {
  const error = 'a whole number of tokens'
  return amount(error, z.int({ error }).max(1_000_000_000_000, { error }))
}
const duration = z
  .unknown()
  .transform((value, context) => {
    const seconds = parseDuration(value)
    if (seconds === null && value !== null) context.addIssue({ code: 'custom', message: DURATION_RULE })
    return seconds
  })
  .default(null)
const group = <S extends z.ZodRawShape>(shape: S) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape, { error: 'a group of keys' }))

const granted = z.string({ error: VARIABLE_RULE }).refine(isGrantableVariable, { error: VARIABLE_RULE })
// The worker's identity is given by the gateway alone.
const OWN_VARIABLE_RULE = 'the name of an environment variable that does not begin with YARD_'
const ownVariable = z.string().regex(/^(?!YARD_)[A-Za-z_][A-Za-z0-9_]*$/)
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'text' }).transform(String)

const agentRule = (names: readonly string[], input: unknown): string => {
  const near = typeof input === 'string' ? nearest(input, names) : null
  return `one of ${names.join(', ')}${near === null ? '' : `. Did you mean ${near}?`}`
}

const ENVIRONMENT = {
  allow: list('a list of names of environment variables', granted),
  set: z.preprocess(
    (value) => value ?? {},
    z.record(ownVariable, scalar, { error: `a map from ${OWN_VARIABLE_RULE} to text` }),
  ),
}
const LIMITS = {
  max_runtime: duration,
  silence: duration,
  max_running: count(),
  max_attempts: count(),
  attempts_per_day: count(),
  cost_per_day: dollars(),
  tokens_per_day: tokens(),
  cost_per_task: dollars(),
  tokens_per_task: tokens(),
  grace: duration,
}
const FRONT_MATTER = {
  name: text('the name of the file without .md').optional(),
  description: text('one sentence').nullable().default(null),
  agent: z.unknown(),
  command: z
    .array(z.string({ error: 'text' }), { error: 'a list: the program, then its arguments' })
    .nullable()
    .default(null),
  driver: z
    .enum(DRIVERS, { error: `one of ${DRIVERS.join(', ')}` })
    .nullable()
    .default(null),
  model: text('the name of a model').nullable().default(null),
  permissions: z
    .enum(PERMISSIONS, { error: `one of ${PERMISSIONS.join(', ')}` })
    .nullable()
    .default(null),
  orchestrator: z.boolean({ error: 'true or false' }).default(false),
  provider: text('the name of a provider').nullable().default(null),
  resume: z.boolean({ error: 'true or false' }).default(true),
  environment: group(ENVIRONMENT),
  skills: list('a list of names of skills', text('the name of a skill')),
  limits: group(LIMITS),
  repository: text('the path of a git repository').nullable().default(null),
  workspace: z
    .enum(WORKSPACE_KINDS, { error: `one of ${WORKSPACE_KINDS.join(', ')}` })
    .nullable()
    .default(null),
}
const schemas = new WeakMap<AgentTable, ReturnType<typeof makeSchema>>()
const makeSchema = ({ names }: AgentTable) => {
  const error = ({ input }: { readonly input?: unknown }) => agentRule(names, input)
  const agent = z.string({ error }).refine((name) => names.includes(name), { error })
  return z.strictObject({ ...FRONT_MATTER, agent }, { error: 'a map of keys and values' })
}
const schemaOf = (agents: AgentTable) => {
  const schema = schemas.get(agents) ?? makeSchema(agents)
  schemas.set(agents, schema)
  return schema
}
const KEYS = [
  ...Object.keys(FRONT_MATTER),
  ...Object.keys(ENVIRONMENT).map((key) => `environment.${key}`),
  ...Object.keys(LIMITS).map((key) => `limits.${key}`),
]

export function parseProfile({
  name,
  text: source,
  file,
  base,
  userHome,
  agents = agentTable(),
}: ProfileSource): ParsedProfile {
  if (!isProfileName(name))
    return failed(`${file}: the name ${JSON.stringify(name)} must be ${PROFILE_NAME_RULE}. Rename the file.`)
  const parts = /^\uFEFF?---[ \t]*\n(?:([\s\S]*?)\n)?---[ \t]*(?:\n([\s\S]*))?$/.exec(
    source.replaceAll('\r\n', '\n'),
  )
  if (parts === null) {
    return failed(
      `${file}:1: a profile begins with its settings between two lines ---, for example:\n---\nagent: shell\n---`,
    )
  }
  const reading = readYaml(parts[1] ?? '', { file, schema: schemaOf(agents), keys: KEYS, firstLine: 2 })
  if (!reading.ok) return reading
  const { value, where } = reading
  const at = (path: readonly (string | number)[]) => where(path) ?? where(path.slice(0, 1)) ?? `${file}:1`
  if (value.name !== undefined && value.name !== name) {
    return failed(
      `${at(['name'])}: name is ${JSON.stringify(value.name)}, but the file says ${name}. Rename the file or remove the line.`,
    )
  }
  const repository = value.repository === null ? null : located(value.repository, { base, userHome })
  if (value.repository !== null && repository === null) {
    return failed(
      `${at(['repository'])}: repository is ${JSON.stringify(value.repository)}, but it must be an absolute path, or begin with ~/`,
    )
  }
  const profile: Profile = {
    name,
    description: value.description,
    agent: value.agent,
    command: value.command,
    driver: value.driver,
    model: value.model,
    permissions: value.permissions,
    orchestrator: value.orchestrator,
    provider: value.provider,
    resume: value.resume,
    environment: value.environment,
    skills: [...new Set(value.skills)],
    limits: {
      maxRuntimeSeconds: value.limits.max_runtime,
      silenceSeconds: value.limits.silence,
      maxRunning: value.limits.max_running,
      maxAttempts: value.limits.max_attempts,
      attemptsPerDay: value.limits.attempts_per_day,
      costPerDay: value.limits.cost_per_day,
      tokensPerDay: value.limits.tokens_per_day,
      costPerTask: value.limits.cost_per_task,
      tokensPerTask: value.limits.tokens_per_task,
      graceSeconds: value.limits.grace,
    },
    repository,
    workspace: value.workspace,
    instructions: (parts[2] ?? '').trim(),
    file,
  }
  const faults = agents.find(profile.agent)?.checkProfile(profile) ?? []
  return faults.length === 0
    ? { ok: true, profile }
    : failed(...faults.map(({ path, message }) => `${at(path)}: ${message}`))
}

const failed = (...problems: string[]): ParsedProfile => ({ ok: false, problems })

function located(path: string, { base, userHome }: Pick<ProfileSource, 'base' | 'userHome'>): string | null {
  if (path === '~' || path.startsWith('~/')) return join(userHome, path.slice(1))
  if (isAbsolute(path)) return path
  return base === null ? null : resolve(base, path)
}
