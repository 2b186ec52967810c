/** What commands need beside the kernel and what every door needs of a home. src/app wires it. */
import type { Settings } from '../contract/config.ts'
import type { Actor } from '../domain/actor.ts'
import type { AssignableProfile, MissingSkill, SkillsWanted } from '../domain/roster.ts'
import type { HomeServices } from '../home/services.ts'

export interface Services extends HomeServices {
  attachments(): Promise<Attachments>
  /** Who can be given cards. */
  assignable(): Promise<readonly AssignableProfile[]>
  /** Which of the skills a new card needs nobody has. */
  missingSkills(wanted: SkillsWanted): Promise<readonly MissingSkill[]>
  dispatch(options: PassOptions): Promise<PassReport>
  /** The skills of the package where agents look for theirs. `project`: a folder in the repository; null for the home. */
  skillFiles(place: { readonly agent: string | null; readonly project: string | null }): Promise<SkillFiles>
  /**
   * Gives what removes from a text whatever looks like a credential in these environments, and these secrets. From now on
   * no file that holds one of them is kept with a card.
   */
  guard(
    environments: ToolsCaller['environments'],
    secrets: readonly string[],
  ): Promise<(text: string) => string>
  /** Serves the board's tools on standard input and output until the client has gone. */
  serveTools(caller: ToolsCaller): Promise<void>
  readonly gateway: Gateway
  /** What a person types here to call this program: `yard`, or a path to it. */
  readonly commandName: string
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

export interface Attachments {
  /** Copies a file, or what a stream gives, into the store. Refuses what is too large or has another SHA-256 than expected. */
  keep(
    source: string | AsyncIterable<Uint8Array>,
    about: { readonly name: string; readonly digest: string | undefined },
  ): Promise<{
    readonly name: string
    readonly size: number
    readonly digest: string
    readonly mime: string | null
  }>
  /** Writes the checked bytes to a file that must not exist yet. */
  save(digest: string, to: string): Promise<void>
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

/** Settings of the server that hold for one gateway, whatever the configuration says. */
export type Serving = Partial<
  Pick<
    Settings['server'],
    'host' | 'port' | 'port_is_fixed' | 'socket' | 'tls_cert' | 'tls_key' | 'trust_proxy' | 'expose'
  >
>

type Gateway = HomeServices['gateway'] & {
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
  /** Goes before the settings of the server. */
  readonly serving?: Serving
  /** Says everything it does. */
  readonly isVerbose?: boolean
}

interface PlacedSkill {
  readonly name: string
  readonly folder: string
  readonly state: 'missing' | 'current' | 'outdated' | 'changed'
}

export interface SkillChange extends PlacedSkill {
  readonly did: 'wrote' | 'replaced' | 'removed' | 'nothing'
}

export interface SkillFiles {
  list(): readonly PlacedSkill[]
  /** What somebody changed stays, unless it is forced. */
  install(options: { readonly force: boolean }): readonly SkillChange[]
  /** Takes away what is as we left it. */
  remove(): readonly SkillChange[]
}
