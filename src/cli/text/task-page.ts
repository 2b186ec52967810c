/** Everything about one card as a page to read. */
import { reachedRun } from '../../contract/views.ts'
import { attemptsAllowed, attemptsUsed, type AttemptPolicy } from '../../domain/attempts.ts'
import type { Reason } from '../../domain/hold.ts'
import type { TaskStatus } from '../../domain/task.ts'
import type { TaskDetails } from '../../kernel/show-task.ts'
import { eventDetails, paintKind } from './event.ts'
import { reasonLines } from './reason.ts'
import { oneLine, safe } from '../../lib/safe-text.ts'
import { paintOutcome, paintStatus, type Style } from './style.ts'
import { byteSize, count, localTime, relative, span } from '../../lib/amounts.ts'
import { usageText } from './usage-text.ts'
import { cutToWidth, wrap } from './width.ts'

export interface PageInput {
  readonly details: TaskDetails
  readonly reasons: readonly Reason[]
  readonly policy: AttemptPolicy
}

/** Shown of a long history; the rest is a command away. */
const LAST_EVENTS = 10
const LAST_ATTEMPTS = 5
const LAST_COMMENTS = 10
const LAST_LINES = 8
const LABEL = 11

export function taskPage(style: Style, input: PageInput): string {
  const sections = [
    head(style, input),
    waiting(style, input),
    block(style, 'Body', input.details.task.body),
    block(style, 'Result', input.details.task.result),
    linked(style, 'Parents', input.details.parents),
    linked(style, 'Children', input.details.children),
    attempts(style, input),
    lateReports(style, input),
    comments(style, input),
    files(style, input),
    events(style, input),
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

function head(style: Style, { details: { task, workspaces }, policy, details }: PageInput): string {
  const runs = details.runs.filter(({ endedAt }) => endedAt === null)
  const place =
    workspaces.find(({ state }) => state === 'leased' || state === 'kept')?.path ?? task.workspacePath
  const label = (name: string, value: string | null): string[] =>
    value === null || value === '' ? [] : [`${style.paint('dim', name.padEnd(LABEL))}${value}`]
  const used = attemptsUsed(details.attempts)
  return [
    `${style.paint('bold', task.id)}  ${style.paint('bold', oneLine(task.title))}`,
    ...label(
      'status',
      `${paintStatus(style, task.status)}${runs.map((run) => ` · run ${run.id}, started ${relative(run.startedAt, style.now)}${task.claimLock === null ? '' : `, held by ${oneLine(task.claimLock)}`}`).join('')}`,
    ),
    ...label('assignee', oneLine(task.assignee ?? 'nobody')),
    ...label('priority', task.priority === 0 ? null : String(task.priority)),
    ...label('tenant', task.tenant === null ? null : oneLine(task.tenant)),
    ...label('workspace', `${task.workspaceKind}${place === null ? '' : ` ${oneLine(place)}`}`),
    ...label('skills', task.skills === null ? null : oneLine(task.skills.join(', '))),
    ...label('time limit', task.maxRuntimeSeconds === null ? null : span(task.maxRuntimeSeconds)),
    ...label('used', usageText(details.usage)),
    ...label('attempts', used === 0 ? null : `${used} of ${attemptsAllowed(details.attempts, policy)} used`),
    ...label(
      'created',
      `${relative(task.createdAt, style.now)} by ${oneLine(task.createdBy ?? 'somebody')} (${localTime(task.createdAt)})`,
    ),
    ...label(
      'completed',
      task.completedAt === null
        ? null
        : `${relative(task.completedAt, style.now)} (${localTime(task.completedAt)})`,
    ),
  ].join('\n')
}

const SELF_EVIDENT: ReadonlySet<TaskStatus> = new Set(['done', 'running'])

function waiting(style: Style, { details: { task }, reasons }: PageInput): string {
  if (
    reasons.length === 0 ||
    (SELF_EVIDENT.has(task.status) && reasons.every(({ kind }) => kind === 'status'))
  )
    return ''
  const lines = reasons.flatMap((reason) =>
    reasonLines(style, reason).flatMap((line, index) =>
      wrapped(line, style, index === 0 ? '  • ' : '    ', '    '),
    ),
  )
  return [title(style, task.status === 'running' ? 'Running, but' : 'Why it is not running'), ...lines].join(
    '\n',
  )
}

const title = (style: Style, text: string): string => style.paint('underline', text)

const wrapped = (line: string, style: Style, first: string, rest: string): string[] =>
  wrap(style, line, Math.max(20, style.width - first.length)).map(
    (part, index) => `${index === 0 ? first : rest}${part}`,
  )

const indented = (style: Style, text: string, indent = '  '): string[] =>
  safe(text).trimEnd().split('\n').flatMap((line) => wrapped(line, style, indent, indent)) // prettier-ignore

const block = (style: Style, name: string, text: string | null): string =>
  text === null || text.trim() === '' ? '' : [title(style, name), ...indented(style, text)].join('\n')

function linked(style: Style, name: string, tasks: TaskDetails['parents']): string {
  if (tasks.length === 0) return ''
  const lines = tasks.map(
    ({ id, title: text, status }) =>
      `  ${id}  ${paintStatus(style, status, status.padEnd(8))}  ${cutToWidth(style, oneLine(text), Math.max(16, style.width - 24))}`,
  )
  return [title(style, name), ...lines].join('\n')
}

function attempts(style: Style, { details: { task, runs } }: PageInput): string {
  if (runs.length === 0) return ''
  const shown = runs.slice(-LAST_ATTEMPTS)
  const lines = shown.flatMap((run) => {
    const took =
      run.endedAt === null
        ? `for ${span(style.now - run.startedAt)}`
        : `${relative(run.endedAt, style.now)}, took ${span(run.endedAt - run.startedAt)}`
    const exit =
      run.evidence === null
        ? null
        : run.evidence.signal !== null
          ? `signal ${run.evidence.signal}`
          : run.evidence.exitCode === null
            ? null
            : `exit ${run.evidence.exitCode}`
    const facts = [
      oneLine(run.profile ?? 'somebody'),
      took,
      exit,
      run.usage === null ? null : usageText(run.usage),
      run.evidence?.limit === undefined || run.evidence.limit === null ? null : `${run.evidence.limit} limit`,
    ].filter((fact) => fact !== null)
    const failed = run.endedAt !== null && run.outcome !== 'completed' && run.outcome !== 'review'
    return [
      `  run ${run.id}  ${paintOutcome(style, run.outcome ?? 'running')}  ${style.paint('dim', facts.join(' · '))}`,
      ...(run.summary === null ? [] : indented(style, run.summary, '    ')),
      ...(run.error === null ? [] : indented(style, run.error, '    ')),
      ...(failed && run.evidence?.lastLines ? lastWords(style, run.evidence.lastLines) : []),
    ]
  })
  const log = runs.at(-1)?.process?.logPath
  return [
    title(
      style,
      runs.length > shown.length
        ? `Attempts (last ${shown.length} of ${runs.length}; all: yard runs ${task.id})`
        : 'Attempts',
    ),
    ...lines,
    ...(log === undefined || log === null ? [] : [style.paint('dim', `  log: ${log} (yard log ${task.id})`)]),
  ].join('\n')
}

const lastWords = (style: Style, text: string): string[] =>
  safe(text).trimEnd().split('\n').slice(-LAST_LINES).map((line) => style.paint('dim', `    │ ${cutToWidth(style, line.trimEnd(), style.width - 6)}`)) // prettier-ignore

function lateReports(style: Style, { details: { task, lateReports: reports } }: PageInput): string {
  const open = reports.filter(({ acceptedAt }) => acceptedAt === null)
  if (open.length === 0) return ''
  return [
    title(style, 'Reported after the run had ended'),
    ...open.map(
      (report) =>
        `  ${report.id}  ${report.verb} by run ${report.runId}, ${relative(report.createdAt, style.now)}  ${style.paint('cyan', `→ yard accept-late ${task.id} ${report.id}`)}`,
    ),
  ].join('\n')
}

function comments(style: Style, { details: { comments: all, mail } }: PageInput): string {
  if (all.length === 0) return ''
  const shown = all.slice(-LAST_COMMENTS)
  return [
    title(style, all.length > shown.length ? `Comments (last ${shown.length} of ${all.length})` : 'Comments'),
    ...shown.flatMap((comment) => [
      `  ${style.paint('bold', oneLine(comment.author))} ${style.paint('dim', `${relative(comment.createdAt, style.now)}${reached(mail, comment.id)}`)}`,
      ...indented(style, comment.body, '    '),
    ]),
  ].join('\n')
}

const reached = (mail: PageInput['details']['mail'], commentId: number): string => {
  const run = reachedRun(mail, commentId)
  return run === null ? '' : ` · told to the worker of run ${run}`
}

function files(style: Style, { details: { task, attachments } }: PageInput): string {
  if (attachments.length === 0) return ''
  return [
    title(style, 'Files'),
    ...attachments.map(({ name, size }) => `  ${oneLine(name)}  ${style.paint('dim', byteSize(size))}`),
    style.paint('dim', `  yard attachments ${task.id} --save <name>`),
  ].join('\n')
}

function events(style: Style, { details: { events: all } }: PageInput): string {
  const shown = all.slice(-LAST_EVENTS)
  return [
    title(
      style,
      all.length > shown.length ? `Events (last ${shown.length} of ${count(all.length, 'event')})` : 'Events',
    ),
    ...shown.map((event) => {
      const details = eventDetails(event)
      const line = `  ${relative(event.createdAt, style.now).padEnd(9)}  ${event.kind}${details === '' ? '' : `: ${details}`}${event.actor === null ? '' : ` · ${oneLine(event.actor)}`}`
      return cutToWidth(style, line, style.width).replace(event.kind, paintKind(style, event.kind))
    }),
  ].join('\n')
}
