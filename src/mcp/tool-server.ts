/** The tools as the library of the Model Context Protocol serves them, to clients of either era of it. */
import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import { CAPABILITIES, IMPLEMENTATION, type ServedTools } from './served-tools.ts'

/** Makes a server for one exchange or one connection; many of them may serve the same caller. */
export const toolServers =
  (tools: ServedTools): McpServerFactory =>
  () => {
    const { server } = new McpServer(IMPLEMENTATION, {
      capabilities: CAPABILITIES,
      instructions: tools.instructions,
    })
    server.setRequestHandler('tools/list', () => ({ tools: tools.list() }))
    server.setRequestHandler('tools/call', async ({ params }) => ({
      ...(await tools.call(params.name, params.arguments)),
    }))
    return server
  }
