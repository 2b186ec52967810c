import { holdView } from '../../contract/views.ts'
import { command, optional, text } from '../command.ts'
import { count } from '../../lib/amounts.ts'
import type { HoldTarget } from '../../kernel/pause.ts'
import type { Kernel } from '../../kernel/kernel.ts'

const target = optional(
  'A task, by its id; a profile, by its name; provider:<name>; the whole board when left out.',
  {
    completes: 'task',
  },
)

/** An id with its `t_` is a task, a word after `provider:` a provider, any other a profile. */
async function holdTarget(kernel: Kernel, given: string | undefined): Promise<HoldTarget> {
  if (given === undefined) return { scope: 'board', target: '*' }
  if (/^t_[0-9a-f]+$/i.test(given)) return { scope: 'task', target: await kernel.resolveTaskId(given) }
  const provider = /^provider:(.+)$/s.exec(given)?.[1]
  return provider === undefined
    ? { scope: 'profile', target: given }
    : { scope: 'provider', target: provider }
}

const named = ({ scope, target: name }: HoldTarget): string =>
  scope === 'board' ? 'the board' : scope === 'task' ? name : `${scope} ${name}`

const word = ({ scope, target: name }: HoldTarget): string =>
  scope === 'board' ? '' : scope === 'provider' ? ` provider:${name}` : ` ${name}`

export const pause = command({
  about:
    'Starts nothing new for the whole board, a profile, a provider or a task, from this moment on. What runs goes on.',
  effect: 'changes',
  arguments: { target },
  options: { reason: text('text', 'Why, for whoever wonders.') },
  examples: ['yard pause --reason "release today"', 'yard pause coder', 'yard pause t_1a2b'],
  async run(context, input) {
    const kernel = await context.kernel()
    const what = await holdTarget(kernel, input.arguments.target)
    await kernel.pause(what, input.options.reason ?? 'paused', context.actor)
    // These had passed the last check before the pause; everything later is held back by it.
    const starting = await kernel.startingRuns()
    return {
      data: { ...what, reason: input.options.reason ?? 'paused', starting_runs: starting },
      text: () =>
        `Paused ${named(what)}: nothing new starts, what runs goes on.${starting.length === 0 ? '' : ` ${count(starting.length, 'run')} had passed the last check and may still start: ${starting.join(', ')}`}`,
      next: [`yard resume${word(what)}`],
    }
  },
})

export const resume = command({
  about:
    'Lifts a pause, and what paused a profile, a provider or the board by rule: a limit that was raised, a login that works again.',
  effect: 'changes',
  arguments: { target },
  examples: ['yard resume', 'yard resume coder', 'yard resume provider:anthropic'],
  async run(context, input) {
    const kernel = await context.kernel()
    const what = await holdTarget(kernel, input.arguments.target)
    const lifted = await kernel.resume(what, context.actor)
    return {
      data: { ...what, lifted: lifted.map(holdView) },
      text: () => `Resumed ${named(what)}`,
    }
  },
})
