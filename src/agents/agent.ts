/**
 * What it takes to be an agent: a row of the table in table.ts. A row says how its profiles are written, what must be in
 * place before a worker starts, and with which command line it starts. It starts nothing itself.
 */
import type { SessionCounters } from '../domain/run-agent.ts'
import type { Task } from '../domain/task.ts'
import type { CliAgent, Permissions } from '../domain/cli-agent.ts'
import type { Problem } from './problem.ts'
import type { Profile } from './profile.ts'
import type { ProgramSearch } from './program.ts'
import type { Skill } from './skills.ts'

export interface AgentRow {
  readonly name: string
  /** One sentence for lists. */
  readonly about: string
  /** Who says how the work went: the exit code of the process, or a report to the board. Without a report, exit 0 proves nothing. */
  readonly verdict: 'exit-code' | 'report'
  /** What is wrong with a profile of this agent, whatever the task. */
  checkProfile(profile: Profile): readonly ProfileFault[]
  /** What is missing for this task. Looks, and changes nothing. */
  preflight(context: PreflightContext): readonly Problem[]
  /** For agents with a command line of their own. */
  readonly cli?: CliAgent
  /** For agents that a provider serves: whose limits a profile's workers run into, and with which sessions theirs fit together. */
  identify?(profile: Profile): { readonly provider: string; readonly fingerprint: string }
  /** How the worker is started. Throws `missing_program` when the program has gone since the preflight. */
  launch(context: LaunchContext): Launch
}

export interface ProfileFault {
  /** The key at fault, as a path into the front matter. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type TaskOnHand = Pick<Task, 'id' | 'title' | 'body'>

export interface PreflightContext {
  readonly profile: Profile
  readonly task: TaskOnHand
  readonly search: ProgramSearch
}

export interface LaunchContext extends PreflightContext {
  readonly runId: number
  /** Where the worker works: its current folder. */
  readonly workspace: string
  /** The run's private folder (0700), an absolute path; the files of the launch are put there. */
  readonly folder: string
  /** What `yard context` prints for the task. */
  readonly context: string
  /** The skills of the task and of the profile. */
  readonly skills?: readonly Skill[]
  /** For agents that are given the board's tools. */
  readonly places?: AgentPlaces
  /** The session to go on in, with what happened since. */
  readonly resume?: ResumedSession | null
}

/** A session that a worker goes on in. */
export interface ResumedSession {
  readonly session: string
  /** What happened since. */
  readonly news: string
  /** Where its own counters stood, for an agent whose counters go on. */
  readonly counted?: SessionCounters | null
}

export interface Launch {
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly [string, ...string[]]
  /** Written to standard input, which is then closed; without it, standard input is empty. The worker may leave it unread. */
  readonly stdin?: string
  /** Files to write into the run's private folder before the start. */
  readonly files: readonly LaunchFile[]
  /** Variables of this agent, on top of what every worker is given. */
  readonly env?: Readonly<Record<string, string>>
  /** For an agent that is given the board's tools: the command line is made of this where the tools are served. `argv` is its program alone. */
  readonly agent?: AgentTask
}

/** What a runner needs to drive an agent. Plain data. */
export interface AgentTask {
  readonly cli: CliAgent
  readonly model: string | null
  readonly permissions: Permissions
  /** Arguments of the profile. */
  readonly more: readonly string[]
  readonly orchestrator: boolean
  /** Whose limits it runs into. */
  readonly provider: string
  /** The whole document it is given when it begins. */
  readonly prompt: string
  /** The session to go on in and what it is told there; null to begin. */
  readonly resume: ResumedSession | null
  readonly skills: readonly Skill[]
  readonly places: AgentPlaces
}

/** Where the tools an agent is given find what they need. */
export interface AgentPlaces {
  readonly attachments: string
  readonly maxAttachmentBytes?: number
  /** `profiles/` of the home. */
  readonly profiles: string
  /** The repository whose own profiles come first. */
  readonly repository: string | null
  readonly userHome: string
  /** Where skills are looked for, in the order of precedence. */
  readonly skillFolders: readonly string[]
  /** Agents of the user's own, which those profiles may name. */
  readonly ownAgents: Readonly<Record<string, CliAgent>>
}

export interface LaunchFile {
  readonly name: string
  readonly content: string
  readonly mode: number
  /** Below the user's home: what the content is laid over. */
  readonly over?: string
}
