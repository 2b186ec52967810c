import { eventView } from '../../contract/views.ts'
import { EVENT_KINDS, type BoardEvent } from '../../domain/event.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { nearest } from '../../lib/nearest.ts'
import { command, taskId, text, wholeNumber, type Aside, type Line, type Option } from '../command.ts'
import { followEvents, type FollowOptions } from '../follow-events.ts'
import { eventDetails, paintKind } from '../text/event.ts'
import { oneLine } from '../../lib/safe-text.ts'
import type { Style } from '../text/style.ts'
import { clockTime } from '../../lib/amounts.ts'
import { cutToWidth } from '../text/width.ts'

const kinds: Option<readonly string[] | undefined> = {
  value: 'kinds',
  help: 'Only events of these kinds, separated by commas.',
  completes: 'event-kind',
  parse: (given) =>
    given.split(',').map((part) => {
      const kind = part.trim()
      if (EVENT_KINDS.some((known) => known === kind)) return kind
      const guess = nearest(kind, EVENT_KINDS)
      throw new Error(
        `kinds of events${guess === null ? '' : `; did you mean ${guess}?`} Known: ${EVENT_KINDS.join(', ')}`,
      )
    }),
}
const since = wholeNumber('event', 'Begin after the event of this number; 0 begins with the first.')

/** Events shown of what was before. */
const BEFORE = 20

export const tail = command({
  about: 'Follows the events of a task: the last ones, then each as it happens. Ctrl+C ends it.',
  effect: 'reads',
  arguments: { id: taskId },
  options: { kinds, since },
  examples: ['yard tail t_1a2b', 'yard tail t_1a2b --json | jq -r .kind'],
  async run(context, { arguments: { id }, options }) {
    const kernel = await context.kernel()
    const filter = {
      taskId: await kernel.resolveTaskId(id),
      ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
    }
    const before =
      options.since === undefined
        ? await kernel.readEvents({ ...filter, newestFirst: true, limit: BEFORE })
        : []
    const after = options.since ?? before[0]?.id ?? 0
    return {
      lines: linesOf(kernel, before.toReversed(), { filter, after, signal: context.signal }, taskLine),
    }
  },
})

export const watch = command({
  about: 'Follows the whole board: each event as it happens. Ctrl+C ends it.',
  effect: 'reads',
  options: {
    assignee: text('profile', 'Only tasks of this assignee.', { completes: 'profile' }),
    tenant: text('name', 'Only tasks of this tenant.', { completes: 'tenant' }),
    kinds,
    since,
  },
  examples: ['yard watch', 'yard watch --kinds completed,blocked,gave_up', 'yard watch --json'],
  async run(context, { options }) {
    const kernel = await context.kernel()
    const after = options.since ?? (await kernel.getLatestEventId())
    const filter = {
      ...(options.assignee === undefined ? {} : { assignee: options.assignee }),
      ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
      ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
    }
    const titles = new Map<string, string>()
    return {
      lines: linesOf(kernel, [], { filter, after, signal: context.signal }, boardLine(titles), titles),
    }
  },
})

type ShowEvent = (style: Style, event: BoardEvent) => string

async function* linesOf(
  kernel: Kernel,
  before: readonly BoardEvent[],
  options: FollowOptions,
  show: ShowEvent,
  titles?: Map<string, string>,
): AsyncIterable<Line | Aside> {
  const line = (event: BoardEvent): Line => ({ data: eventView(event), text: (style) => show(style, event) })
  yield* before.map(line)
  for await (const event of followEvents(kernel, options)) {
    if ('warning' in event) yield event
    else {
      if (titles !== undefined && event.taskId !== null && !titles.has(event.taskId))
        titles.set(event.taskId, await titleOf(kernel, event.taskId))
      yield line(event)
    }
  }
}

const titleOf = (kernel: Kernel, id: string): Promise<string> =>
  kernel.getTask(id).then(
    ({ title }) => oneLine(title),
    () => '',
  )

const KIND_WIDTH = 12

function taskLine(style: Style, event: BoardEvent): string {
  const details = eventDetails(event)
  const actor = event.actor === null ? '' : ` · ${oneLine(event.actor)}`
  return lineWith(style, event, `${details}${actor}`)
}

const boardLine =
  (titles: ReadonlyMap<string, string>): ShowEvent =>
  (style, event) => {
    const details = eventDetails(event)
    const task = event.taskId === null ? '' : `${event.taskId} ${titles.get(event.taskId) ?? ''}`.trimEnd()
    return lineWith(style, event, [task, details].filter(Boolean).join(': '))
  }

function lineWith(style: Style, event: BoardEvent, rest: string): string {
  const time = clockTime(event.createdAt)
  const shown = cutToWidth(style, rest, style.width - time.length - KIND_WIDTH - 4)
  return `${style.paint('dim', time)}  ${paintKind(style, event.kind, event.kind.padEnd(KIND_WIDTH))}  ${shown}`.trimEnd()
}
