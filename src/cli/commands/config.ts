import { existsSync } from 'node:fs'
import { settingView } from '../../contract/home-views.ts'
import { getSetting, overruledBy, setSetting, settingsOf } from '../../home/settings.ts'
import { argument, command } from '../command.ts'
import { table } from '../text/table.ts'

const key = argument('The setting, for example kanban.max_running.', { completes: 'config-key' })

const written = (value: unknown): string => {
  if (typeof value === 'string' && value !== '') return value
  // Of a map, what there is in it: the whole of it is in the file.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value).join(', ')
    : JSON.stringify(value)
}

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

export const configGet = command({
  about: 'Prints the value of one setting that is in force.',
  effect: 'reads',
  arguments: { key },
  examples: ['yard config get kanban.max_running'],
  async run(context, { arguments: { key: wanted } }) {
    const setting = await getSetting(context, wanted)
    return { data: settingView(setting), text: () => written(setting.value) }
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
  async run(context, { arguments: { key: wanted, value } }) {
    const { valueOf } = await import('../../home/edit-yaml.ts')
    const setting = await setSetting(context, wanted, valueOf(value))
    const variable = overruledBy(setting)
    return {
      data: settingView(setting),
      text: () => `${setting.key} is ${written(setting.value)} (${setting.origin})`,
      warnings:
        variable === null
          ? []
          : [
              `${setting.key} is written to ${context.paths.config}, but ${variable} has the last word in this shell.`,
            ],
    }
  },
})

export const configPath = command({
  about: 'Says where config.yaml is, or would be.',
  effect: 'reads',
  examples: ['$EDITOR "$(yard config path)"'],
  async run({ paths }) {
    return { data: { path: paths.config, exists: existsSync(paths.config) }, text: () => paths.config }
  },
})
