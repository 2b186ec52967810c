/**
 * Agents of one's own, as `agents` of config.yaml writes them: the same data as the rows that come with the program, under
 * the names of a configuration file. What would break a run is found here, where file and line are still known.
 */
import { z } from 'zod'
import {
  AGENT_PLACEHOLDERS,
  CONDITIONS,
  DRIVERS,
  ERROR_CLASSES,
  OUTPUT_FORMATS,
  PERMISSIONS,
  PROFILE_ARGUMENTS,
  type AgentPlaceholder,
  type ArgumentPart,
  type CliAgent,
  type Condition,
  type Json,
  type ReportsBy,
} from '../domain/cli-agent.ts'
import { isGrantableVariable, VARIABLE_RULE } from '../domain/variables.ts'

const words = (error: string) => z.string({ error }).trim().min(1, { error })
const texts = (error: string) => z.array(z.string({ error }), { error })
const oneOf = <const V extends readonly string[]>(values: V) =>
  z.enum(values, { error: `one of ${values.join(', ')}` })
const group = <S extends z.ZodRawShape>(shape: S, error: string) => z.strictObject(shape, { error })

const NAMES = [...CONDITIONS, ...CONDITIONS.map((name) => `!${name}` as const)]
const part = z.union(
  [
    z.string(),
    group({ if: oneOf(NAMES), give: texts('a list of arguments') }, 'an argument, or {if: …, give: […]}'),
  ],
  {
    error: `an argument, or {if: <one of ${CONDITIONS.join(', ')}, or ! and one of them>, give: [<arguments>]}`,
  },
)
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
)
const regularExpression = words('a regular expression').refine(isRegularExpression, {
  error: 'a regular expression',
})

const ROW = {
  about: words('one sentence').default('An agent of your own.'),
  program: words('the name or path of a program'),
  install: z.string({ error: 'text' }).default(''),
  driver: oneOf(DRIVERS).default('command'),
  tools: oneOf(['mcp', 'cli'] as const).optional(),
  version: group(
    { arguments: texts('a list of arguments'), tested: words('a version').nullable().default(null) },
    'a group of arguments and tested',
  ).default({ arguments: ['--version'], tested: null }),
  provider: words('the name of a provider').optional(),
  arguments: z.array(part, { error: 'a list of arguments' }).default([PROFILE_ARGUMENTS]),
  prompt_by: oneOf(['stdin', 'argument'] as const).default('stdin'),
  env: z
    .record(z.string().regex(/^(?!YARD_)[A-Za-z_][A-Za-z0-9_]*$/), json, {
      error: 'a map from names of environment variables, none of them YARD_*, to values',
    })
    .default({}),
  files: z
    .array(
      group(
        {
          name: words('the name of a file').regex(/^[\w.-]+$/, {
            error: 'the name of a file, without folders',
          }),
          content: json,
          over: words('a path').optional(),
        },
        'a group of name, content and over',
      ),
      { error: 'a list of files' },
    )
    .default([]),
  allow: z
    .array(z.string({ error: VARIABLE_RULE }).refine(isGrantableVariable, { error: VARIABLE_RULE }), {
      error: 'a list of names of environment variables',
    })
    .default([]),
  logins: texts('a list of paths below the home').default([]),
  keeps: texts('a list of paths below the home').default([]),
  permissions: group(
    { offered: z.array(oneOf(PERMISSIONS)).min(1), usual: oneOf(PERMISSIONS) },
    'a group of offered and usual',
  ).optional(),
  output: oneOf(OUTPUT_FORMATS).default('text'),
  counts: oneOf(['turn', 'session'] as const).optional(),
  sessions: oneOf(['given', 'announced', 'none'] as const).optional(),
  own_options: texts('a list of options').default([]),
  skills: oneOf(['folder', 'prompt'] as const).default('prompt'),
  skills_below: words('a path').optional(),
  spoken_errors: regularExpression.optional(),
  error_lines: regularExpression.optional(),
  errors: z
    .array(group({ words: regularExpression, class: oneOf(ERROR_CLASSES) }, 'a group of words and class'), {
      error: 'a list of {words, class}',
    })
    .default([]),
}

/** Names that are no rows of data. */
const RESERVED = new Set(['shell', 'command', 'acp'])
const NAME_RULE =
  'a map from names (lowercase letters, digits and -; not shell, command or acp) to groups of keys'

export const ownAgents = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    z.strictObject(ROW, { error: 'a group of keys' }).superRefine(check),
    { error: NAME_RULE },
  )
  .superRefine((agents, context) => {
    for (const name of Object.keys(agents))
      if (RESERVED.has(name))
        context.addIssue({ code: 'custom', path: [name], message: `another name: ${NAME_RULE}` })
  })
  .transform((agents): Readonly<Record<string, CliAgent>> =>
    Object.fromEntries(Object.entries(agents).map(([name, row]) => [name, rowOf(name, row)])),
  )

/** The keys of a row, as errors and the reference name them. */
export const OWN_AGENT_KEYS = Object.keys(ROW)

type Row = z.output<z.ZodObject<typeof ROW>>

function rowOf(name: string, row: Row): CliAgent {
  const { prompt_by, own_options, skills_below, spoken_errors, error_lines, counts, files, ...rest } = row
  const isAcp = row.driver === 'acp'
  return {
    ...rest,
    name,
    tools: toolsOf(row),
    provider: row.provider ?? name,
    promptBy: prompt_by,
    files: files.map(({ over, ...file }) => (over === undefined ? file : { ...file, over })),
    permissions: row.permissions ?? { offered: isAcp ? [...PERMISSIONS] : ['full'], usual: 'full' },
    sessions: row.sessions ?? (isAcp ? 'announced' : 'none'),
    ownOptions: own_options,
    ...(skills_below === undefined ? {} : { skillsBelow: skills_below }),
    ...(spoken_errors === undefined ? {} : { spokenErrors: spoken_errors }),
    ...(counts === undefined ? {} : { counts }),
    ...(error_lines === undefined ? {} : { errorLines: error_lines }),
  }
}

const toolsOf = ({ driver, tools }: Pick<Row, 'driver' | 'tools'>): ReportsBy =>
  tools ?? (driver === 'acp' ? 'mcp' : 'cli')

/** What a text may hold, and where: what is not there in every run stands only where its condition holds. */
function check(row: Row, context: z.RefinementCtx): void {
  const fault = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  const tools = toolsOf(row)
  const used = new Set<string>()
  const look = (path: (string | number)[], text: string, given: ReadonlySet<string>) => {
    for (const [, name = ''] of text.matchAll(/\{([a-z_]+)\}/g)) {
      used.add(name)
      if (given.has(name) || text === PROFILE_ARGUMENTS) continue
      const isKnown = (AGENT_PLACEHOLDERS as readonly string[]).includes(name)
      fault(path, isKnown ? misplaced(name as AgentPlaceholder) : unknownPlaceholder(name))
    }
  }
  const lookAtAll = (path: (string | number)[], value: Json, given: ReadonlySet<string>): void => {
    if (typeof value === 'string') look(path, value, given)
    else if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) lookAtAll([...path, key], item, given)
  }
  const always = new Set<string>(ALWAYS)
  const withTools = tools === 'mcp' ? new Set([...ALWAYS, 'mcp_url', 'mcp_token']) : always
  row.arguments.forEach((each: ArgumentPart, at) => {
    const visible = tools === 'mcp' ? [...ALWAYS, 'mcp_url'] : [...ALWAYS]
    const given = new Set([...visible, ...(row.prompt_by === 'argument' ? ['prompt'] : [])])
    if (typeof each === 'string') return look(['arguments', at], each, given)
    for (const name of ONLY_IF[each.if as Condition] ?? []) given.add(name)
    each.give.forEach((text) => look(['arguments', at], text, given))
  })
  lookAtAll(['env'], row.env, withTools)
  row.files.forEach(({ content }, at) => lookAtAll(['files', at], content, withTools))
  if (row.driver === 'command' && row.prompt_by === 'argument' && !used.has('prompt'))
    fault(['arguments'], 'a list that holds {prompt}, because prompt_by is argument')
  if (row.driver !== 'acp' && tools === 'mcp' && !used.has('mcp_url'))
    fault(['tools'], 'cli, or {mcp_url} and {mcp_token} must stand in files or env')
  if (row.driver === 'acp' && tools === 'cli') fault(['tools'], 'mcp, because driver acp hands them over')
  if (row.driver !== 'acp' && row.sessions === 'given' && !used.has('session'))
    fault(['sessions'], 'none or announced, or {session} must stand in arguments')
  if (row.permissions !== undefined && !row.permissions.offered.includes(row.permissions.usual))
    fault(['permissions', 'usual'], `one of those offered: ${row.permissions.offered.join(', ')}`)
}

const ALWAYS = [
  'task',
  'profile',
  'tenant',
  'session',
  'workspace',
  'folder',
  'skills',
  'home',
] as const satisfies readonly AgentPlaceholder[]

const ONLY_IF: Readonly<Partial<Record<Condition, readonly AgentPlaceholder[]>>> = {
  model: ['model'],
  worktree: ['git_dir', 'git_common_dir'],
}

const misplaced = (name: AgentPlaceholder): string => {
  switch (name) {
    case 'model':
      return 'without {model}, or inside {if: model, give: […]} of arguments: not every profile names one'
    case 'git_dir':
    case 'git_common_dir':
      return `without {${name}}, or inside {if: worktree, give: […]} of arguments`
    case 'mcp_token':
      return 'without {mcp_token}, which others could read there: give it by env or files, with tools: mcp'
    case 'mcp_url':
      return 'without {mcp_url}, unless tools is mcp'
    default:
      return `without {${name}}${name === 'prompt' ? ', unless prompt_by is argument' : ''}`
  }
}

const unknownPlaceholder = (name: string): string =>
  `without {${name}}, which stands for nothing. Placeholders: ${AGENT_PLACEHOLDERS.map((known) => `{${known}}`).join(' ')}`

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
