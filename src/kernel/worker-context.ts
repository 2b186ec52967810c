/** What a worker is told about its card: bounded, whatever the board holds. */
import { standing, stateText, type BudgetState } from '../domain/budget.ts'
import type { ReportsBy } from '../domain/cli-agent.ts'
import type { Run } from '../domain/run.ts'
import { isFinished, type Comment, type Task } from '../domain/task.ts'
import { cut, firstLine } from '../domain/text.ts'
import type { Connection } from '../store/connection.ts'
import { countCommentsOf, findComments } from '../store/tables/comments.ts'
import { findParents } from '../store/tables/links.ts'
import { findEvidence } from '../store/tables/run-processes.ts'
import { findLastCompletedRun, findRecentRunsOfProfile, findRuns } from '../store/tables/runs.ts'
import { findTask } from '../store/tables/tasks.ts'
import { findTriageRequest } from '../store/tables/triage.ts'
import { cardBudgets } from './budgets.ts'
import { requireTask, type KernelDeps } from './deps.ts'

/** Limits of the sections, in characters and entries, as the contract gives them. */
const CONTEXT_LIMITS = {
  body: 8_192,
  attempts: 10,
  field: 4_096,
  /** Of the card itself, for whoever reads it as a parent of theirs. */
  result: 32_768,
  recentRuns: 5,
  recentLine: 400,
  comments: 30,
  comment: 2_048,
  parents: 30,
  budgets: 10,
} as const

/** Of whole sections, in characters: with these the document stays below about 128,000 whatever the board holds. */
const BUDGETS = { parents: 32_768, attempts: 32_768, comments: 49_152 } as const

export interface AttemptView {
  readonly run: Run
  readonly lastLines: string | null
}

export interface ParentResult {
  readonly id: string
  readonly title: string
  readonly status: string
  readonly finishedAt: number | null
  readonly summary: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly result: string | null
}

/** The rough card that a helper works out, as it was when help was asked for. */
export interface HelpedCard {
  readonly id: string
  readonly title: string
  readonly body: string | null
  readonly createdBy: string | null
}

export interface WorkerContext {
  readonly version: 1
  readonly task: Task
  /** Null for an ordinary card. */
  readonly helps: HelpedCard | null
  readonly attempts: readonly AttemptView[]
  /** Attempts before the listed ones. */
  readonly olderAttempts: number
  readonly parents: readonly ParentResult[]
  readonly recentRuns: readonly Run[]
  readonly comments: readonly Comment[]
  readonly olderComments: number
  /** What its runs draw on. */
  readonly budgets: readonly BudgetState[]
  readonly readAt: number
}

export async function workerContext(deps: KernelDeps, id: string): Promise<WorkerContext> {
  const { store } = deps
  const now = await store.now()
  return store.read(async (db) => {
    const task = await requireTask(db, id)
    const ended = (await findRuns(db, id)).filter((run) => run.endedAt !== null)
    const attempts: AttemptView[] = []
    for (const run of ended.slice(-CONTEXT_LIMITS.attempts))
      attempts.push({ run, lastLines: (await findEvidence(db, run.id))?.lastLines ?? null })
    const parents: ParentResult[] = []
    for (const parent of (await findParents(db, id)).filter(isFinished).slice(0, CONTEXT_LIMITS.parents)) {
      const run = await findLastCompletedRun(db, parent.id)
      const card = await findTask(db, parent.id)
      parents.push({
        ...parent,
        finishedAt: card?.completedAt ?? null,
        summary: run?.summary ?? null,
        metadata: run?.metadata ?? null,
        result: card?.result ?? null,
      })
    }
    return {
      version: 1,
      task,
      helps: await helpedBy(db, id),
      attempts,
      olderAttempts: Math.max(0, ended.length - CONTEXT_LIMITS.attempts),
      parents,
      recentRuns:
        task.assignee === null
          ? []
          : await findRecentRunsOfProfile(db, task.assignee, id, CONTEXT_LIMITS.recentRuns),
      comments: await findComments(db, id, CONTEXT_LIMITS.comments),
      olderComments: Math.max(0, (await countCommentsOf(db, id)) - CONTEXT_LIMITS.comments),
      budgets: (await cardBudgets(deps, db, task, now)).slice(0, CONTEXT_LIMITS.budgets),
      readAt: now,
    }
  })
}

async function helpedBy(db: Connection, id: string): Promise<HelpedCard | null> {
  const request = await findTriageRequest(db, id)
  if (request === undefined) return null
  const { asked, subjectId } = request
  const subject = await requireTask(db, subjectId)
  return { id: subjectId, title: asked.title, body: asked.body, createdBy: subject.createdBy }
}

const when = (seconds: number | null, now: number): string =>
  seconds === null
    ? 'at an unknown time'
    : `${new Date(seconds * 1000).toISOString()} (${age(now - seconds)} ago)`

function age(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, seconds)} s`
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`
}

/**
 * Somebody's words between lines that only this function writes: whatever they hold, they cannot end their own fence or
 * begin another one.
 */
function fenced(label: string, text: string): string {
  const safe = text.replace(/\r\n?/g, '\n').replace(/^(?=[^\S\n]*(?:<<<|>>>))/gm, '\\')
  return `<<< ${oneLine(label)}\n${safe}\n>>>`
}

const oneLine = (text: string): string =>
  text.replace(/\s+/g, ' ').replaceAll('<<<', '‹').replaceAll('>>>', '›').trim()

/** Names are words of somebody too: one that is more than a name stands in quotes. */
function named(name: string | null): string {
  if (name === null) return 'somebody'
  return /^[\p{L}\p{N}@._:/+-]+$/u.test(name) ? name : JSON.stringify(oneLine(name))
}

/** As many of the newest entries as fit; the rest is counted. */
function section(
  title: string,
  entries: readonly string[],
  { budget, older, noun }: { budget: number; older: number; noun: string },
): string {
  const kept: string[] = []
  let size = 0
  for (const entry of entries.toReversed()) {
    if (kept.length > 0 && size + entry.length > budget) break
    kept.unshift(entry)
    size += entry.length
  }
  const hidden = older + entries.length - kept.length
  if (kept.length === 0 && hidden === 0) return ''
  const note = hidden === 0 ? [] : [`(${hidden} older ${noun}${hidden === 1 ? ' is' : 's are'} not shown)`]
  return [`## ${title}`, ...note, ...kept].join('\n\n')
}

/**
 * The context as the text a worker reads: facts of the board in plain words, everything anybody wrote fenced and signed.
 * `by` is how its reader asks for more.
 */
export function contextText(context: WorkerContext, by: ReportsBy): string {
  const { task, helps, readAt: now } = context
  const result = task.result?.trim() ? cut(task.result, CONTEXT_LIMITS.result) : ''
  const rough = helps === null ? '' : roughText(helps)
  const sections = [
    [
      `# ${task.id}`,
      `Status: ${task.status} · Assignee: ${task.assignee === null ? 'nobody' : named(task.assignee)} · Priority: ${task.priority}${task.tenant === null ? '' : ` · Tenant: ${named(task.tenant)}`}`,
      `Created by ${named(task.createdBy)}, ${when(task.createdAt, now)} · Read ${new Date(now * 1000).toISOString()}, version ${context.version}`,
    ].join('\n'),
    `## Task\n\n${fenced(`task, written by ${named(task.createdBy)}`, helps === null ? wordsOf(task) : bodyOf(task))}`,
    rough,
    result === '' ? '' : `## Result\n\n${fenced(`result of ${task.id}`, result)}`,
    budgetText(context.budgets),
    section(
      'Results of finished parents',
      context.parents.map((parent) => parentText(parent, now, by)),
      { budget: BUDGETS.parents, older: 0, noun: 'parent' },
    ),
    section(
      'Earlier attempts',
      context.attempts.map((attempt) => attemptText(attempt, now)),
      { budget: BUDGETS.attempts, older: context.olderAttempts, noun: 'attempt' },
    ),
    recentText(context.recentRuns, task.assignee, now),
    section(
      'Comments',
      context.comments.map((comment) => commentText(comment, now)),
      {
        budget: BUDGETS.comments - rough.length - result.length,
        older: context.olderComments,
        noun: 'comment',
      },
    ),
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

const bodyOf = ({ body }: { readonly body: string | null }): string => cut(body ?? '', CONTEXT_LIMITS.body)

const wordsOf = (card: { readonly title: string; readonly body: string | null }): string =>
  card.body === null || card.body.trim() === '' ? card.title : `${card.title}\n\n${bodyOf(card)}`

const roughText = (rough: HelpedCard): string =>
  `## The rough card ${rough.id}, as it was when this was asked for\n\n${fenced(`${rough.id}, written by ${named(rough.createdBy)}`, wordsOf(rough))}`

/** What the profile did elsewhere, in the words of the workers that did it. */
function recentText(runs: readonly Run[], profile: string | null, now: number): string {
  if (runs.length === 0) return ''
  const done = runs.map((run) =>
    fenced(
      `first line of the summary of ${run.taskId}, ${when(run.endedAt, now)}`,
      firstLine(run.summary, CONTEXT_LIMITS.recentLine) ?? '',
    ),
  )
  return [`## Recent work of ${named(profile)} on other cards`, ...done].join('\n\n')
}

/** Told only where it is worth knowing: somebody who is about to run out should hand over what there is. */
function budgetText(budgets: readonly BudgetState[]): string {
  const near = budgets.filter((state) => standing(state) !== 'free')
  if (near.length === 0) return ''
  const lines = near.map((state) => `- ${oneLine(stateText(state))}`)
  return `## Budget\n\n${lines.join('\n')}\n\nLittle may be spent on this task: do what matters most, and report what there is.`
}

const commentText = (comment: Comment, now: number): string =>
  fenced(
    `comment by ${named(comment.author)}, ${when(comment.createdAt, now)}`,
    cut(comment.body, CONTEXT_LIMITS.comment),
  )

function attemptText({ run, lastLines }: AttemptView, now: number): string {
  const facts = [
    `### Run ${run.id} by ${named(run.profile)}: ${run.outcome ?? 'open'}, ended ${when(run.endedAt, now)}`,
  ]
  const field = (label: string, text: string | null) => {
    if (text !== null && text.trim() !== '')
      facts.push(fenced(`${label} of run ${run.id}`, cut(text, CONTEXT_LIMITS.field)))
  }
  field('summary', run.summary)
  field('error', run.error)
  field('metadata', run.metadata === null ? null : JSON.stringify(run.metadata))
  if (run.outcome !== 'completed') field('last lines of output', lastLines)
  return facts.join('\n')
}

function parentText(parent: ParentResult, now: number, by: ReportsBy): string {
  const { id, title, summary, result, metadata } = parent
  const facts = [
    `### ${id} (${parent.status}, finished ${when(parent.finishedAt, now)})`,
    fenced(`title of ${id}`, title),
  ]
  const said = summary ?? result
  if (said !== null)
    facts.push(fenced(`${said === result ? 'result' : 'summary'} of ${id}`, cut(said, CONTEXT_LIMITS.field)))
  if (metadata !== null)
    facts.push(fenced(`metadata of ${id}`, cut(JSON.stringify(metadata), CONTEXT_LIMITS.field)))
  const isTold = result === null || (result === said && result.length <= CONTEXT_LIMITS.field)
  if (!isTold)
    facts.push(
      `The result of ${id} itself has ${result.length} characters; read it with: ${by === 'mcp' ? `kanban_show, task_id ${id}` : `yard context ${id}`}`,
    )
  return facts.join('\n')
}

/** The newest comment that a worker with this context begins with; 0 when there is none. */
export const newestComment = ({ comments }: Pick<WorkerContext, 'comments'>): number =>
  comments.at(-1)?.id ?? 0

/** Comments that were made while a worker works. Nobody's words can look like the board's own. */
export const mailText = (comments: readonly Comment[], now: number): string =>
  comments.map((comment) => commentText(comment, now)).join('\n\n')

/** What a worker that goes on in its own session has not heard yet: how the run ended, and what was said since. */
export function newsText(
  context: WorkerContext,
  since: { readonly runId: number; readonly at: number; readonly unheard: readonly Comment[] | null },
): string {
  const { readAt: now } = context
  const run = context.attempts.find((attempt) => attempt.run.id === since.runId)?.run
  const later = context.attempts.filter((attempt) => attempt.run.id > since.runId)
  const comments = since.unheard ?? context.comments.filter((comment) => comment.createdAt >= since.at)
  const ended =
    run === undefined
      ? ''
      : [
          `Your run ${run.id} ended as ${run.outcome ?? 'unknown'}.`,
          ...(run.error === null ? [] : [fenced(`error of run ${run.id}`, cut(run.error, 400))]),
        ].join('\n')
  return [
    ended,
    ...later.map((attempt) => attemptText(attempt, now)),
    section(
      'Comments since then',
      comments.map((comment) => commentText(comment, now)),
      { budget: BUDGETS.comments, older: 0, noun: 'comment' },
    ),
    comments.length === 0 ? 'Nobody has commented since.' : '',
  ]
    .filter(Boolean)
    .join('\n\n')
}
