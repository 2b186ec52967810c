/**
 * The environment a worker gets: what is on a list, and nothing else. The parent's own switches, other runs' identities
 * and credentials nobody granted stay behind.
 */
import { variableMatcher } from '../domain/variables.ts'

/** What programs need to find themselves, the user and the network. A trailing `*` stands for any ending. */
const ALWAYS_ALLOWED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_*',
  'TZ',
  'TERM',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_DIRS',
  'XDG_DATA_DIRS',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
]

/** Never inherited, whatever a profile allows: they say which board, run or task somebody else works for, or steer our own Node. */
const NEVER_ALLOWED = ['YARD_*', 'HERMES_*', 'NODE_OPTIONS', 'NODE_COMPILE_CACHE']

/** For a parent without PATH (a service manager's), so that a worker still finds its shell. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

export interface WorkerEnvironmentOptions {
  readonly parent: Readonly<Record<string, string | undefined>>
  /** Further names that the profile lets through: exact, or with a trailing `*`. */
  readonly allow: readonly string[]
  /** What this run sets itself; wins over everything, and may use reserved names. */
  readonly add: Readonly<Record<string, string>>
}

export interface WorkerEnvironment {
  readonly env: Readonly<Record<string, string>>
  /** Values that must not appear in any log or message: give them to a `SecretMask`. */
  readonly secrets: readonly string[]
}

export const workerEnvironment = ({ parent, allow, add }: WorkerEnvironmentOptions): WorkerEnvironment => {
  const isAllowed = variableMatcher([...ALWAYS_ALLOWED, ...allow])
  const isForbidden = variableMatcher(NEVER_ALLOWED)
  const env: Record<string, string> = { PATH: DEFAULT_PATH, TERM: 'dumb' }
  for (const [name, value] of Object.entries(parent)) {
    if (value !== undefined && isAllowed(name) && !isForbidden(name)) env[name] = value
  }
  Object.assign(env, add)
  return { env, secrets: secretsIn(env) }
}

/** Authors, keyboards and key maps are no secrets, though their names sound alike. */
const CREDENTIAL_NAME = /KEY(?!BOARD|MAP)|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|AUTH(?!OR(?!I))/i
/** Shorter values would mask ordinary words all over a log. */
const SHORTEST_SECRET = 6
/** `scheme://user:password@host`, as in proxy and database addresses. */
const URL_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i

const secretsIn = (env: Readonly<Record<string, string>>): string[] => {
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(env)) {
    const isCount = /TOKENS$/i.test(name) && /^\d+$/.test(value)
    if (CREDENTIAL_NAME.test(name) && !isCount) secrets.add(value)
    const password = URL_PASSWORD.exec(value)?.[1]
    if (password !== undefined) secrets.add(password).add(decoded(password))
  }
  return [...secrets].filter((value) => value.length >= SHORTEST_SECRET)
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
