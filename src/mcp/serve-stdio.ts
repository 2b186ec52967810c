/** The tools over standard input and output, for clients that start their tool servers themselves. */
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import { ServedTools } from './served-tools.ts'
import { toolServers } from './tool-server.ts'
import type { ToolContext } from './tool.ts'

export interface StdioOptions {
  readonly signal: AbortSignal
  readonly onBug: (error: unknown) => void
}

/** Resolves once the client has gone, or the signal is aborted, and what was under way has ended. */
export async function serveToolsOnStdio(
  context: ToolContext,
  { signal, onBug }: StdioOptions,
): Promise<void> {
  const transport = new WatchedTransport()
  const tools = new ServedTools(context, onBug)
  // A client that goes away without a word is no fault of ours.
  const served = serveStdio(toolServers(tools), { transport, onerror: () => {} })
  signal.addEventListener('abort', () => void served.close(), { once: true })
  if (signal.aborted) await served.close()
  await transport.closed
  await tools.settled()
}

class WatchedTransport extends StdioServerTransport {
  readonly #closed = Promise.withResolvers<void>()

  constructor() {
    super(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES })
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  override async close(): Promise<void> {
    await super.close()
    this.#closed.resolve()
  }
}
