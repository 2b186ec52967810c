import { proposalsView, taskView } from '../../contract/views.ts'
import type { ProposalsDecided } from '../../kernel/decide-proposals.ts'
import type { Call, Handlers } from '../handler.ts'
import { aboutTheBody } from '../about-the-body.ts'
import type { TasksDeps } from './tasks.ts'

export const triageHandlers = ({ kernel, services }: TasksDeps) => {
  const ask =
    (kind: 'specify' | 'decompose') =>
    async ({ input: { id, profile }, actor }: Call<'specifyTask' | 'decomposeTask'>) => {
      const wanted = { kind, profile: await services.orchestrator(profile ?? null) }
      const { helper, created } = await kernel.askHelp(id, wanted, actor)
      const warning = helper.status === 'ready' ? await services.dispatcherLack() : null
      return { task: taskView(helper), created, ...(warning === null ? {} : { warning }) }
    }
  return {
    specifyTask: ask('specify'),
    decomposeTask: ask('decompose'),

    async acceptText({ input: { id, anyway, ready }, actor }) {
      const options = { anyway: anyway ?? false, ready: ready ?? false }
      return { task: taskView(await kernel.acceptText(id, options, actor)) }
    },

    listProposals: async ({ input: { task } }) => ({
      proposals: (await kernel.listProposals(task ?? null)).map(proposalsView),
    }),

    releaseProposals: async ({ input: { ids }, actor }) =>
      decidedView(await aboutTheBody(kernel.releaseProposals(ids, actor))),

    rejectProposals: async ({ input: { ids }, actor }) =>
      decidedView(await aboutTheBody(kernel.rejectProposals(ids, actor))),
  } satisfies Partial<Handlers>
}

const decidedView = ({ cards, subjects }: ProposalsDecided) => ({
  tasks: cards.map(taskView),
  subjects: subjects.map(taskView),
})
