import { describe, expect, test } from 'vitest'
import { configKeys, settingsSchema } from '../../src/contract/config.ts'
import { loadConfig } from '../../src/contract/load-config.ts'
import { DEFAULT_ATTEMPT_POLICY } from '../../src/domain/attempts.ts'
import { isYardError } from '../../src/domain/errors.ts'
import { readYaml } from '../../src/lib/read-yaml.ts'

const load = (text: string | null, env: Record<string, string> = {}) =>
  loadConfig({ file: 'config.yaml', text, env, readYaml })

/** The problems a text is refused for. */
function problems(text: string): readonly string[] {
  try {
    load(text)
  } catch (error) {
    if (isYardError(error)) return error.details['problems'] as readonly string[]
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('defaults', () => {
  test('without a file every setting has its default and says so [config.defaults]', () => {
    const { settings, origins } = load(null)
    expect(settings.kanban).toMatchObject({
      database: null,
      dispatch_in_gateway: true,
      max_running: 4,
      max_runtime: 14_400,
      silence_limit: null,
    })
    expect(settings.dashboard.kanban).toEqual({
      default_tenant: '',
      lane_by_profile: true,
      include_archived_by_default: false,
      render_markdown: true,
    })
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']))
    expect(load('').settings).toEqual(settings)
    expect(load('kanban:\ndashboard:\n  kanban:\n').settings).toEqual(settings)
  })

  test('the attempt rules have the defaults of the domain', () => {
    const { kanban } = load(null).settings
    expect({
      maxAttempts: kanban.max_attempts,
      maxAttemptsPerProfileAndDay: kanban.max_attempts_per_profile_per_day,
      failureLimit: kanban.failure_limit,
      retryBackoffSeconds: kanban.retry_backoff_seconds,
      retryBackoffMaxSeconds: kanban.retry_backoff_max_seconds,
    }).toEqual(DEFAULT_ATTEMPT_POLICY)
  })
})

describe('F52: a setting is applied, or refused by name', () => {
  test('every key in the list can be set, takes effect and names its line', () => {
    const samples: Record<string, unknown> = {
      'kanban.database': '/data/board.db',
      'kanban.max_runtime': '30m',
      'kanban.silence_limit': '10m',
      'triage.profile': 'lead',
      'workspaces.repository': '/src/project',
      'server.host': '0.0.0.0',
      'server.socket': '/run/yard.sock',
      'server.tls_cert': '/etc/yard/cert.pem',
      'server.tls_key': '/etc/yard/key.pem',
      'server.allowed_hosts': ['board.example'],
      'server.allowed_origins': ['https://board.example'],
      'environment.allow': ['LANG', 'AWS_*'],
      'budgets.cost_per_day': 20,
      'budgets.tokens_per_day': 5_000_000,
      'budgets.cost_per_profile_per_day': 2.5,
      'budgets.tokens_per_profile_per_day': 0,
      'budgets.cost_per_task': 0.5,
      'budgets.tokens_per_task': 100_000,
      'budgets.granters': ['alice'],
      'budgets.prices': { 'acme-large': { input: 3, cached: 0.3, output: 15 } },
      'dashboard.kanban.default_tenant': 'acme',
    }
    const effective: Record<string, unknown> = { 'kanban.max_runtime': 1800, 'kanban.silence_limit': 600 }
    for (const { key, default: fallback, about, type } of configKeys()) {
      // A map, not a value; see own-agents.test.ts.
      if (key === 'agents') continue
      const value = samples[key] ?? (typeof fallback === 'boolean' ? !fallback : Number(fallback) + 1)
      const path = key.split('.')
      const text =
        path.map((name, depth) => `${'  '.repeat(depth)}${name}:`).join('\n') + ` ${JSON.stringify(value)}\n`
      const { settings, origins } = load(text)
      const found = path.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], settings)
      expect({ key, found }).toEqual({ key, found: effective[key] ?? value })
      expect(found).not.toEqual(fallback)
      expect(origins[key]).toBe(`config.yaml:${path.length}`)
      expect(Object.values(origins).filter((origin) => origin !== 'default')).toHaveLength(1)
      expect(about).toMatch(/^[A-Z].*\.$/)
      expect(type).not.toBe('undefined')
    }
  })

  test('the list of keys is the schema, no more and no less', () => {
    const leaves = (value: unknown, path: string): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
        ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
        : [path]
    expect(configKeys().map(({ key }) => key)).toEqual(leaves(settingsSchema.parse({}), ''))
  })

  test.each([
    [
      'kanban:\n  max_runing: 3\n',
      'config.yaml:2: kanban.max_runing is not a known key. The nearest known key is kanban.max_running.',
    ],
    [
      'kanbann:\n  max_running: 3\n',
      'config.yaml:1: kanbann is not a known key. The nearest known key is kanban.',
    ],
    [
      '# a remark\n\nmax_running: 3\n',
      'config.yaml:3: max_running is not a known key. The nearest known key is kanban.max_running.',
    ],
    [
      'dashboard:\n  kanban:\n    lanes_by_profile: true\n',
      'config.yaml:3: dashboard.kanban.lanes_by_profile is not a known key. The nearest known key is dashboard.kanban.lane_by_profile.',
    ],
    [
      'kanban:\n  dispatch_interval: 5\n',
      'config.yaml:2: kanban.dispatch_interval is not a known key. The nearest known key is kanban.dispatch_interval_seconds.',
    ],
    [
      'budgets:\n  prices: { large: { input: 1, outputs: 2, output: 2 } }\n',
      'config.yaml:2: budgets.prices.large.outputs is not a known key. The nearest known key is budgets.',
    ],
    [
      'logs:\n  retention: 5\n',
      'config.yaml:2: logs.retention is not a known key. The nearest known key is logs.retention_days.',
    ],
  ])('the unknown key in %j is named with its full path and the nearest known one', (text, problem) => {
    expect(problems(text)).toEqual([problem])
  })

  test.each([
    [
      'kanban:\n  max_running: "4"\n',
      'config.yaml:2: kanban.max_running is "4", but it must be a whole number, 1 or more',
    ],
    [
      'kanban:\n  max_running: 0\n',
      'config.yaml:2: kanban.max_running is 0, but it must be a whole number, 1 or more',
    ],
    [
      'kanban:\n  max_running: 1.5\n',
      'config.yaml:2: kanban.max_running is 1.5, but it must be a whole number, 1 or more',
    ],
    [
      'kanban:\n  max_running:\n',
      'config.yaml:2: kanban.max_running is empty, but it must be a whole number, 1 or more',
    ],
    [
      'kanban:\n  dispatch_in_gateway: yes\n',
      'config.yaml:2: kanban.dispatch_in_gateway is "yes", but it must be true or false',
    ],
    ['kanban: [1]\n', 'config.yaml:1: kanban is [1], but it must be a group of settings'],
    ['- 1\n', 'config.yaml: the file is [1], but it must be a group of settings'],
    [
      'environment:\n  allow:\n    - LANG\n    - 2 b\n',
      'config.yaml:4: environment.allow.1 is "2 b", but it must be the name of an environment variable, or its beginning and *, but none of YARD_*, HERMES_*, NODE_OPTIONS and NODE_COMPILE_CACHE',
    ],
    [
      'workspaces:\n  repository: src\n',
      'config.yaml:2: workspaces.repository is "src", but it must be the absolute path of a folder, or null for none',
    ],
  ])('the wrong value in %j is named with its rule and its line', (text, problem) => {
    expect(problems(text)).toEqual([problem])
  })

  test('an address of another database is refused, and its password is not shown', () => {
    expect(problems('kanban:\n  database: mysql://me:hunter@2@host/db\n')).toEqual([
      'config.yaml:2: kanban.database is "mysql://me:***@host/db", but it must be the path of a SQLite file, an address postgres://…, or null for the file in the home',
    ])
  })

  test('a key written twice is refused, not half obeyed', () => {
    expect(problems('kanban:\n  max_running: 1\n  max_running: 9\n')).toEqual([
      expect.stringMatching(/^config\.yaml:3: .*unique/),
    ])
  })

  test('text that is no YAML is refused with its line', () => {
    expect(problems('kanban:\n  max_running: [1\n')[0]).toMatch(/^config\.yaml:\d+: /)
  })

  test('all problems are told at once, with the command that checks again', () => {
    expect(() => load('kanban:\n  max_running: many\n  colour: red\n')).toThrow(
      expect.objectContaining({
        code: 'bad_config',
        message: expect.stringMatching(/config\.yaml:2: [\s\S]*config\.yaml:3: [\s\S]*yard config/),
      }),
    )
  })
})

describe('durations', () => {
  test.each([
    ['30m', 1800],
    ['2h', 7200],
    ['1d', 86_400],
    ['90', 90],
    ['45s', 45],
    [90, 90],
  ] as const)('%j is %d seconds', (written, seconds) => {
    expect(load(`kanban:\n  max_runtime: ${JSON.stringify(written)}\n`).settings.kanban.max_runtime).toBe(
      seconds,
    )
  })

  test('null means no limit', () => {
    expect(load('kanban:\n  max_runtime: null\n').settings.kanban.max_runtime).toBeNull()
  })

  test.each(['soon', '-5m', '0', '2y', '', true])('%j is refused', (written) => {
    expect(problems(`kanban:\n  max_runtime: ${JSON.stringify(written)}\n`)).toEqual([
      expect.stringContaining('must be a duration such as 30m, 2h, 1d'),
    ])
  })
})

describe('the environment', () => {
  test('YARD_DISPATCH_IN_GATEWAY=0 switches dispatching off [config.dispatch-in-gateway]', () => {
    const { settings, origins } = load('kanban:\n  dispatch_in_gateway: true\n', {
      YARD_DISPATCH_IN_GATEWAY: '0',
    })
    expect(settings.kanban.dispatch_in_gateway).toBe(false)
    expect(origins['kanban.dispatch_in_gateway']).toBe('env YARD_DISPATCH_IN_GATEWAY')
  })

  test.each(['1', '', 'false', 'no'])('YARD_DISPATCH_IN_GATEWAY=%s defers to the file', (value) => {
    const { settings, origins } = load('kanban:\n  dispatch_in_gateway: false\n', {
      YARD_DISPATCH_IN_GATEWAY: value,
    })
    expect(settings.kanban.dispatch_in_gateway).toBe(false)
    expect(origins['kanban.dispatch_in_gateway']).toBe('config.yaml:2')
    expect(load(null, { YARD_DISPATCH_IN_GATEWAY: value }).settings.kanban.dispatch_in_gateway).toBe(true)
  })

  test('YARD_DATABASE replaces the database of the file', () => {
    const { settings, origins } = load('kanban:\n  database: /data/board.db\n', {
      YARD_DATABASE: 'postgres://db/board',
    })
    expect(settings.kanban.database).toBe('postgres://db/board')
    expect(origins['kanban.database']).toBe('env YARD_DATABASE')
    expect(() => load(null, { YARD_DATABASE: 'mysql://db/board' })).toThrow(/YARD_DATABASE must be/)
    expect(load(null, { YARD_DATABASE: '' }).settings.kanban.database).toBeNull()
  })

  test('F67: no other variable has a say', () => {
    const hostile = {
      YARD_HOME: '/canary',
      HERMES_HOME: '/canary',
      HERMES_KANBAN_DB: '/canary/kanban.db',
      YARD_MAX_RUNNING: '99',
      KANBAN_DATABASE: '/canary/kanban.db',
    }
    expect(load(null, hostile)).toEqual(load(null))
  })
})
