/**
 * `config.yaml`: every setting with its rule, its default and what it means, in one place. Whoever needs a setting is
 * given the checked object; nobody reads the file or the environment a second time. Settings keep the names they have
 * in the file; durations are whole seconds. Commands that can do without import this lazily: it brings the validator along.
 */
import { z } from 'zod'
import { DEFAULT_ATTEMPT_POLICY } from '../domain/attempts.ts'
import { OWN_AGENT_KEYS, ownAgents } from './agents.ts'
import {
  flag,
  text,
  wholeNumber,
  duration,
  wait,
  profile,
  folder,
  database,
  file,
  host,
  hosts,
  origins,
  variables,
  dollars,
  tokens,
  names,
  prices,
} from './setting-kinds.ts'

const setting = <T extends z.ZodType>(schema: T, fallback: z.output<T>, about: string) =>
  schema.default(fallback as never).describe(about)

const GROUPS = {
  kanban: {
    database: setting(database, null, 'Where the board is kept.'),
    dispatch_in_gateway: setting(flag, true, 'Whether the gateway starts workers.'),
    dispatch_interval_seconds: setting(
      wholeNumber(1, 86_400),
      60,
      'How often the gateway looks for work that no wake-up announced.',
    ),
    max_running: setting(wholeNumber(1), 4, 'Workers that run at the same time.'),
    max_running_per_profile: setting(wholeNumber(1), 2, 'Workers of one profile that run at the same time.'),
    min_free_memory_mb: setting(wholeNumber(0), 512, 'No worker starts while less memory than this is free.'),
    max_attempts: setting(
      wholeNumber(1),
      DEFAULT_ATTEMPT_POLICY.maxAttempts,
      'Attempts a task has by itself.',
    ),
    max_attempts_per_profile_per_day: setting(
      wholeNumber(1),
      DEFAULT_ATTEMPT_POLICY.maxAttemptsPerProfileAndDay,
      'Attempts a profile may start in one day (UTC).',
    ),
    failure_limit: setting(
      wholeNumber(1),
      DEFAULT_ATTEMPT_POLICY.failureLimit,
      'Starts in a row that may fail before the task is given up.',
    ),
    equal_failure_limit: setting(
      wholeNumber(1),
      5,
      'Tasks of one profile that may fail alike in a row before the profile is paused.',
    ),
    retry_backoff_seconds: setting(
      wholeNumber(0, 86_400),
      DEFAULT_ATTEMPT_POLICY.retryBackoffSeconds,
      'Wait after the first failed attempt; each further one doubles it.',
    ),
    retry_backoff_max_seconds: setting(
      wholeNumber(0, 31_536_000),
      DEFAULT_ATTEMPT_POLICY.retryBackoffMaxSeconds,
      'Longest wait between two attempts.',
    ),
    max_runtime: setting(duration, 4 * 3600, 'How long one attempt may take.'),
    silence_limit: setting(duration, null, 'How long a worker may print nothing and report nothing.'),
    stop_grace_seconds: setting(
      wholeNumber(0, 3600),
      5,
      'Time a worker has to stop by itself before it is killed.',
    ),
    claim_ttl_seconds: setting(
      wholeNumber(1, 31_536_000),
      900,
      'How long a claim by hand lasts without a heartbeat.',
    ),
    lease_seconds: setting(
      wholeNumber(5, 86_400),
      60,
      'How long a worker counts as alive after its runner last renewed its lease.',
    ),
  },
  triage: {
    profile: setting(
      profile,
      null,
      'The orchestrator that works rough tasks out; the only one there is when none is named.',
    ),
    auto_decompose: setting(
      flag,
      false,
      'Whether rough tasks are decomposed without being asked for. Off: what is under way is given up.',
    ),
    auto_decompose_after: setting(
      wait,
      300,
      'How long a rough task must have been left alone before that, so that nobody is still writing it.',
    ),
    auto_release: setting(flag, false, 'Whether proposed tasks start without a person who agrees.'),
    auto_accept: setting(flag, false, 'Whether a proposed text is taken without a person who agrees.'),
    max_proposals: setting(wholeNumber(1, 100), 12, 'Tasks one decomposition may propose.'),
  },
  budgets: {
    cost_per_day: setting(dollars, null, 'What all workers together may cost in one day (UTC).'),
    tokens_per_day: setting(tokens, null, 'Tokens all workers together may use in one day (UTC).'),
    cost_per_profile_per_day: setting(
      dollars,
      null,
      'What the workers of one profile may cost in one day (UTC).',
    ),
    tokens_per_profile_per_day: setting(
      tokens,
      null,
      'Tokens the workers of one profile may use in one day (UTC).',
    ),
    cost_per_task: setting(dollars, null, 'What all attempts at one task may cost.'),
    tokens_per_task: setting(tokens, null, 'Tokens all attempts at one task may use.'),
    granters: setting(names, [], 'Who may grant more on these budgets; empty: any person.'),
    prices: setting(prices, {}, 'What models cost, for agents that report tokens and no cost.'),
  },
  workspaces: {
    repository: setting(folder, null, 'The git repository of worktree workspaces that name none.'),
    trash_retention_days: setting(
      wholeNumber(0, 36_500),
      7,
      'How long removed workspaces stay in the trash.',
    ),
    keep_done_days: setting(wholeNumber(0, 36_500), 3, 'How long the workspace of a finished task is kept.'),
  },
  logs: {
    retention_days: setting(wholeNumber(1, 36_500), 30, 'How long the log of a finished run is kept.'),
  },
  events: {
    retention_days: setting(wholeNumber(1, 36_500), 30, 'How long the events of a finished task are kept.'),
  },
  backups: {
    every_hours: setting(wholeNumber(1, 8_760), 24, 'How often the board is backed up.'),
    keep: setting(wholeNumber(1, 10_000), 7, 'Backups that are kept.'),
  },
  attachments: { max_mb: setting(wholeNumber(1, 100_000), 25, 'Largest attachment.') },
  server: {
    enabled: setting(flag, true, 'Whether the gateway serves the board over HTTP.'),
    host: setting(
      host,
      '127.0.0.1',
      'The address it listens on; one that other machines can reach needs server.expose.',
    ),
    expose: setting(flag, false, 'Whether it may listen where other machines can reach it.'),
    port: setting(
      wholeNumber(0, 65_535),
      7433,
      'Its port; the next free one when it is taken. 0 takes any free one.',
    ),
    port_is_fixed: setting(flag, false, 'Whether a port that is taken is an error.'),
    socket: setting(file, null, 'A Unix socket to listen on as well.'),
    tls_cert: setting(file, null, 'Its certificate, as a PEM file; with tls_key it speaks HTTPS.'),
    tls_key: setting(file, null, 'The key of the certificate, as a PEM file.'),
    trust_proxy: setting(
      flag,
      false,
      'Whether a proxy in front says by X-Forwarded-For and X-Forwarded-Proto who asks and how.',
    ),
    allowed_hosts: setting(hosts, [], 'Host names it answers to, besides the one it listens on.'),
    allowed_origins: setting(origins, [], 'Pages of other sites that may ask, by their origin.'),
    session_days: setting(wholeNumber(1, 365), 14, 'How long a browser stays logged in.'),
  },
  environment: {
    allow: setting(variables, [], 'Environment variables every worker is given, besides the basic ones.'),
  },
}

const DASHBOARD = {
  default_tenant: setting(text, '', 'The tenant the dashboard opens with; empty shows all.'),
  lane_by_profile: setting(flag, true, 'Whether the running column has a lane for each profile.'),
  include_archived_by_default: setting(flag, false, 'Whether archived tasks are shown at first.'),
  render_markdown: setting(flag, true, 'Whether texts are shown as Markdown.'),
}

/** A group that is written but left empty counts as not written. */
const group = <S extends z.ZodRawShape>(shape: S) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape, { error: 'a group of settings' }))

export const settingsSchema = z.strictObject(
  {
    kanban: group(GROUPS.kanban),
    triage: group(GROUPS.triage),
    budgets: group(GROUPS.budgets),
    workspaces: group(GROUPS.workspaces),
    logs: group(GROUPS.logs),
    events: group(GROUPS.events),
    backups: group(GROUPS.backups),
    attachments: group(GROUPS.attachments),
    server: group(GROUPS.server),
    environment: group(GROUPS.environment),
    dashboard: group({ kanban: group(DASHBOARD) }),
    agents: z.preprocess((value) => value ?? {}, ownAgents),
  },
  { error: 'a group of settings' },
)

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

type Checked = z.output<typeof settingsSchema>
export type Settings = DeepReadonly<Omit<Checked, 'agents'>> & {
  /** Agents of one's own, by name. */
  readonly agents: Checked['agents']
}

export interface ConfigKey {
  /** Its full path, for example `kanban.max_running`. */
  readonly key: string
  /** What it may hold, in words. */
  readonly type: string
  readonly default: unknown
  /** What it means, in one sentence. */
  readonly about: string
}

const KEYS: readonly ConfigKey[] = Object.entries({ ...GROUPS, 'dashboard.kanban': DASHBOARD }).flatMap(
  ([path, shape]) =>
    Object.entries(shape).map(([name, schema]) => ({
      key: `${path}.${name}`,
      type: String(schema.def.innerType.meta()?.['rule']),
      default: schema.def.defaultValue,
      about: schema.description ?? '',
    })),
)

/** Agents of one's own are a map, and shown as one. */
const AGENTS: ConfigKey = {
  key: 'agents',
  type: 'a map from names to agents, see docs/reference.md',
  default: {},
  about: 'Agents of your own, which profiles can name.',
}

/** Every setting, in the order of the reference. */
export const configKeys = (): readonly ConfigKey[] => [...KEYS, AGENTS]

/** Every name the file may hold. */
export const KNOWN_NAMES: readonly string[] = [
  ...Object.keys(GROUPS),
  'dashboard',
  'dashboard.kanban',
  ...KEYS.map(({ key }) => key),
  'agents',
  ...OWN_AGENT_KEYS.map((key) => `agents.<name>.${key}`),
]
