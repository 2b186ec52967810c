import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { configKeys, type ConfigKey, type LoadedConfig } from '../../contract/config.ts'
import { invalid } from '../../domain/errors.ts'
import { nearest } from '../../lib/nearest.ts'
import { argument, command } from '../command.ts'
import { table } from '../text/table.ts'

const key = argument('The setting, for example kanban.max_running.', { completes: 'config-key' })

interface Setting extends ConfigKey {
  readonly value: unknown
  readonly origin: string
}

function settingsOf({ settings, origins }: LoadedConfig): readonly Setting[] {
  return configKeys().map((known) => ({
    ...known,
    value: masked(
      known.key
        .split('.')
        .reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], settings),
    ),
    origin: origins[known.key] ?? 'default',
  }))
}

/** The address of a database may carry a password, which is never shown. */
const masked = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/^(\w+:\/\/[^:@/]*):.*@/, '$1:***@') : value

const written = (value: unknown): string =>
  typeof value === 'string' && value !== '' ? value : JSON.stringify(value)

const settingView = ({ key: name, value, origin, default: fallback, type, about }: Setting) => ({
  key: name,
  value,
  origin,
  default: fallback,
  type,
  about,
})

export const configShow = command({
  about: 'Shows every setting with the value in force and where it came from.',
  effect: 'reads',
  examples: ['yard config', 'yard config --json | jq \'.[] | select(.origin != "default")\''],
  async run({ services }) {
    const all = settingsOf(await services.config())
    return {
      data: all.map(settingView),
      text: (style) =>
        table(style, all, [
          { head: 'SETTING', cell: (setting) => setting.key },
          {
            head: 'VALUE',
            cell: ({ value }) => written(value),
            least: 10,
            paint: (painter, shown, { origin }) =>
              origin === 'default' ? shown : painter.paint('bold', shown),
          },
          {
            head: 'FROM',
            cell: ({ origin }) => origin,
            least: 10,
            paint: (painter, shown, { origin }) =>
              origin === 'default' ? painter.paint('dim', shown) : shown,
          },
          { head: 'MEANING', cell: ({ about }) => about, least: 20, keep: 1 },
        ]),
      next: ['yard config set <key> <value>'],
    }
  },
})

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

export const configGet = command({
  about: 'Prints the value of one setting that is in force.',
  effect: 'reads',
  arguments: { key },
  examples: ['yard config get kanban.max_running'],
  async run({ services }, { arguments: { key: wanted } }) {
    const name = knownKey(wanted)
    const setting = settingsOf(await services.config()).find((each) => each.key === name)
    return {
      data: setting === undefined ? null : settingView(setting),
      text: () => (setting === undefined ? '' : written(setting.value)),
    }
  },
})

export const configSet = command({
  about: 'Changes one setting in config.yaml; comments stay. A running gateway goes by it from then on.',
  effect: 'changes',
  arguments: {
    key,
    value: argument('Its new value: a number, true, false, null, text, or a list such as [A, B].'),
  },
  examples: ['yard config set kanban.max_running 8', 'yard config set kanban.silence_limit 20m'],
  async run({ services, paths }, { arguments: { key: wanted, value } }) {
    const name = knownKey(wanted)
    const before = existsSync(paths.config) ? readFileSync(paths.config, 'utf8') : ''
    const { setInYaml } = await import('../edit-yaml.ts')
    const after = setInYaml(before, name.split('.'), value)
    await services.checkConfig(after)
    writeWhole(paths.config, after)
    const setting = settingsOf(await services.config()).find((each) => each.key === name)
    const overruled = setting?.origin.startsWith('env ') === true
    return {
      data: setting === undefined ? null : settingView(setting),
      text: () => `${name} is ${written(setting?.value)} (${setting?.origin})`,
      warnings: overruled
        ? [
            `${name} is written to ${paths.config}, but ${setting?.origin.slice(4)} has the last word in this shell.`,
          ]
        : [],
    }
  },
})

/** The old file or the new one is there at every moment, never half of one. */
function writeWhole(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}.new`
  writeFileSync(beside, content, { mode: 0o600 })
  chmodSync(beside, 0o600)
  renameSync(beside, path)
}

export const configPath = command({
  about: 'Says where config.yaml is, or would be.',
  effect: 'reads',
  examples: ['$EDITOR "$(yard config path)"'],
  async run({ paths }) {
    return { data: { path: paths.config, exists: existsSync(paths.config) }, text: () => paths.config }
  },
})
