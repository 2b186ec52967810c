/** Settings one by one: what is in force, where it came from, and how one is changed. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { configKeys, type ConfigKey } from '../contract/config.ts'
import type { LoadedConfig } from '../contract/load-config.ts'
import { invalid } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { HomePaths } from '../lib/paths.ts'
import type { HomeServices } from './services.ts'

export interface Setting extends ConfigKey {
  readonly value: unknown
  /** `default`, `<file>:<line>`, `env <NAME>` or `option <command>`. */
  readonly origin: string
}

/** Every setting with the value in force, in the order of the reference. */
export const settingsOf = ({ settings, origins }: LoadedConfig): readonly Setting[] =>
  configKeys().map((known) => ({
    ...known,
    value: masked(
      known.key
        .split('.')
        .reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], settings),
    ),
    origin: origins[known.key] ?? 'default',
  }))

/**
 * Whoever may read the board may read its settings, so secrets are never shown: the password in the address of a database,
 * and of agents of one's own what their variables and files are given.
 */
const masked = (value: unknown): unknown => {
  if (typeof value === 'string')
    return value
      .replace(/^(\w+:\/\/[^:@/]*):.*@/, '$1:***@')
      .replace(/([?&](?:password|sslpassword)=)[^&#]*/gi, '$1***')
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [key, SECRET_KEYS.has(key) ? covered(held) : masked(held)]),
  )
}

const SECRET_KEYS: ReadonlySet<string> = new Set(['env', 'content'])

/** The names in a map stay; what they stand for does not. */
const covered = (held: unknown): unknown =>
  typeof held === 'object' && held !== null && !Array.isArray(held)
    ? Object.fromEntries(Object.keys(held).map((name) => [name, '***']))
    : '***'

/** The full path of a setting; refuses a name nobody knows, with the nearest one that is known. */
function knownKey(wanted: string): string {
  const known = configKeys().map((each) => each.key)
  if (known.includes(wanted)) return wanted
  // Most people leave the group out.
  const byName = new Map(known.map((each) => [each.slice(each.lastIndexOf('.') + 1), each]))
  const near = nearest(wanted, known) ?? byName.get(nearest(wanted, [...byName.keys()]) ?? '') ?? null
  throw invalid(
    'unknown_setting',
    `There is no setting ${wanted}.${near === null ? '' : ` Did you mean ${near}?`} All settings: yard config`,
    { key: wanted },
  )
}

/** One setting as it is in force; refuses a name nobody knows. */
export async function getSetting(
  { services }: { readonly services: Pick<HomeServices, 'config'> },
  key: string,
): Promise<Setting> {
  const name = knownKey(key)
  const setting = settingsOf(await services.config()).find((each) => each.key === name)
  if (setting === undefined) throw new Error(`${name} is a setting without a value`)
  return setting
}

export interface SettingsHome {
  readonly paths: Pick<HomePaths, 'config'>
  readonly services: Pick<HomeServices, 'config' | 'checkConfig'>
}

/**
 * Changes one setting in `config.yaml`, where comments stay, and gives it as it is in force then. What the file could not
 * be read with afterwards is refused with every problem, and nothing is written.
 */
export async function setSetting(home: SettingsHome, key: string, value: unknown): Promise<Setting> {
  const { paths, services } = home
  const name = knownKey(key)
  const before = existsSync(paths.config) ? readFileSync(paths.config, 'utf8') : ''
  // Loaded here: most commands never change a setting.
  const { setInYaml } = await import('./edit-yaml.ts')
  const after = setInYaml(before, name.split('.'), value)
  await services.checkConfig(after)
  writeWhole(paths.config, after)
  return getSetting(home, name)
}

/** The old file or the new one is there at every moment, never half of one. */
function writeWhole(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}.new`
  writeFileSync(beside, content, { mode: 0o600 })
  chmodSync(beside, 0o600)
  renameSync(beside, path)
}

/** The variable or command that has the last word over a setting, whatever the file says; null when there is none. */
export const overruledBy = ({ origin }: Setting): string | null =>
  /^(?:env|option) (.+)$/.exec(origin)?.[1] ?? null
