import { taskView } from '../../contract/views.ts'
import { parseDuration, DURATION_RULE } from '../../domain/duration.ts'
import type { TaskEdit } from '../../domain/moves.ts'
import { command, taskId, text, texts, UsageError, wholeNumber, type Option } from '../command.ts'

const orNone = (value: string, help: string): Option<number | null | undefined> => ({
  value,
  help,
  parse: (given) => {
    const seconds = given === 'none' ? null : parseDuration(given)
    if (seconds === null && given !== 'none') throw new Error(`${DURATION_RULE}, or none`)
    return seconds ?? 'none'
  },
})

export const edit = command({
  about: 'Changes what a task says. What is not named stays.',
  effect: 'changes',
  arguments: { id: taskId },
  options: {
    title: text('text', 'Its title.'),
    body: text('text', 'Its body; - reads it from standard input, an empty one removes it.'),
    priority: wholeNumber('number', 'Higher runs first.', { min: -Number.MAX_SAFE_INTEGER }),
    tenant: text('name', 'Its tenant; none for no tenant.', { completes: 'tenant' }),
    result: text('text', 'Its result.'),
    'max-runtime': orNone(
      'time',
      'How long one attempt may take: 30m, 2h, 1d or seconds; none for what the profile says.',
    ),
    skill: texts('name', 'Its skills, in place of those it has; none for no skills.'),
  },
  examples: ['yard edit t_1a2b --priority 5', 'yard edit t_1a2b --body - < spec.md'],
  async run(context, { arguments: { id }, options }) {
    const { title, body, priority, tenant, result, skill } = options
    const maxRuntime = options['max-runtime'] as number | 'none' | undefined
    const wanted: TaskEdit = {
      ...(title === undefined ? {} : { title }),
      ...(body === undefined ? {} : { body: (body === '-' ? await context.readInput() : body) || null }),
      ...(priority === undefined ? {} : { priority }),
      ...(tenant === undefined ? {} : { tenant: tenant === 'none' ? null : tenant }),
      ...(result === undefined ? {} : { result: result || null }),
      ...(maxRuntime === undefined ? {} : { maxRuntimeSeconds: maxRuntime === 'none' ? null : maxRuntime }),
      ...(skill.length === 0 ? {} : { skills: skill.length === 1 && skill[0] === 'none' ? null : skill }),
    }
    if (Object.keys(wanted).length === 0)
      throw new UsageError('Nothing to change: name what, for example --priority 5. See: yard edit --help')
    const kernel = await context.kernel()
    const task = await kernel.editTask(await kernel.resolveTaskId(id), wanted, context.actor)
    return { data: taskView(task), text: () => `${task.id}: edited` }
  },
})
