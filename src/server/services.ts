/** What the server needs of rooms that are none of its business; src/app wires them. */
import type { Settings } from '../contract/config.ts'
import type { WhyContext } from '../kernel/why.ts'
import type { Task } from '../domain/task.ts'
import type { Output } from '../contract/operations/table.ts'

export interface ServerServices {
  /** In force at this moment. */
  readonly settings: () => Settings
  /** One pass of the dispatcher. */
  dispatch(options: { readonly dryRun: boolean; readonly max: number | null }): Promise<Output<'dispatch'>>
  /** Why nothing would start a ready task here; null when a dispatcher looks after the board. */
  dispatcherLack(): Promise<string | null>
  /** The caps in force for a task, and whether anybody dispatches. */
  whyContext(task: Task): Promise<WhyContext>
}
