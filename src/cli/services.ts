/**
 * What commands need beside the kernel. The rooms behind these are none of the CLI's business: src/app.ts wires them, and
 * loads each only when it is asked for.
 */
import type { LoadedConfig, Settings } from '../contract/config.ts'
import type { Actor } from '../domain/actor.ts'
import type { WhyContext } from '../kernel/why.ts'
import type { Task, WorkspaceKind } from '../domain/task.ts'

export interface Services {
  /** The configuration in force, with the origin of each value. Throws `bad_config`. */
  config(): Promise<LoadedConfig>
  /** The configuration that a text would give; throws `bad_config` with every problem of it. */
  checkConfig(text: string): Promise<Settings>
  /** How many cards may run; cheap where there is no config.yaml. */
  caps(): Promise<NonNullable<WhyContext['caps']>>
  profiles(): Promise<Profiles>
  agents(): Promise<readonly AgentSummary[]>
  /** The same, with what is installed of them here. Starts each program once per version. */
  installedAgents(): Promise<readonly AgentState[]>
  /** The text of a new profile. */
  profileTemplate(name: string, agent: string): Promise<string>
  /** What keeps a profile's workers from starting now; empty when nothing does. */
  checkProfile(name: string): Promise<readonly Problem[]>
  /** What may go wrong with workers that can start. Starts the agent's program once per version. */
  profileWarnings(name: string): Promise<readonly Problem[]>
  board(): Promise<Board>
  backups(): Promise<Backups>
  workspaces(): Promise<Workspaces>
  attachments(): Promise<Attachments>
  /** Removes what is past its time; gives the numbers. */
  collectGarbage(options: GarbageOptions): Promise<GarbageReport>
  dispatch(options: PassOptions): Promise<PassReport>
  /** Serves the board's tools on standard input and output until the client has gone. */
  serveTools(caller: ToolsCaller): Promise<void>
  gateway: Gateway
  /** What a person types here to call this program: `yard`, or a path to it. */
  readonly commandName: string
  /** Signals with processes behind them. */
  processes: Processes
}

/** On whose behalf an agent calls tools. */
export interface ToolsCaller {
  readonly actor: Actor
  /** Null in a person's own session. */
  readonly run: { readonly id: number; readonly taskId: string; readonly workspace: string | null } | null
  readonly orchestrator: boolean
  /** Environments whose secrets must not reach the board. */
  readonly environments: readonly Readonly<Record<string, string | undefined>>[]
  /** Ends it. */
  readonly signal: AbortSignal
}

export interface Problem {
  readonly message: string
  readonly next: string
}

export interface AgentSummary {
  readonly name: string
  readonly about: string
}

export interface AgentState extends AgentSummary {
  /** How it is driven; null for agents that are no program of their own. */
  readonly driver: 'command' | 'acp' | null
  readonly reportsBy: 'tools' | 'command' | 'exit code'
  /** Absolute path; null when it is not installed. */
  readonly program: string | null
  readonly version: string | null
  /** The version the tests drive. */
  readonly testedVersion: string | null
  /** Null where it cannot be told. */
  readonly hasLogin: boolean | null
  /** How a person gets it. */
  readonly install: string | null
}

export interface Profile {
  readonly name: string
  readonly description: string | null
  readonly agent: string
  readonly command: readonly string[] | null
  readonly model: string | null
  /** Whether it splits work up for others. */
  readonly orchestrator: boolean
  readonly environment: { readonly allow: readonly string[]; readonly set: Readonly<Record<string, string>> }
  readonly skills: readonly string[]
  readonly limits: {
    readonly maxRuntimeSeconds: number | null
    readonly silenceSeconds: number | null
    readonly maxRunning: number | null
    readonly maxAttempts: number | null
    readonly attemptsPerDay: number | null
    readonly graceSeconds: number | null
  }
  readonly repository: string | null
  readonly workspace: WorkspaceKind | null
  readonly instructions: string
  /** Null for one that is built in. */
  readonly file: string | null
}

export type ProfileFinding =
  | { readonly state: 'found'; readonly profile: Profile }
  | {
      readonly state: 'broken'
      readonly name: string
      readonly file: string
      readonly problems: readonly string[]
    }
  | { readonly state: 'unknown'; readonly name: string }

export interface Profiles {
  find(name: string): ProfileFinding
  list(): readonly Exclude<ProfileFinding, { state: 'unknown' }>[]
  names(): readonly string[]
  /** The known name that this one is most likely a slip of. */
  nearest(name: string): string | null
}

/** The database behind the board. */
export interface Board {
  readonly dialect: 'sqlite' | 'postgres'
  /** Where it is, fit to be shown. */
  readonly location: string
  readonly schema: { readonly version: number; readonly newest: number }
  /** Problems that a thorough look finds; empty when it is sound. */
  check(): Promise<readonly string[]>
}

export interface BackupFile {
  readonly path: string
  readonly createdAt: number
  readonly size: number
}

export interface Backups {
  /** Newest first. */
  list(): Promise<readonly BackupFile[]>
  /** Makes and verifies a copy of the board; by default in the home's own place for backups. */
  create(to: string | null): Promise<BackupFile>
  /** Puts a backup in the place of the board; what was there is kept. */
  restore(path: string, options: { readonly replace: boolean }): Promise<{ readonly replaced: string | null }>
}

export interface Workspaces {
  /** Where a card would be worked on; `problem` when there is no such place. Changes nothing. */
  resolve(
    task: Task,
  ): Promise<{ readonly path: string } | { readonly problem: string; readonly next: string }>
  /** The same, and the place is there afterwards. */
  prepare(task: Task): Promise<{ readonly path: string }>
  /** Null when nothing is there. */
  size(path: string): Promise<{ readonly bytes: number; readonly isComplete: boolean } | null>
  /** Folders in our place for workspaces that no card of this board is known for. */
  strays(known: readonly string[]): Promise<readonly string[]>
  listTrash(): Promise<readonly TrashedWorkspace[]>
  restoreFromTrash(name: string): Promise<{ readonly path: string }>
}

export interface TrashedWorkspace {
  readonly name: string
  readonly taskId: string
  readonly from: string
  readonly trashedAt: number
  readonly reason: string
}

export interface Attachments {
  /** Writes the checked bytes to a file that must not exist yet. */
  save(digest: string, to: string): Promise<void>
}

export interface GarbageOptions {
  readonly eventRetentionDays: number | null
  readonly logRetentionDays: number | null
  readonly now: number
}

export interface GarbageReport {
  readonly events_removed: number
  readonly logs_removed: number
  readonly log_bytes_removed: number
  readonly workspaces_trashed: number
  readonly workspaces_kept: number
  readonly trash_removed: number
  readonly trash_bytes_removed: number
  readonly attachments_removed: number
  readonly attachment_bytes_removed: number
  /** Folders that stay although their time is up, with the reason. */
  readonly kept: readonly { readonly path: string; readonly reason: string }[]
}

export interface PassOptions {
  readonly dryRun: boolean
  readonly max: number | null
  readonly failureLimit: number | null
}

/** What a pass of the dispatcher did, or would do. */
export interface PassReport {
  readonly spawned: readonly {
    readonly task_id: string
    readonly assignee: string
    readonly workspace: string
  }[]
  readonly skipped_unassigned: readonly string[]
  readonly reclaimed: readonly string[]
  readonly promoted: readonly string[]
  readonly crashed: readonly string[]
  readonly timed_out: readonly string[]
  readonly auto_blocked: readonly string[]
  readonly preflight_failed: readonly { readonly task_id: string; readonly problem: string }[]
  readonly adopted: readonly number[]
  readonly waiting: readonly { readonly task_id: string; readonly reason: string }[]
}

export interface GatewayStatus {
  /** Whether a process holds the home. */
  readonly running: boolean
  readonly healthy: boolean
  /** Whether it starts workers. */
  readonly dispatching: boolean
  readonly problems: readonly string[]
  readonly pid: number | null
  readonly version: string | null
  readonly startedAt: number | null
  readonly lastPassAt: number | null
  /** It does not run, and did not end by itself. */
  readonly crashed: boolean
}

export interface Gateway {
  status(): Promise<GatewayStatus>
  /** Where the running gateway serves the board; null when it does not, or none runs. */
  serverUrl(): Promise<string | null>
  /** Runs until the signal; refuses when another one runs. */
  run(options: GatewayRunOptions): Promise<void>
  /** Asks it to stop and waits until it is gone; false when none was running. */
  stop(): Promise<boolean>
  /** How this program is started, for whoever has to start it again. */
  readonly program: readonly [string, ...string[]]
}

export interface GatewayRunOptions {
  readonly signal: AbortSignal
  /** Called once it looks after the board. */
  readonly onReady?: () => void
  /** The dispatcher and nothing else, with its own numbers. */
  readonly daemon?: {
    readonly intervalSeconds: number | null
    readonly max: number | null
    readonly failureLimit: number | null
    readonly pidfile: string | null
  }
  /** Says everything it does. */
  readonly isVerbose?: boolean
}

export interface Processes {
  /** Whether the process of a run that was started on this host lives; `unknown` elsewhere and when it cannot be told. */
  liveness(process: {
    readonly bootId: string
    readonly pid: number
    readonly startTime: string
  }): 'alive' | 'gone' | 'unknown'
}
