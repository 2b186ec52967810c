/**
 * The board's tools for one run, served by its own runner on the loopback interface: they live as long as the run, whatever
 * the gateway does, and the token is good for nothing else.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server'
import type { RunCapability } from '../domain/actor.ts'
import { notFound } from '../domain/errors.ts'
import { openKernel, type Kernel } from '../kernel/kernel.ts'
import { systemClock } from '../lib/clock.ts'
import { hashSecret, newSecret, secretMatches } from '../lib/ids.ts'
import type { AssignableProfile, Verdict } from '../mcp/tool.ts'
import { MAX_MESSAGE_BYTES, toolServers } from '../mcp/tool-server.ts'
import { attachmentStore } from '../workspaces/attachment-store.ts'
import { collectArtifacts } from '../workspaces/collect-artifacts.ts'
import { ToolsOwner } from './tools-owner.ts'

export interface RunToolsOptions {
  readonly kernel: Kernel
  readonly capability: RunCapability
  readonly taskId: string
  /** The profile it works for; signs what the worker writes. */
  readonly profile: string
  /** The folder it works in; files are attached from there. */
  readonly workspace: string
  readonly orchestrator: boolean
  /** Where attached files are kept, and the most one may have. */
  readonly attachments: { readonly folder: string; readonly maxBytes?: number }
  /** Removes the run's secrets from a text: `SecretMask.maskText`. */
  readonly mask: (text: string) => string
  /** Who can be given cards; left out where that is not known. */
  readonly profiles?: () => Promise<readonly AssignableProfile[]>
  /** Called at every call of a tool: a sign of life. */
  readonly onActivity?: () => void
  /** Called once the board has taken the worker's verdict. */
  readonly onVerdict?: (verdict: Verdict) => void
  /** Told, in one sentence, of whoever was turned away; by default it is printed. */
  readonly onTurnedAway?: (sentence: string) => void
  /** Told of what should never happen; by default it is printed. */
  readonly onBug?: (error: unknown) => void
}

export interface RunTools {
  /** Where streamable HTTP is spoken, in both eras of the protocol. */
  readonly url: string
  /** For `Authorization: Bearer`. Goes into private files only. */
  readonly token: string
  /** Answers what is under way, then nothing more. */
  close(): Promise<void>
}

/** How long an answer may take to reach whoever asked, once the tools are being closed, in milliseconds. */
const LAST_WORDS_MS = 1_000

export async function serveRunTools(options: RunToolsOptions): Promise<RunTools> {
  const token = newSecret()
  const tokenHash = hashSecret(token)
  const owner = new ToolsOwner()
  const underWay = new Set<Promise<void>>()
  const turnAway = (status: number, detail: string): Response => {
    ;(options.onTurnedAway ?? console.error)(`turned away from the board's tools: ${detail}`)
    return problem(status, detail)
  }
  const servers = toolServers(
    contextOf(options),
    options.onBug ?? ((error) => console.error('a tool failed', error)),
  )
  const handler = createMcpHandler(servers.factory, { maxRequestBodySize: MAX_MESSAGE_BYTES })
  const answer = async (request: Request, { socket }: IncomingMessage): Promise<Response> => {
    const refused =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins())
    if (refused !== undefined) return refused
    if (new URL(request.url).pathname !== '/mcp') return problem(404, 'The tools are at /mcp.')
    const given = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    if (given === undefined || !secretMatches(given, tokenHash))
      return turnAway(
        401,
        'These tools belong to one run of one worker, and this is not its token. Nothing was changed.',
      )
    if (!owner.admits(socket))
      return turnAway(
        403,
        `These tools belong to the worker's own process (pid ${owner.pid}), and not to what it starts. Nothing was changed. Give the worker your result; it reports to the board.`,
      )
    return handler.fetch(request)
  }
  const listen = getRequestListener(
    (request: Request, { incoming }: { incoming: unknown }) => answer(request, incoming as IncomingMessage),
    { overrideGlobalObjects: false },
  )
  const server = createServer((incoming, outgoing) => {
    const answered = new Promise<void>((resolve) => outgoing.once('close', resolve))
    underWay.add(answered)
    void answered.then(() => underWay.delete(answered))
    void listen(incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    token,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      await servers.settled()
      await within(LAST_WORDS_MS, Promise.all(underWay))
      await servers.settled()
      await handler.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const tooLong = systemClock.sleep(ms, { signal: done.signal }).catch(() => undefined)
  await Promise.race([work, tooLong])
  done.abort()
}

const problem = (status: number, detail: string): Response => Response.json({ detail }, { status })

function contextOf(options: RunToolsOptions) {
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
    ...(options.onActivity === undefined ? {} : { onActivity: options.onActivity }),
    ...(options.onVerdict === undefined ? {} : { onVerdict: options.onVerdict }),
  }
}
