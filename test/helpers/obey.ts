/** Does what a printed next step says, as the command line would. */
import type { Actor } from '../../src/domain/actor.ts'
import type { TaskStatus } from '../../src/domain/task.ts'
import type { Kernel } from '../../src/kernel/kernel.ts'
import type { HoldTarget } from '../../src/kernel/pause.ts'

export async function obey(kernel: Kernel, commandLine: string, actor: Actor): Promise<void> {
  const [program, verb, first, second, ...rest] = commandLine.split(' ')
  if (program !== 'yard') throw new Error(`not a command: ${commandLine}`)
  const id = first ?? ''
  switch (verb) {
    case 'unblock':
      return void (await kernel.unblockTask(id, actor))
    case 'retry':
      return void (await kernel.retryTask(id, second === '--attempts' ? Number(rest[0]) : 0, actor))
    case 'resume':
      return void (await kernel.resume(holdTarget(first), actor))
    case 'assign':
      return void (await kernel.assignTask(id, second === '<profile>' ? 'coder' : (second ?? ''), actor))
    case 'unlink':
      return void (await kernel.unlinkTasks(id, second ?? '', actor))
    case 'move':
      return void (await kernel.moveTask(id, second as TaskStatus, {}, actor))
    case 'complete':
      return void (await kernel.completeTask(id, {}, actor))
    default:
      throw new Error(`no test knows how to obey: ${commandLine}`)
  }
}

function holdTarget(name: string | undefined): HoldTarget {
  if (name === undefined) return { scope: 'board', target: '*' }
  return { scope: name.startsWith('t_') ? 'task' : 'profile', target: name }
}
