/** What the plain exchanges do not cover, by the library of the protocol. Loaded when it is needed: it takes 15 MB. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { MAX_MESSAGE_BYTES } from '../mcp/limits.ts'
import type { ServedTools } from '../mcp/served-tools.ts'
import { toolServers } from '../mcp/tool-server.ts'
import { sendResponse, webRequest } from './web-exchange.ts'

/** One request that was let in, with its whole body, and where its answer goes. */
export interface ToolsExchange {
  readonly origin: string
  readonly incoming: IncomingMessage
  readonly body: Buffer
  readonly outgoing: ServerResponse
}

export class LibraryHandler {
  readonly #handler

  constructor(tools: ServedTools) {
    this.#handler = createMcpHandler(toolServers(tools), { maxRequestBodySize: MAX_MESSAGE_BYTES })
  }

  async answer({ origin, incoming, body, outgoing }: ToolsExchange): Promise<void> {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = webRequest(incoming, { origin, body, signal: gone.signal })
    await sendResponse(await this.#handler.fetch(request), outgoing)
  }

  close(): Promise<void> {
    return this.#handler.close()
  }
}
