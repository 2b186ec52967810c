/** The tools of one run behind HTTP, apart from who may use them. Loaded when it is needed: it takes 20 MB. */
import { createMcpHandler } from '@modelcontextprotocol/server'
import { notFound } from '../domain/errors.ts'
import { openKernel } from '../kernel/kernel.ts'
import type { ToolContext } from '../mcp/tool.ts'
import { MAX_MESSAGE_BYTES, toolServers } from '../mcp/tool-server.ts'
import { attachmentStore } from '../workspaces/attachment-store.ts'
import { collectArtifacts } from '../workspaces/collect-artifacts.ts'
import type { RunToolsOptions } from './run-tools.ts'

export interface ToolsHandler {
  fetch(request: Request): Promise<Response>
  /** Resolves when every call that was begun has ended. */
  settled(): Promise<void>
  close(): Promise<void>
}

export function toolsHandler(options: RunToolsOptions): ToolsHandler {
  const servers = toolServers(
    contextOf(options),
    options.onBug ?? ((error) => console.error('a tool failed', error)),
  )
  const handler = createMcpHandler(servers.factory, { maxRequestBodySize: MAX_MESSAGE_BYTES })
  return {
    fetch: (request) => handler.fetch(request),
    settled: () => servers.settled(),
    close: () => handler.close(),
  }
}

function contextOf(options: RunToolsOptions): ToolContext {
  const { kernel, capability, taskId, profile, workspace, orchestrator, attachments, mask } = options
  const store = attachmentStore(attachments.folder)
  const collect = (names: readonly string[]) =>
    collectArtifacts({
      store,
      workspace,
      names,
      ...(attachments.maxBytes === undefined ? {} : { maxBytes: attachments.maxBytes }),
    })
  return {
    // The runner's own kernel keeps no files: that is done here, where the workspace is known.
    kernel: openKernel({
      ...kernel.deps,
      collectArtifacts: async (task, names) => {
        const { stored, refused } = await collect(names)
        if (refused.length === 0) return stored.map((file) => ({ ...file, name: mask(file.name) }))
        const list = refused.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
        throw notFound('artifact_not_kept', `Cannot keep the files of ${task.id}: ${list}.`, {
          refused,
          next: 'Nothing was changed. Correct metadata.artifacts, which names files inside the workspace, and report again.',
        })
      },
    }),
    actor: { kind: 'worker', name: profile, door: 'mcp', capability } as const,
    run: { id: capability.runId, taskId },
    orchestrator,
    mask,
    keepFile: async (path: string) => {
      const { stored, refused } = await collect([path])
      const [file] = stored
      if (file !== undefined) return { ...file, name: mask(file.name) }
      throw notFound('file_not_kept', `Cannot attach ${path}: ${refused[0]?.reason ?? 'it was not kept'}.`, {
        next: 'Name a plain file inside the workspace, relative to it, and call kanban_attach again.',
      })
    },
    profiles: options.profiles ?? null,
    ...(options.onListed === undefined ? {} : { onListed: options.onListed }),
    ...(options.onActivity === undefined ? {} : { onActivity: options.onActivity }),
    ...(options.onVerdict === undefined ? {} : { onVerdict: options.onVerdict }),
  }
}
