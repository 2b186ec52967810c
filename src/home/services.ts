/**
 * What the doors need of a home beside its board: settings, profiles, backups, workspaces and how it is doing. The rooms
 * behind these are none of a door's business: src/app wires them, and loads each only when it is asked for.
 */
import type { Settings } from '../contract/config.ts'
import type { LoadedConfig } from '../contract/load-config.ts'
import type { Actor } from '../domain/actor.ts'
import type { WhyContext } from '../kernel/why.ts'
import type { DriverName } from '../domain/cli-agent.ts'
import type { Task, WorkspaceKind } from '../domain/task.ts'

export interface HomeServices {
  /** The configuration in force, with the origin of each value. Throws `bad_config`. */
  config(): Promise<LoadedConfig>
  /** The configuration that a text would give; throws `bad_config` with every problem of it. */
  checkConfig(text: string): Promise<Settings>
  /** How many cards may run; cheap where there is no config.yaml. */
  caps(): Promise<NonNullable<WhyContext['caps']>>
  profiles(): Promise<Profiles>
  /** From now on the ceilings in profiles' files count where the board says what holds a card. */
  heedProfiles(): Promise<void>
  profileFiles(): Promise<ProfileFiles>
  roster(): Promise<Roster>
  /** The profile that works rough cards out; throws a refusal that says how to get one. */
  orchestrator(named: string | null): Promise<string>
  agents(): Promise<readonly AgentSummary[]>
  /** The same, with what is installed of them here. Starts each program once per version. */
  installedAgents(): Promise<readonly AgentState[]>
  /** What keeps a profile's workers from starting now; empty when nothing does. */
  checkProfile(name: string): Promise<readonly Problem[]>
  /** What may go wrong with workers that can start. Starts the agent's program once per version. */
  profileWarnings(name: string): Promise<readonly Problem[]>
  board(): Promise<Board>
  backups(): Promise<Backups>
  workspaces(): Promise<Workspaces>
  /** Removes what is past its time; gives the numbers. */
  collectGarbage(options: GarbageOptions): Promise<GarbageReport>
  readonly gateway: { status(): Promise<GatewayStatus> }
  /** Signals with processes behind them. */
  readonly processes: Processes
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
  readonly driver: DriverName | null
  /** What a profile can choose instead. */
  readonly otherDriver: DriverName | null
  readonly reportsBy: 'tools' | 'command' | 'exit code'
  /** Absolute path; null when it is not installed. */
  readonly program: string | null
  readonly version: string | null
  /** The version the tests drive. */
  readonly testedVersion: string | null
  /** Null where it cannot be told. */
  readonly hasLogin: boolean | null
  /** Whether it is one of the configuration. */
  readonly isOwn: boolean
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
    readonly costPerDay: number | null
    readonly tokensPerDay: number | null
    readonly costPerTask: number | null
    readonly tokensPerTask: number | null
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

/** A profile that is there, whether or not it can be used. */
export type ProfileEntry = Exclude<ProfileFinding, { state: 'unknown' }>

export interface Profiles {
  find(name: string): ProfileFinding
  list(): readonly ProfileEntry[]
  names(): readonly string[]
  /** The known name that this one is most likely a slip of. */
  nearest(name: string): string | null
}

/** The texts of profiles, and the ones of this home to be written. */
export interface ProfileFiles {
  originOf(finding: ProfileEntry): ProfileOrigin
  /** Throws `unknown_profile`. */
  read(name: string): Promise<ProfileFile>
  /**
   * Puts a text in the place of a profile of this home, or makes a new one; whole or not at all. Throws `bad_profile` with
   * every problem of the text, and `profile_read_only` for one that is built in or belongs to a repository. `digest`: of
   * the text this one was made from; throws `profile_changed` when another one is there.
   */
  write(name: string, wanted: { readonly text: string; readonly digest: string | null }): Promise<ProfileFile>
  /** Makes a profile that can be used after one look. Throws `profile_exists`. */
  create(name: string, wanted: { readonly agent: string | null }): Promise<ProfileFile>
}

/** The profiles that come with the package. */
export interface Roster {
  /** `isThere`: a profile of that name can be found already. */
  list(): readonly RosterProfile[]
  /** What would make a start with the agents that are installed here; empty when it is all there, or no agent is. */
  starters(): Promise<readonly { readonly name: string; readonly agent: string }[]>
  /** Throws `profile_exists`, unless it is forced. */
  install(wanted: {
    readonly name: string | null
    /** A file instead of the roster. */
    readonly from: string | null
    /** Null takes one that is installed. */
    readonly agent: string | null
    readonly force: boolean
  }): Promise<ProfileFile & { readonly agent: string }>
}

export interface RosterProfile {
  readonly name: string
  readonly description: string | null
  readonly orchestrator: boolean
  readonly isThere: boolean
}

/** Where a profile comes from. */
export type ProfileOrigin = 'home' | 'repository' | 'built-in'

export interface ProfileFile {
  readonly name: string
  readonly origin: ProfileOrigin
  /** Null for one that is built in. */
  readonly file: string | null
  /** Null for one that is built in, or cannot be read. */
  readonly text: string | null
  /** SHA-256 of the text, in hex. */
  readonly digest: string | null
  /** What keeps it from being used; empty when nothing does. */
  readonly problems: readonly string[]
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
  /** Takes it out of the trash, to where it stood, and has the board know. */
  restoreFromTrash(name: string, actor: Actor): Promise<{ readonly path: string }>
  /**
   * What was changed there since its card began; null when the folder is in no repository. Throws `workspace_elsewhere` for
   * one on another host, and `workspace_gone` when it is not there any more.
   */
  diff(workspace: PlacedWorkspace): Promise<WorkspaceDiff | null>
}

/** A workspace as the board knows it. */
export interface PlacedWorkspace {
  readonly id: number
  readonly host: string
  readonly path: string
  readonly kind: WorkspaceKind
  readonly taskId: string
  readonly state: string
  readonly baseCommit: string | null
}

export interface WorkspaceDiff {
  /** The commit it is counted from; null when the repository has none yet. */
  readonly base: string | null
  /** One line per file. */
  readonly stat: string
  readonly diff: string
  readonly truncated: boolean
  /** New files that are too many or too big to be read by a person. */
  readonly notShown: readonly string[]
}

export interface TrashedWorkspace {
  readonly name: string
  readonly taskId: string
  readonly from: string
  readonly trashedAt: number
  readonly reason: string
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
  /** Where it serves the board; null when it does not. */
  readonly server: ServerPlace | null
}

export interface ServerPlace {
  readonly url: string
  /** The Unix socket it listens on as well. */
  readonly socket: string | null
  /** Whether other machines get in: `plain` when they do so without encryption. */
  readonly exposure: 'none' | 'protected' | 'plain'
}

export interface Processes {
  /** Whether the process of a run that was started on this host lives; `unknown` elsewhere and when it cannot be told. */
  liveness(process: {
    readonly bootId: string
    readonly pid: number
    readonly startTime: string
  }): 'alive' | 'gone' | 'unknown'
}
