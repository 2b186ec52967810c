/** What a worker is told about its card: bounded, whatever the board holds. */
import { standing, stateText, type BudgetState } from '../domain/budget.ts'
import type { Run } from '../domain/run.ts'
import { isFinished, type Comment, type Task } from '../domain/task.ts'
import { cut } from '../domain/text.ts'
import { countCommentsOf, findComments } from '../store/tables/comments.ts'
import { findParents } from '../store/tables/links.ts'
import { findEvidence } from '../store/tables/run-processes.ts'
import { findLastCompletedRun, findRecentRunsOfProfile, findRuns } from '../store/tables/runs.ts'
import { findTask } from '../store/tables/tasks.ts'
import { cardBudgets } from './budgets.ts'
import { requireTask, type KernelDeps } from './deps.ts'

/** Limits of the sections, in characters and entries, as the contract gives them. */
const CONTEXT_LIMITS = {
  body: 8_192,
  attempts: 10,
  field: 4_096,
  recentRuns: 5,
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

export interface WorkerContext {
  readonly version: 1
  readonly task: Task
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
  const safe = text.replace(/\r\n?/g, '\n').replace(/^(?=\s*(?:<<<|>>>))/gm, '\\')
  return `<<< ${oneLine(label)}\n${safe}\n>>>`
}

/** Names are words of somebody too. */
const oneLine = (text: string): string =>
  text.replace(/\s+/g, ' ').replaceAll('<<<', '‹').replaceAll('>>>', '›').trim()

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

/** The context as the text a worker reads: facts of the board in plain words, everything anybody wrote fenced and signed. */
export function contextText(context: WorkerContext): string {
  const { task, readAt: now } = context
  const sections = [
    [
      `# ${task.id}: ${oneLine(task.title)}`,
      `Status: ${task.status} · Assignee: ${task.assignee ?? 'nobody'} · Priority: ${task.priority}${task.tenant === null ? '' : ` · Tenant: ${oneLine(task.tenant)}`}`,
      `Created by ${oneLine(task.createdBy ?? 'somebody')}, ${when(task.createdAt, now)} · Read ${new Date(now * 1000).toISOString()}, version ${context.version}`,
    ].join('\n'),
    task.body === null || task.body.trim() === ''
      ? ''
      : `## Task\n\n${fenced(`task, written by ${task.createdBy ?? 'somebody'}`, cut(task.body, CONTEXT_LIMITS.body))}`,
    budgetText(context.budgets),
    section(
      'Results of finished parents',
      context.parents.map((parent) => parentText(parent, now)),
      { budget: BUDGETS.parents, older: 0, noun: 'parent' },
    ),
    section(
      'Earlier attempts',
      context.attempts.map((attempt) => attemptText(attempt, now)),
      { budget: BUDGETS.attempts, older: context.olderAttempts, noun: 'attempt' },
    ),
    context.recentRuns.length === 0
      ? ''
      : `## Recent work of ${oneLine(task.assignee ?? '')} on other cards\n\n${context.recentRuns.map((run) => `- ${run.taskId}, ${when(run.endedAt, now)}: ${oneLine(cut((run.summary ?? '').split('\n')[0] ?? '', 400))}`).join('\n')}`,
    section(
      'Comments',
      context.comments.map((comment) => commentText(comment, now)),
      { budget: BUDGETS.comments, older: context.olderComments, noun: 'comment' },
    ),
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
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
    `comment by ${comment.author}, ${when(comment.createdAt, now)}`,
    cut(comment.body, CONTEXT_LIMITS.comment),
  )

function attemptText({ run, lastLines }: AttemptView, now: number): string {
  const facts = [
    `### Run ${run.id} by ${oneLine(run.profile ?? 'somebody')}: ${run.outcome ?? 'open'}, ended ${when(run.endedAt, now)}`,
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

function parentText(parent: ParentResult, now: number): string {
  const facts = [
    `### ${parent.id} ${oneLine(parent.title)} (${parent.status}, finished ${when(parent.finishedAt, now)})`,
  ]
  const said = parent.summary ?? parent.result
  if (said !== null) facts.push(fenced(`result of ${parent.id}`, cut(said, CONTEXT_LIMITS.field)))
  if (parent.metadata !== null)
    facts.push(fenced(`metadata of ${parent.id}`, cut(JSON.stringify(parent.metadata), CONTEXT_LIMITS.field)))
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
      : `Your run ${run.id} ended as ${run.outcome ?? 'unknown'}${run.error === null ? '' : `: ${oneLine(cut(run.error, 400))}`}.`
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
