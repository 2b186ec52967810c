import { resolve } from 'node:path'
import { attachmentView } from '../../contract/views.ts'
import { notFound } from '../../domain/errors.ts'
import { command, taskId, text, UsageError } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { table } from '../text/table.ts'
import { byteSize, relative } from '../../lib/amounts.ts'

export const attachments = command({
  about: 'Lists the files kept with a task, or writes one out.',
  effect: 'reads',
  arguments: { id: taskId },
  options: {
    save: text('name', 'Write this file out; a name, or its number.'),
    to: text('file', 'Where to; by default here, under its own name.', { completes: 'file' }),
  },
  examples: ['yard attachments t_1a2b', 'yard attachments t_1a2b --save report.md --to /tmp/report.md'],
  async run(context, { arguments: { id }, options: { save, to } }) {
    if (to !== undefined && save === undefined)
      throw new UsageError('--to says where one file goes: name it with --save.')
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const all = await kernel.listAttachments(task)
    if (save === undefined)
      return {
        data: all.map(attachmentView),
        text: (style) =>
          all.length === 0
            ? 'No files.'
            : table(style, all, [
                { head: 'NO', cell: (file) => String(file.id) },
                { head: 'NAME', cell: ({ name }) => oneLine(name), least: 12 },
                { head: 'SIZE', cell: ({ size }) => byteSize(size) },
                { head: 'FROM', cell: ({ createdBy }) => oneLine(createdBy), keep: 2 },
                { head: 'WHEN', cell: ({ createdAt }) => relative(createdAt, style.now), keep: 1 },
              ]),
        ...(all.length === 0 ? { piped: '' } : {}),
      }
    // Of several versions of a file the newest is meant.
    const file = all.findLast(({ name, id: number }) => name === save || String(number) === save)
    if (file === undefined)
      throw notFound(
        'attachment_not_found',
        `${task} has no file ${JSON.stringify(save)}. ${all.length === 0 ? 'It has none.' : `Its files: ${all.map(({ name }) => name).join(', ')}`}`,
        { id: task, name: save },
      )
    const path = resolve(context.folder, to ?? (file.name.split(/[\\/]/).at(-1) || file.digest))
    await (await context.services.attachments()).save(file.digest, path)
    return {
      data: { ...attachmentView(file), saved_to: path },
      piped: path,
      text: () => `Saved ${path} (${byteSize(file.size)})`,
    }
  },
})
