import { linkedTaskView, reasonView, runView, workerContextView } from '../../contract/views.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { contextText } from '../../kernel/worker-context.ts'
import { Reply, type Handlers } from '../handler.ts'
import type { ServerServices } from '../services.ts'

export interface ReadingsDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
}

export const readingHandlers = ({ kernel, services }: ReadingsDeps) =>
  ({
    async explainTask({ input: { id } }) {
      const context = await services.whyContext(await kernel.getTask(id))
      const { task, reasons } = await kernel.why(id, context)
      return { task_id: task.id, status: task.status, reasons: reasons.map(reasonView) }
    },

    async listTaskLinks({ input: { id } }) {
      const { parents, children } = await kernel.listLinks(id)
      return { parents: parents.map(linkedTaskView), children: children.map(linkedTaskView) }
    },

    listTaskRuns: async ({ input: { id } }) => ({ runs: (await kernel.listRuns(id)).map(runView) }),

    getTaskContext: async ({ input: { id } }) => workerContextView(await kernel.workerContext(id)),

    async getTaskContextText({ input: { id } }) {
      const text = contextText(await kernel.workerContext(id), 'cli')
      return new Reply(text, { 'content-type': 'text/markdown; charset=utf-8' })
    },
  }) satisfies Partial<Handlers>
