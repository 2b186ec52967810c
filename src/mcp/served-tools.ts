/** The tools of one caller as the Model Context Protocol tells of them, whoever speaks it. */
import * as z from 'zod/mini'
import { callTool, offeredTools } from './call-tool.ts'
import type { Tool, ToolContext } from './tool.ts'

declare const __YARD_VERSION__: string

/** Who answers. */
export const IMPLEMENTATION = {
  name: 'yardmaster',
  title: 'Yardmaster',
  version: typeof __YARD_VERSION__ === 'string' ? __YARD_VERSION__ : '0.0.0-dev',
} as const

/** A caller's tools are the same from its first call to its last: nobody need wait to hear of other ones. */
export const CAPABILITIES = { tools: { listChanged: false } } as const

type ObjectSchema = { type: 'object'; properties?: Record<string, Record<string, never>> }

export interface ToolDescription {
  readonly name: string
  readonly description: string
  readonly inputSchema: ObjectSchema
  readonly annotations: Readonly<Record<'readOnlyHint' | 'destructiveHint' | 'openWorldHint', boolean>>
}

export interface CallResult {
  content: { type: 'text'; text: string }[]
  isError: boolean
}

export class ServedTools {
  readonly #context: ToolContext
  readonly #onBug: (error: unknown) => void
  readonly #underWay = new Set<Promise<unknown>>()

  /** `onBug` is told of what is nobody's refusal. */
  constructor(context: ToolContext, onBug: (error: unknown) => void) {
    this.#context = context
    this.#onBug = onBug
  }

  get instructions(): string {
    const { run } = this.#context
    return run === null
      ? 'The tools of a kanban board, for an orchestrator: look at the board, create cards for others and order them. You do not do the work yourself.'
      : `You are the worker of kanban card ${run.taskId}. Begin with kanban_show; end with exactly one of kanban_complete, kanban_request_review and kanban_block, and never just stop.`
  }

  /** Does now what the first question for the tools would wait for. */
  prepare(): void {
    for (const tool of offeredTools(this.#context)) described(tool)
  }

  list(): ToolDescription[] {
    this.#context.onListed?.()
    return offeredTools(this.#context).map(described)
  }

  /** Never throws: a refusal is an answer. */
  async call(name: string, given: unknown): Promise<CallResult> {
    const answered = callTool(this.#context, name, given, this.#onBug)
    this.#underWay.add(answered)
    try {
      const { isError, body } = await answered
      return { content: [{ type: 'text', text: JSON.stringify(body) }], isError }
    } finally {
      this.#underWay.delete(answered)
    }
  }

  /** Resolves when every call that was begun has ended, also those whose caller has gone away. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}

const described = ({ name, about, input, reads }: Tool): ToolDescription => ({
  name,
  description: about,
  inputSchema: schemaOf(name, input),
  annotations: { readOnlyHint: reads, destructiveHint: false, openWorldHint: false },
})

const schemas = new Map<string, ObjectSchema>()
function schemaOf(name: string, input: z.ZodMiniObject): ObjectSchema {
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
