/**
 * An agent's command line as data: how it is found, started, told what to do, read, stopped and judged. Plain data, because
 * it is written into the file a runner is started with, and because people add their own. Texts in it may hold placeholders
 * such as `{model}`, see {@link AGENT_PLACEHOLDERS}; a part with `if` counts only where its condition holds.
 */

/** What a part of a command line can depend on; `!` in front turns it round. */
export const CONDITIONS = [
  /** The profile names a model. */
  'model',
  /** It goes on in a session it began before. */
  'resume',
  /** The workspace is a linked git worktree, whose git folders lie elsewhere. */
  'worktree',
  /** There are skills to hand over. */
  'skills',
  /** The permissions of the profile. */
  'full',
  'workspace',
  'board',
] as const
export type Condition = (typeof CONDITIONS)[number]

/** What a text of a row can stand for; filled in where the worker starts. */
export const AGENT_PLACEHOLDERS = [
  'prompt',
  'task',
  'profile',
  'tenant',
  'model',
  'session',
  'workspace',
  /** The run's private folder; everything written for the run lies there. */
  'folder',
  /** A folder of skills, each with its SKILL.md. */
  'skills',
  'mcp_url',
  'mcp_token',
  'git_dir',
  'git_common_dir',
  'home',
] as const
export type AgentPlaceholder = (typeof AGENT_PLACEHOLDERS)[number]

export interface Conditional {
  readonly if: Condition | `!${Condition}`
  readonly give: readonly string[]
}
/** `{arguments}` by itself is where those of the profile go. */
export type ArgumentPart = string | Conditional
export const PROFILE_ARGUMENTS = '{arguments}'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A file of the run's private folder, readable by its owner only. Objects are written as JSON. */
export interface AgentFile {
  readonly name: string
  readonly content: Json
  /** A YAML or JSON file, absolute or below the user's home, that this is laid over; lists are joined. The file itself is only read. */
  readonly over?: string
}

/**
 * What a worker may do without being asked, because nobody is there to ask: `full` everything its user may, `workspace`
 * what the client itself confines to the workspace, `board` look and report, nothing else.
 */
export const PERMISSIONS = ['full', 'workspace', 'board'] as const
export type Permissions = (typeof PERMISSIONS)[number]

export const OUTPUT_FORMATS = [
  'agy',
  'claude',
  'cline',
  'codex',
  'copilot',
  'cursor',
  'droid',
  'gemini',
  'goose',
  'opencode',
  'text',
] as const
/** The parser of what it prints, by name. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** How what an agent or its provider says went wrong is to be answered. */
export const ERROR_CLASSES = [
  /** The key, login or account is not accepted: a person must repair it. */
  'credential',
  /** The provider has had enough for now. */
  'quota',
  /** There is no such model, or not for this account. */
  'model',
  /** The conversation cannot go on, for one too long or damaged: a fresh one can. */
  'context',
  /** Nothing is wrong with the work: the network, an overload. */
  'transient',
  /** The client did not let the model call a tool. */
  'refused',
] as const
export type ErrorClass = (typeof ERROR_CLASSES)[number]

export interface ErrorRule {
  /** A regular expression, without regard to case, matched against the words of an error. */
  readonly words: string
  readonly class: ErrorClass
}

/**
 * `command` starts it once per turn. The others talk to it on its standard streams: `acp` in the Agent Client Protocol,
 * `stream-json` in the JSON lines of Claude Code.
 */
export const DRIVERS = ['command', 'acp', 'stream-json'] as const
export type DriverName = (typeof DRIVERS)[number]

/** How a worker talks to the board: by tools that it is given, or by the `yard` command. */
export type ReportsBy = 'mcp' | 'cli'

/** A script of ours that is loaded into an agent's program. */
export interface Preload {
  /** What the program runs on. */
  readonly runtime: 'node' | 'bun'
  /** The npm package it is of; a program of another one, started by it, leaves the script alone. */
  readonly package: string
}

export interface CliAgent {
  readonly name: string
  /** One sentence for lists. */
  readonly about: string
  /** Looked up on the worker's PATH, unless the profile names another one. */
  readonly program: string
  /** How a person gets it. */
  readonly install: string
  readonly driver: DriverName
  /** How it reports: by the board's tools, or, where it can be given none for a single run, by the `yard` command. */
  readonly tools: ReportsBy
  readonly version: {
    readonly arguments: readonly string[]
    /** The version the test suite drives; null when none does. */
    readonly tested: string | null
  }
  /** Whose limits it runs into, unless the profile says so: cards of one provider cool down together. */
  readonly provider: string
  readonly arguments: readonly ArgumentPart[]
  /** For the driver `command`, where the prompt goes: standard input, or the arguments, which hold `{prompt}`. */
  readonly promptBy: 'stdin' | 'argument'
  /** Variables of its own. Objects are written as JSON. */
  readonly env: Readonly<Record<string, Json>>
  readonly files: readonly AgentFile[]
  /** Variables it is handed on from the gateway's environment: its credentials and addresses. A trailing `*` stands for any ending. */
  readonly allow: readonly string[]
  /** Files below the user's home that hold its login, as far as they are known. */
  readonly logins: readonly string[]
  /** Where it keeps its own records, below the user's home. Nothing else there may change in a run. */
  readonly keeps: readonly string[]
  readonly permissions: { readonly offered: readonly Permissions[]; readonly usual: Permissions }
  /** For the driver `command`. */
  readonly output: OutputFormat
  /** Where only standard error tells what its provider said: a regular expression for such lines, whose first group is that. */
  readonly errorLines?: string
  /** Where it keeps to itself for minutes that its provider refuses it: how a script is loaded into it that tells. */
  readonly preload?: Preload
  /**
   * For the driver `acp`, what the tokens are of that it tells at the end of a turn, which the protocol leaves open: of that
   * turn, or of the session so far. By default of the turn.
   */
  readonly counts?: 'turn' | 'session'
  /** `given`: we choose the id; `announced`: its output tells; `none`: every run begins anew. */
  readonly sessions: 'given' | 'announced' | 'none'
  /** Options that are ours to set: a profile that sets one would break the run. */
  readonly ownOptions: readonly string[]
  /** How its skills reach it: a folder it is told of, or the prompt itself. */
  readonly skills: 'folder' | 'prompt'
  /** Where below `{skills}` it looks for `<name>/SKILL.md`. */
  readonly skillsBelow?: string
  /** A regular expression: what it says in the place of its model, when a request has failed. */
  readonly spokenErrors?: string
  /** What a person should know whose gateway runs as root, with full permissions. */
  readonly asRoot?: string
  /** Before the rules that hold for all. */
  readonly errors: readonly ErrorRule[]
  /** The same program by its other driver, which a profile may choose: what differs then. */
  readonly otherwise?: Pick<CliAgent, 'driver'> & Partial<Omit<CliAgent, 'name' | 'program' | 'otherwise'>>
}

/** The row as it is driven; null when it has no such driver. `driver`: null for the usual one. */
export function drivenBy({ otherwise, ...usual }: CliAgent, driver: DriverName | null): CliAgent | null {
  if (driver === null || driver === usual.driver) return usual
  return otherwise?.driver === driver ? { ...usual, ...otherwise } : null
}
