/** A profile: who does the work. One Markdown file each; the front matter says how it runs, the text is its instructions. */
import type { WorkspaceKind } from '../domain/task.ts'
import type { DriverName, Permissions } from '../domain/cli-agent.ts'

/** Plain data: it may be written to a file and read by another process. */
export interface Profile {
  /** From the file's name. */
  readonly name: string
  readonly description: string | null
  /** The name of an agent in the table. */
  readonly agent: string
  /** Program and arguments. For the agent `command` with placeholders; for others the program in place of theirs, and further arguments. */
  readonly command: readonly string[] | null
  /** How its agent is driven; null for what is usual with it. */
  readonly driver: DriverName | null
  readonly model: string | null
  /** What its workers may do without being asked; null for what is usual with the agent. */
  readonly permissions: Permissions | null
  /** Whether its workers may create cards for others and free them. */
  readonly orchestrator: boolean
  /** Whose limits its workers run into; null for the agent's own provider. */
  readonly provider: string | null
  /** Whether a worker goes on in its earlier session where it can. */
  readonly resume: boolean
  readonly environment: {
    /** Variables handed on from the gateway's environment, besides those every worker is given. */
    readonly allow: readonly string[]
    readonly set: Readonly<Record<string, string>>
  }
  /** Skills its workers need, besides those a task asks for. */
  readonly skills: readonly string[]
  readonly limits: ProfileLimits
  /** The git repository of its worktree workspaces, an absolute path. */
  readonly repository: string | null
  /** The kind of workspace its tasks get when they ask for none. */
  readonly workspace: WorkspaceKind | null
  /** What its workers are told before the task. */
  readonly instructions: string
  /** The file it was read from; null for one that is built in. */
  readonly file: string | null
}

/** Null leaves the matter to the board's settings. */
export interface ProfileLimits {
  readonly maxRuntimeSeconds: number | null
  readonly silenceSeconds: number | null
  readonly maxRunning: number | null
  readonly maxAttempts: number | null
  readonly attemptsPerDay: number | null
  readonly graceSeconds: number | null
  /** In US dollars. */
  readonly costPerDay: number | null
  readonly tokensPerDay: number | null
  /** In US dollars. */
  readonly costPerTask: number | null
  readonly tokensPerTask: number | null
}

/** Completes the sentence "must be …". */
export const PROFILE_NAME_RULE =
  'lowercase letters, digits, - and _, beginning with a letter or digit, at most 64'

export const isProfileName = (name: string): boolean => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)
