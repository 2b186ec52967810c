/** The tools of one run behind HTTP, apart from who may use them. Loaded once its worker has been started. */
import type { ServerResponse } from 'node:http'
import { notFound } from '../domain/errors.ts'
import { openKernel } from '../kernel/kernel.ts'
import { answerPlainly, type PlainReply } from '../mcp/plain-exchange.ts'
import { ServedTools } from '../mcp/served-tools.ts'
import type { ToolContext } from '../mcp/tool.ts'
import { attachmentStore } from '../workspaces/attachment-store.ts'
import { collectArtifacts } from '../workspaces/collect-artifacts.ts'
import type { LibraryHandler, ToolsExchange } from './library-exchange.ts'
import type { RunToolsOptions } from './run-tools.ts'

export class ToolsHandler {
  readonly #tools: ServedTools
  #library: Promise<LibraryHandler> | undefined

  constructor(options: RunToolsOptions) {
    this.#tools = new ServedTools(
      contextOf(options),
      options.onBug ?? ((error) => console.error('a tool failed', error)),
    )
    this.#tools.prepare()
  }

  async answer(exchange: ToolsExchange): Promise<void> {
    const { incoming, body, outgoing } = exchange
    const { method = 'GET', headers } = incoming
    const reply = await answerPlainly(this.#tools, { method, headers, body })
    if (reply !== null) return sendReply(reply, outgoing)
    this.#library ??= import('./library-exchange.ts').then((loaded) => new loaded.LibraryHandler(this.#tools))
    await (await this.#library).answer(exchange)
  }

  /** Resolves when every call that was begun has ended. */
  settled(): Promise<void> {
    return this.#tools.settled()
  }

  async close(): Promise<void> {
    await (await this.#library?.catch(() => undefined))?.close()
  }
}

/** Resolves when it is sent, or the caller has gone away. */
function sendReply({ status, headers, body }: PlainReply, outgoing: ServerResponse): Promise<void> {
  const over = new Promise<void>((resolve) => outgoing.once('close', resolve).once('finish', resolve))
  outgoing.writeHead(status, headers).end(body)
  return over
}

function contextOf(options: RunToolsOptions): ToolContext {
  const { kernel, capability, taskId, profile, workspace, orchestrator, attachments, mask } = options
  const store = attachmentStore(attachments.folder)
  const collect = (names: readonly string[]) =>
    collectArtifacts({
      store,
      workspace,
      names,
      screen: options.screen,
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
    missingSkills: options.missingSkills ?? null,
    ...(options.onListed === undefined ? {} : { onListed: options.onListed }),
    ...(options.onActivity === undefined ? {} : { onActivity: options.onActivity }),
    ...(options.onVerdict === undefined ? {} : { onVerdict: options.onVerdict }),
  }
}
