/** Files that are kept with cards. */
import { denied, invalid } from '../../domain/errors.ts'
import { optionalText, text } from '../fields.ts'
import { reachToRead } from '../scope.ts'
import { runTool, tool } from '../tool.ts'
import { fileLine } from '../views.ts'

export const attach = runTool({
  name: 'kanban_attach',
  about:
    'Keeps a file of your workspace with your card, so that it outlives the workspace. Gives back its size and SHA-256.',
  input: {
    path: text('The file, relative to the workspace or absolute inside of it. No folders, no links.'),
    digest: optionalText('The SHA-256 you expect, in hex; the file is refused when it has another one.'),
  },
  async run({ kernel, run, actor, keepFile }, { path, digest }) {
    if (keepFile === null)
      throw denied('no_workspace', `Cannot attach ${path}: this run has no workspace on this machine.`)
    const file = await keepFile(path)
    if (digest !== undefined && digest.trim().toLowerCase() !== file.digest)
      throw invalid(
        'other_digest',
        `Cannot attach ${path}: its SHA-256 is ${file.digest}, and ${digest.trim()} was expected. Look at the file again and call kanban_attach with what it is now.`,
        { digest: file.digest },
      )
    const [attached] = await kernel.attachFiles(run.taskId, [file], actor)
    return { task_id: run.taskId, attachment: attached === undefined ? null : fileLine(attached) }
  },
})

const MOST_FILES = 200

export const attachments = tool({
  name: 'kanban_attachments',
  about: 'Lists the files kept with a card, with sizes and SHA-256 digests, the newest last.',
  input: { task_id: optionalText('Another card than your own: one that it waited for, or one you created.') },
  reads: true,
  async run(context, { task_id: given }) {
    const id = await reachToRead(context, given ?? context.run?.taskId ?? '', 'list the files of')
    const files = await context.kernel.listAttachments(id)
    return {
      task_id: id,
      count: files.length,
      attachments: files
        .slice(-MOST_FILES)
        .map((file) => ({ ...fileLine(file), run_id: file.runId, created_by: file.createdBy })),
    }
  },
})
