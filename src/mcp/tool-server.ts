/** The tools as the Model Context Protocol offers them, to clients of either era of it. */
import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { callTool, offeredTools } from './call-tool.ts'
import type { Tool, ToolContext } from './tool.ts'

declare const __YARD_VERSION__: string
const version = typeof __YARD_VERSION__ === 'string' ? __YARD_VERSION__ : '0.0.0-dev'

/** How long a message may be, in bytes: the longest accepted texts, every character of them escaped. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

export interface ToolServers {
  /** Makes a server for one exchange or one connection; many of them may serve the same caller. */
  readonly factory: McpServerFactory
  /** Resolves when every call that was begun has ended, also those whose caller has gone away. */
  settled(): Promise<void>
}

/** `onBug` is told of what is nobody's refusal. */
export function toolServers(context: ToolContext, onBug: (error: unknown) => void): ToolServers {
  const underWay = new Set<Promise<unknown>>()
  const call = async (name: string, given: unknown) => {
    const answered = callTool(context, name, given, onBug)
    underWay.add(answered)
    try {
      const { isError, body } = await answered
      return { isError, content: [{ type: 'text' as const, text: JSON.stringify(body) }] }
    } finally {
      underWay.delete(answered)
    }
  }
  return {
    factory: () => {
      const { server } = new McpServer(
        { name: 'yardmaster', title: 'Yardmaster', version },
        { capabilities: { tools: {} }, instructions: instructionsFor(context) },
      )
      server.setRequestHandler('tools/list', () => {
        context.onListed?.()
        return { tools: offeredTools(context).map(described) }
      })
      server.setRequestHandler('tools/call', ({ params }) => call(params.name, params.arguments))
      return server
    },
    settled: async () => void (await Promise.allSettled(underWay)),
  }
}

const instructionsFor = ({ run }: ToolContext): string =>
  run === null
    ? 'The tools of a kanban board, for an orchestrator: look at the board, create cards for others and order them. You do not do the work yourself.'
    : `You are the worker of kanban card ${run.taskId}. Begin with kanban_show; end with kanban_complete or kanban_block, and never just stop.`

const described = ({ name, about, input, reads }: Tool) => ({
  name,
  description: about,
  inputSchema: schemaOf(name, input),
  annotations: { readOnlyHint: reads, destructiveHint: false, openWorldHint: false },
})

type ObjectSchema = { type: 'object'; properties?: Record<string, Record<string, never>> }

const schemas = new Map<string, ObjectSchema>()
function schemaOf(name: string, input: z.ZodObject): ObjectSchema {
  const known = schemas.get(name)
  if (known !== undefined) return known
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, {
    io: 'input',
    // Says nothing in JSON, and some providers refuse schemas with words they do not know.
    override: ({ jsonSchema }) => void delete jsonSchema.propertyNames,
  })
  const plain = schema as unknown as ObjectSchema
  schemas.set(name, plain)
  return plain
}
