/** Reads `config.yaml`: the checked settings, and where each came from. */
import type { z } from 'zod'
import { invalid } from '../domain/errors.ts'
import { configKeys, KNOWN_NAMES, settingsSchema, type Settings } from './config.ts'
import { database } from './setting-kinds.ts'

export interface LoadedConfig {
  readonly settings: Settings
  /** Where each setting's value came from, by its full path: `default`, `<file>:<line>` or `env <NAME>`. */
  readonly origins: Readonly<Record<string, string>>
}

type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly where: (path: readonly string[]) => string | null }
  | { readonly ok: false; readonly problems: readonly string[] }

export interface ConfigSource {
  /** Named in errors and origins. */
  readonly file: string
  /** What the file holds; null when there is none, which means defaults. */
  readonly text: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  /** `readYaml` of src/lib. */
  readonly readYaml: (
    text: string,
    options: { file: string; schema: z.ZodType<Settings>; keys: readonly string[] },
  ) => Reading<Settings>
}

/**
 * The settings that are in force. Two variables have a say: `YARD_DATABASE` replaces `kanban.database`, and
 * `YARD_DISPATCH_IN_GATEWAY=0` switches dispatching off; any other value of it defers to the file.
 * Throws `bad_config` with every problem of the file, a line each.
 */
export function loadConfig({ file, text: source, env, readYaml }: ConfigSource): LoadedConfig {
  const reading = readYaml(source ?? '', { file, schema: settingsSchema, keys: KNOWN_NAMES })
  if (!reading.ok) {
    throw invalid(
      'bad_config',
      `The configuration cannot be used.\n${reading.problems.join('\n')}\nCorrect it, then check it with: yard config`,
      {
        problems: reading.problems,
      },
    )
  }
  const origins = Object.fromEntries(
    configKeys().map(({ key }) => [key, reading.where(key.split('.')) ?? 'default']),
  )
  const kanban = { ...reading.value.kanban }
  const address = env['YARD_DATABASE']?.trim()
  if (address) {
    if (!database.safeParse(address).success) {
      throw invalid(
        'bad_config',
        `The configuration cannot be used.\nYARD_DATABASE must be the path of a SQLite file or an address postgres://…\nCorrect or unset it, then check it with: yard config`,
      )
    }
    kanban.database = address
    origins['kanban.database'] = 'env YARD_DATABASE'
  }
  if (env['YARD_DISPATCH_IN_GATEWAY'] === '0') {
    kanban.dispatch_in_gateway = false
    origins['kanban.dispatch_in_gateway'] = 'env YARD_DISPATCH_IN_GATEWAY'
  }
  return { settings: { ...reading.value, kanban }, origins }
}
