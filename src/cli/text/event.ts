/** An event as a line a person reads. */
import type { BoardEvent } from '../../domain/event.ts'
import { oneLine } from '../../lib/safe-text.ts'
import type { Format, Style } from './style.ts'
import { span } from '../../lib/amounts.ts'

const FORMAT: Readonly<Record<string, Format>> = {
  completed: 'green',
  claimed: 'blueBright',
  spawned: 'blueBright',
  blocked: 'yellow',
  held: 'yellow',
  paused: 'yellow',
  stopped: 'yellow',
  stop_requested: 'yellow',
  review_requested: 'magentaBright',
  crashed: 'red',
  timed_out: 'red',
  stalled: 'red',
  spawn_failed: 'red',
  gave_up: 'red',
  protocol_violation: 'red',
  late_report: 'yellow',
  proposed: 'yellow',
  accepted: 'green',
  budget_near: 'yellow',
  budget_reached: 'red',
}

export const paintKind = (style: Style, kind: string, shown: string = kind): string => {
  const format = FORMAT[kind]
  return format === undefined ? shown : style.paint(format, shown)
}

type Payload = Readonly<Record<string, unknown>>

const text = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? oneLine(value) : null
const words = (value: unknown): string =>
  Array.isArray(value)
    ? value.join(', ')
    : typeof value === 'string' || typeof value === 'number'
      ? String(value)
      : ''

const DETAILS: Readonly<Record<string, (payload: Payload) => string | null>> = {
  created: ({ status, assignee }) =>
    `${words(status)}${text(assignee) === null ? '' : `, for ${text(assignee)}`}`,
  completed: ({ summary }) => text(summary),
  blocked: ({ reason }) => text(reason),
  review_requested: ({ summary }) => text(summary),
  sent_back: ({ reason }) => text(reason),
  assigned: ({ assignee, from }) =>
    `${text(from) === null ? '' : `from ${text(from)} `}to ${text(assignee) ?? 'nobody'}`,
  edited: ({ fields }) => words(fields),
  reprioritized: ({ priority }) => `to ${words(priority)}`,
  status: ({ status }) => `to ${words(status)}`,
  restored: ({ status }) => `to ${words(status)}`,
  linked: ({ parent_id: parent, child_id: child }) => `${words(child)} waits for ${words(parent)}`,
  unlinked: ({ parent_id: parent, child_id: child }) =>
    `${words(child)} no longer waits for ${words(parent)}`,
  spawned: ({ pid }) => `pid ${words(pid)}`,
  heartbeat: ({ note }) => text(note),
  crashed: ({ error, exit_code: code, signal }) =>
    text(error) ?? (code === null || code === undefined ? `signal ${words(signal)}` : `exit ${words(code)}`),
  timed_out: ({ error, elapsed_seconds: elapsed }) =>
    text(error) ?? (typeof elapsed === 'number' ? `after ${span(elapsed)}` : null),
  stalled: ({ error }) => text(error),
  spawn_failed: ({ error }) => text(error),
  gave_up: ({ error }) => text(error),
  protocol_violation: ({ error }) => text(error),
  reclaimed: ({ error, stale_lock: lock }) =>
    text(error) ?? (text(lock) === null ? null : `from ${text(lock)}`),
  stopped: ({ by }) => (text(by) === null ? null : `by ${text(by)}`),
  stop_requested: ({ by, reason }) => `${text(by) === null ? '' : `by ${text(by)}: `}${text(reason) ?? ''}`,
  paused: ({ scope, target, reason }) => `${pausedThing(scope, target)}: ${text(reason) ?? ''}`,
  resumed: ({ scope, target }) => pausedThing(scope, target),
  granted: ({ attempts }) => `${words(attempts)} more attempts`,
  budget_set: ({ budget }) => text(budget),
  budget_removed: ({ budget }) => text(budget),
  budget_granted: ({ budget, reason }) => `${words(budget)}: ${text(reason) ?? ''}`,
  budget_near: ({ reason }) => text(reason),
  budget_reached: ({ reason }) => text(reason),
  late_report: ({ verb, report_id: id }) => `${words(verb)}, kept as report ${words(id)}`,
  attached: ({ name }) => text(name),
  detached: ({ name }) => text(name),
  waiting: ({ for: what }) => (text(what) === null ? null : `for a ${text(what)}`),
  help_requested: ({ verb, helper, profile }) =>
    `${words(verb)} by ${text(profile) ?? 'somebody'}, in ${words(helper)}`,
  proposed: ({ of, title }) => (text(of) === null ? `text: ${text(title) ?? ''}` : `for ${text(of)}`),
  released: ({ of, holds }) => (text(of) === null ? words(holds) : `of ${text(of)}`),
  rejected: ({ of }) => (text(of) === null ? 'the text' : `of ${text(of)}`),
  accepted: () => 'the text',
  commented: ({ author }) => `by ${words(author)}`,
}

const pausedThing = (scope: unknown, target: unknown): string =>
  scope === 'board' ? 'the board' : scope === 'profile' ? `profile ${words(target)}` : words(target)

/** What happened beyond its kind; empty when the kind says it all. */
export const eventDetails = ({ kind, payload }: Pick<BoardEvent, 'kind' | 'payload'>): string =>
  DETAILS[kind]?.(payload) ?? ''
