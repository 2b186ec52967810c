/** The board's tools for an agent outside of a runner: a worker that starts its tool server itself, or a person's own session. */
import { assignableProfiles, skillsMissingFor } from '../agents/assignable.ts'
import type { Profiles } from '../agents/profiles.ts'
import type { ToolsCaller } from '../cli/services.ts'
import { notFound } from '../domain/errors.ts'
import type { KeptFile } from '../mcp/tool.ts'
import { serveToolsOnStdio } from '../mcp/serve-stdio.ts'
import { attachmentStore, type FileScreen } from '../workspaces/attachment-store.ts'
import { collectArtifacts } from '../workspaces/collect-artifacts.ts'
import { secretsIn } from './mask.ts'
import type { ServicesWiring } from './wiring.ts'

export async function serveTools(
  { actor, run, orchestrator, environments, signal }: ToolsCaller,
  { kernel, paths }: ServicesWiring,
  {
    profiles,
    skillFolders,
    maxAttachmentBytes,
  }: {
    readonly profiles: Profiles
    readonly skillFolders: readonly string[]
    readonly maxAttachmentBytes: number
  },
): Promise<void> {
  const secrets = secretsIn(environments, actor.kind === 'worker' ? [actor.capability.secret] : [])
  const mask = (text: string): string => secrets.maskText(text)
  const screen = () => secrets.screen()
  const workspace = run?.workspace ?? null
  await serveToolsOnStdio(
    {
      kernel: await kernel(),
      actor,
      run: run === null ? null : { id: run.id, taskId: run.taskId },
      orchestrator,
      mask,
      keepFile:
        workspace === null
          ? null
          : async (path) =>
              named(
                await keep(paths.attachments, { workspace, path, screen, maxBytes: maxAttachmentBytes }),
                mask,
              ),
      profiles: () => Promise.resolve(assignableProfiles(profiles)),
      missingSkills: (wanted) => Promise.resolve(skillsMissingFor(wanted, profiles, skillFolders)),
    },
    // Standard output belongs to the protocol.
    { signal, onBug: (error) => console.error('a tool failed', error) },
  )
}

const named = (file: KeptFile, mask: (text: string) => string): KeptFile => ({
  ...file,
  name: mask(file.name),
})

async function keep(
  folder: string,
  { path, ...place }: { workspace: string; path: string; screen: FileScreen; maxBytes: number },
): Promise<KeptFile> {
  const { stored, refused } = await collectArtifacts({
    store: attachmentStore(folder),
    ...place,
    names: [path],
  })
  const [file] = stored
  if (file !== undefined) return file
  throw notFound('file_not_kept', `Cannot attach ${path}: ${refused[0]?.reason ?? 'it was not kept'}.`, {
    next: 'Name a plain file inside the workspace, relative to it, and call kanban_attach again.',
  })
}
