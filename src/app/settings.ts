/** The configuration of one home, read once and again when its file changes. */
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Settings } from '../contract/config.ts'
import type { LoadedConfig } from '../contract/load-config.ts'
import type { Serving } from '../cli/services.ts'
import { fromUnits } from '../domain/measure.ts'
import type { DefaultCeilings } from '../domain/default-budgets.ts'
import type { BoardPolicy } from '../kernel/deps.ts'
import type { DispatchSettings } from '../dispatch/settings.ts'
import type { HomePaths } from '../lib/paths.ts'
import { throughCache } from './config-cache.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Reads and checks the configuration, or a text that may become it; throws `bad_config` with every problem. */
export function readConfig(paths: Pick<HomePaths, 'config'>, env: Env, text?: string): Promise<LoadedConfig> {
  const isPlain = text === undefined && OVERRIDES.every((name) => env[name] === undefined)
  return isPlain ? throughCache(paths.config, () => load(paths, env)) : load(paths, env, text)
}

/** Variables that have a say beside the file. */
const OVERRIDES = ['YARD_DATABASE', 'YARD_DISPATCH_IN_GATEWAY'] as const

async function load(
  paths: Pick<HomePaths, 'config'>,
  env: Env,
  text: string | null = textOf(paths.config),
): Promise<LoadedConfig> {
  // Loaded here: without a configuration file most commands never need the rules.
  const [{ loadConfig }, { readYaml }] = await Promise.all([
    import('../contract/load-config.ts'),
    import('../lib/read-yaml.ts'),
  ])
  return loadConfig({ file: paths.config, text, env, readYaml })
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** What is in force without a configuration file and without variables; null when there is either. */
export const isUnconfigured = (paths: Pick<HomePaths, 'config'>, env: Env): boolean =>
  !env['YARD_DATABASE'] &&
  env['YARD_DISPATCH_IN_GATEWAY'] === undefined &&
  statSync(paths.config, { throwIfNoEntry: false }) === undefined

export interface LiveOptions {
  /** Goes before what the file says of the server. */
  readonly serving: Serving
  /** Told what is wrong with a file that cannot be used, and null when it can again. */
  readonly onProblem: (problem: string | null) => void
}

/** Follows the configuration of a process that goes on: a change counts from the next look, a broken file leaves the last good one in force. */
export class LiveConfig {
  readonly #paths: Pick<HomePaths, 'config'>
  readonly #env: Env
  readonly #options: LiveOptions
  #seen: string
  #settings: Settings
  #reading = false

  static async open(paths: Pick<HomePaths, 'config'>, env: Env, options: LiveOptions): Promise<LiveConfig> {
    const seen = stamp(paths.config)
    const { settings } = await readConfig(paths, env)
    return new LiveConfig(paths, env, options, seen, withServing(settings, options.serving))
  }

  private constructor(
    paths: Pick<HomePaths, 'config'>,
    env: Env,
    options: LiveOptions,
    seen: string,
    settings: Settings,
  ) {
    this.#paths = paths
    this.#env = env
    this.#options = options
    this.#seen = seen
    this.#settings = settings
  }

  /** The settings in force. Looks at the file's stamp; a changed file is read beside and counts shortly after. */
  get settings(): Settings {
    const now = stamp(this.#paths.config)
    if (now !== this.#seen && !this.#reading) void this.#reload(now)
    return this.#settings
  }

  async #reload(seen: string): Promise<void> {
    this.#reading = true
    try {
      const { settings } = await readConfig(this.#paths, this.#env)
      this.#settings = withServing(settings, this.#options.serving)
      this.#options.onProblem(null)
    } catch (error) {
      this.#options.onProblem(error instanceof Error ? error.message : String(error))
    } finally {
      this.#seen = seen
      this.#reading = false
    }
  }
}

/** Whoever says where to serve wants it served. */
function withServing(settings: Settings, serving: Serving): Settings {
  if (Object.keys(serving).length === 0) return settings
  return { ...settings, server: { ...settings.server, enabled: true, ...serving } }
}

/** The configuration as it is in force in a gateway that was told where to serve. */
export function withOptions({ settings, origins }: LoadedConfig, serving: Serving): LoadedConfig {
  const told = Object.keys(serving).length === 0 ? [] : ['enabled', ...Object.keys(serving)]
  const fromOptions = Object.fromEntries(told.map((name) => [`server.${name}`, 'option yard gateway start']))
  return { settings: withServing(settings, serving), origins: { ...origins, ...fromOptions } }
}

function stamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? 'none' : `${stat.mtimeNs}:${stat.size}:${stat.ino}`
}

export const policyOf = ({
  kanban,
  triage,
  budgets,
}: Pick<Settings, 'kanban' | 'triage' | 'budgets'>): BoardPolicy => ({
  maxAttempts: kanban.max_attempts,
  maxAttemptsPerProfileAndDay: kanban.max_attempts_per_profile_per_day,
  failureLimit: kanban.failure_limit,
  retryBackoffSeconds: kanban.retry_backoff_seconds,
  retryBackoffMaxSeconds: kanban.retry_backoff_max_seconds,
  claimTtlSeconds: kanban.claim_ttl_seconds,
  leaseSeconds: kanban.lease_seconds,
  equalFailureLimit: kanban.equal_failure_limit,
  ceilings: ceilingsOf(budgets),
  prices: budgets.prices,
  maxProposals: triage.max_proposals,
})

const ceilingsOf = (budgets: Settings['budgets']): DefaultCeilings => ({
  costPerDay: micros(budgets.cost_per_day),
  tokensPerDay: budgets.tokens_per_day,
  costPerProfileAndDay: micros(budgets.cost_per_profile_per_day),
  tokensPerProfileAndDay: budgets.tokens_per_profile_per_day,
  costPerTask: micros(budgets.cost_per_task),
  tokensPerTask: budgets.tokens_per_task,
  granters: budgets.granters,
  ofProfile: [],
})

const micros = (dollars: number | null): number | null =>
  dollars === null ? null : fromUnits('cost', dollars)

/**
 * The settings in force, or null where nothing was configured. A worker that has something to report is not kept from it by
 * a slip in the configuration: it goes by the board it was given.
 */
export async function settingsIfAny(paths: Pick<HomePaths, 'config'>, env: Env): Promise<Settings | null> {
  if (isUnconfigured(paths, env)) return null
  try {
    return (await readConfig(paths, env)).settings
  } catch (error) {
    if (env['YARD_CAPABILITY_FILE'] === undefined) throw error
    return null
  }
}

export const dispatchSettingsOf = ({
  kanban,
  triage,
  budgets,
  workspaces,
  environment,
  attachments,
}: Settings): DispatchSettings => ({
  intervalSeconds: kanban.dispatch_interval_seconds,
  maxRunning: kanban.max_running,
  maxRunningPerProfile: kanban.max_running_per_profile,
  minFreeMemoryBytes: kanban.min_free_memory_mb * 2 ** 20,
  maxRuntimeSeconds: kanban.max_runtime,
  silenceSeconds: kanban.silence_limit,
  graceSeconds: kanban.stop_grace_seconds,
  repository: workspaces.repository === null ? null : expanded(workspaces.repository),
  allowEnvironment: environment.allow,
  maxAttachmentBytes: attachments.max_mb * 2 ** 20,
  triage: {
    profile: triage.profile,
    autoDecompose: triage.auto_decompose,
    quietSeconds: triage.auto_decompose_after,
    autoRelease: triage.auto_release,
    autoAccept: triage.auto_accept,
  },
  policy: policyOf({ kanban, triage, budgets }),
})

/** A path as people write it: `~` is the user's home, a relative one is below `base`. */
export function expanded(path: string, base = process.cwd()): string {
  const full = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  return isAbsolute(full) ? full : resolve(base, full)
}
