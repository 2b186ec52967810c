/** The tools over standard input and output, for clients that start their tool servers themselves. */
import { pipeline } from 'node:stream'
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { MAX_MESSAGE_BYTES } from './limits.ts'
import { ServedTools } from './served-tools.ts'
import { Batches, StdioMessages } from './stdio-messages.ts'
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
  readonly #batches: Batches
  readonly #messages: StdioMessages

  constructor() {
    const batches = new Batches()
    const messages = new StdioMessages(batches, (answer) => void this.send(answer).catch(() => undefined))
    super(messages, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES })
    this.#batches = batches
    this.#messages = messages
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  override async start(): Promise<void> {
    await super.start()
    // Its end, however it comes, is the end of the messages.
    pipeline(process.stdin, this.#messages, () => {})
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    const ready = this.#batches.sent(message)
    // Several at once have no type, and are written like one.
    if (ready !== null) await super.send(ready as JSONRPCMessage)
  }

  override async close(): Promise<void> {
    await super.close()
    this.#messages.destroy()
    this.#closed.resolve()
  }
}
