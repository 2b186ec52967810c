/** One call of a tool, from whatever the caller sent to the JSON it gets back. */
import { isYardError } from '../domain/errors.ts'
import { badInput, internalRefusal, refusalOf, unknownTool } from './refusal.ts'
import { maskInput } from '../lib/mask-input.ts'
import { TOOLS } from './table.ts'
import type { Tool, ToolContext } from './tool.ts'

export interface ToolAnswer {
  readonly isError: boolean
  readonly body: object
}

export const offeredTools = (context: ToolContext): readonly Tool[] =>
  TOOLS.filter((tool) => tool.isOffered(context))

/** Never throws: what went wrong is part of the answer. `onBug` is told of what is nobody's refusal. */
export async function callTool(
  context: ToolContext,
  name: string,
  given: unknown,
  onBug: (error: unknown) => void = () => {},
): Promise<ToolAnswer> {
  context.onActivity?.()
  const offered = offeredTools(context)
  const tool = offered.find((candidate) => candidate.name === name)
  if (tool === undefined)
    return refused(
      unknownTool(
        name,
        offered.map((each) => each.name),
      ),
    )
  const input = tool.input.safeParse(withoutBlanks(tool, context, maskInput(given ?? {}, context.mask)))
  if (!input.success) return refused(badInput(tool, input.error))
  try {
    return { isError: false, body: { ok: true, ...(await tool.run(context, input.data)) } }
  } catch (error) {
    if (isYardError(error)) return refused(refusalOf(error, name, context))
    onBug(error)
    return refused(internalRefusal(name))
  }
}

const refused = (body: object): ToolAnswer => ({ isError: true, body })

/** Clients send null for what they leave out, and some name the own card where it is understood. */
function withoutBlanks({ input }: Tool, { run }: ToolContext, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  return Object.fromEntries(
    Object.entries(given).filter(
      ([key, value]) =>
        value !== null && !(key === 'task_id' && !('task_id' in input.shape) && value === run?.taskId),
    ),
  )
}
