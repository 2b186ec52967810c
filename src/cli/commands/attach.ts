import { basename, resolve } from 'node:path'
import { attachmentView } from '../../contract/views.ts'
import { safeFileName } from '../../domain/file-name.ts'
import { argument, command, several, taskId, text, UsageError } from '../command.ts'
import { oneLine } from '../../lib/safe-text.ts'
import { byteSize } from '../../lib/amounts.ts'

export const attach = command({
  about:
    'Keeps files with a task: all of them, or none. Each is read once and known by its SHA-256 from then on.',
  effect: 'changes',
  forWorkers: true,
  arguments: {
    id: taskId,
    files: several('Files to keep; - reads one from standard input.', { completes: 'file' }),
  },
  options: {
    name: text('name', 'What to call it, if not as it is called here; with one file only.'),
    digest: text('sha256', 'The digest you expect; with one file only.'),
  },
  examples: [
    'yard attach t_1a2b report.md figures.csv',
    'pg_dump shop | yard attach t_1a2b - --name shop.sql',
  ],
  async run(context, { arguments: { id, files }, options: { name, digest } }) {
    if (files.length > 1 && (name !== undefined || digest !== undefined || files.includes('-')))
      throw new UsageError('--name, --digest and - are for one file: attach the others by themselves.')
    if (files[0] === '-' && name === undefined)
      throw new UsageError('What comes from standard input has no name: give it one with --name.')
    const kernel = await context.kernel()
    const task = await kernel.resolveTaskId(id)
    const store = await context.services.attachments()
    const stored = []
    for (const file of files)
      stored.push(
        await store.keep(file === '-' ? context.input() : resolve(context.folder, file), {
          name: context.mask(safeFileName(name ?? basename(resolve(context.folder, file)))),
          digest,
        }),
      )
    const attached = await kernel.attachFiles(task, stored, context.actor)
    const known = new Map((await kernel.listAttachments(task)).map((file) => [file.id, file]))
    const made = attached.flatMap((file) => known.get(file.id) ?? [])
    return {
      data: made.map(attachmentView),
      text: (style) =>
        made
          .map(
            (file) =>
              `Attached ${oneLine(file.name)} to ${task} as ${file.id} (${byteSize(file.size)})\n${style.paint('dim', `sha256 ${file.digest}`)}`,
          )
          .join('\n'),
    }
  },
})

export const detach = command({
  about:
    'Takes a file off a task. The history keeps its name and digest; its bytes are deleted later, once no task names them.',
  effect: 'changes',
  arguments: { id: taskId, file: argument('Its number; see yard attachments.') },
  examples: ['yard detach t_1a2b 7'],
  async run(context, { arguments: { id, file } }) {
    if (!/^\d{1,15}$/.test(file))
      throw new UsageError(`${JSON.stringify(file)} is not the number of a file. See: yard attachments ${id}`)
    const kernel = await context.kernel()
    const removed = await kernel.removeAttachment(await kernel.resolveTaskId(id), Number(file), context.actor)
    return {
      data: attachmentView(removed),
      text: () => `Detached ${oneLine(removed.name)} from ${removed.taskId}`,
    }
  },
})
