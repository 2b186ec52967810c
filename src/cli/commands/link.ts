import { argument, command } from '../command.ts'

const parent = argument('The task that comes first.', { completes: 'task' })
const child = argument('The task that waits for it.', { completes: 'task' })

export const link = command({
  about: 'Makes a task wait for another one: the child becomes ready when all its parents are done.',
  effect: 'changes',
  forWorkers: true,
  arguments: { parent, child },
  examples: ['yard link t_1a2b t_3c4d'],
  async run(context, input) {
    const kernel = await context.kernel()
    const parentId = await kernel.resolveTaskId(input.arguments.parent)
    const childId = await kernel.resolveTaskId(input.arguments.child)
    const linked = await kernel.linkTasks(parentId, childId, context.actor)
    return {
      data: { parent_id: parentId, child_id: childId, linked },
      text: () => `${childId} ${linked ? 'waits' : 'waited already'} for ${parentId}`,
    }
  },
})

export const unlink = command({
  about: 'Lets a task wait for another one no longer.',
  effect: 'changes',
  forWorkers: true,
  arguments: { parent, child },
  examples: ['yard unlink t_1a2b t_3c4d'],
  async run(context, input) {
    const kernel = await context.kernel()
    const parentId = await kernel.resolveTaskId(input.arguments.parent)
    const childId = await kernel.resolveTaskId(input.arguments.child)
    const unlinked = await kernel.unlinkTasks(parentId, childId, context.actor)
    return {
      data: { parent_id: parentId, child_id: childId, unlinked },
      text: () => `${childId} ${unlinked ? 'no longer waits' : 'did not wait'} for ${parentId}`,
      exitCode: unlinked ? 0 : 1,
    }
  },
})
