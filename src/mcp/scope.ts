/** How far a caller's tools reach: a worker's to its own card and the cards that runs of it created, an orchestrator's over the board. */
import { denied } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import type { ToolContext } from './tool.ts'

/** The id as the board knows it; throws a refusal that says `what` could not be done when the card is out of reach. */
export async function reach(context: ToolContext, given: string, what: string): Promise<TaskId> {
  if (context.orchestrator) return context.kernel.resolveTaskId(given)
  const id = given.trim().toLowerCase()
  const own = context.run?.taskId
  if (own !== undefined && (id === own || (await context.kernel.creatorOf(id)) === own)) return id
  throw outOfReach(context, given, what)
}

/** What may be read, and waited for: also what the own card waited for, because its results are for the caller. */
export async function reachToRead(context: ToolContext, given: string, what: string): Promise<TaskId> {
  const { run, kernel } = context
  if (run !== null && !context.orchestrator) {
    const id = given.trim().toLowerCase()
    const { parents } = await kernel.listLinks(run.taskId)
    if (parents.some((parent) => parent.id === id)) return id
  }
  return reach(context, given, what)
}

function outOfReach({ run }: ToolContext, given: string, what: string) {
  const own = run?.taskId ?? 'none'
  return denied(
    'out_of_reach',
    `Cannot ${what} ${given.trim()}: this run works on ${own} and reaches that card, the cards it created itself and, to read them, those it waited for, no others.`,
    {
      next: `Use ${own}, or an id that kanban_create gave you; say what others must know in the summary of kanban_complete or in kanban_block.`,
    },
  )
}
