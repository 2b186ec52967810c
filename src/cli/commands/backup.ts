import { resolve } from 'node:path'
import { backupView } from '../../contract/home-views.ts'
import { argument, command, flag, text } from '../command.ts'
import { table } from '../text/table.ts'
import { byteSize, relative } from '../../lib/amounts.ts'

export const backup = command({
  about:
    'Makes a verified copy of the board while it is in use. The gateway does so by itself; see backups.every_hours.',
  effect: 'changes',
  options: {
    to: text('file', 'Where to put it; by default into the home.', { completes: 'file' }),
    list: flag('Only list the backups there are.'),
  },
  examples: ['yard backup', 'yard backup --to /mnt/usb/board.db', 'yard backup --list'],
  async run({ services, folder }, { options }) {
    const backups = await services.backups()
    if (options.list) {
      const all = await backups.list()
      return {
        data: all.map(backupView),
        text: (style) =>
          all.length === 0
            ? 'No backups yet.'
            : table(style, all, [
                { head: 'MADE', cell: ({ createdAt }) => relative(createdAt, style.now) },
                { head: 'SIZE', cell: ({ size }) => byteSize(size) },
                { head: 'FILE', cell: ({ path }) => path },
              ]),
      }
    }
    const made = await backups.create(options.to === undefined ? null : resolve(folder, options.to))
    return {
      data: backupView(made),
      piped: made.path,
      text: () => `Backed up to ${made.path} (${byteSize(made.size)})`,
    }
  },
})

export const restore = command({
  about:
    'Puts a backup in the place of the board. The board that was there is kept beside it. Stop the gateway first.',
  effect: 'changes',
  arguments: { file: argument('The backup, as yard backup --list names it.', { completes: 'file' }) },
  options: { replace: flag('Also over a PostgreSQL board that has tasks; a copy of it is kept.') },
  examples: ['yard backup --list', 'yard restore ~/.yardmaster/backups/…'],
  async run({ services, folder }, { arguments: { file }, options: { replace } }) {
    const path = resolve(folder, file)
    const { replaced } = await (await services.backups()).restore(path, { replace })
    return {
      data: { restored: path, replaced },
      text: () => `Restored ${path}.${replaced === null ? '' : ` What was there is kept as ${replaced}`}`,
      next: ['yard doctor', 'yard list'],
    }
  },
})
