/** What a worker is told about its card: bounded, whatever the board holds. */
import type { Run } from '../domain/run.ts'
import type { Comment, Task } from '../domain/task.ts'
import { cut } from '../domain/text.ts'
import { countCommentsOf, findComments } from '../store/tables/comments.ts'
import { findParents } from '../store/tables/links.ts'
import { findEvidence } from '../store/tables/run-processes.ts'
import { findLastCompletedRun, findRecentRunsOfProfile, findRuns } from '../store/tables/runs.ts'
import { findTask } from '../store/tables/tasks.ts'
import { requireTask, type KernelDeps } from './deps.ts'

/** Limits of the sections, in characters and entries, as the contract gives them. */
export const CONTEXT_LIMITS = {
  body: 8_192,
  attempts: 10,
  field: 4_096,
  recentRuns: 5,
  comments: 30,
  comment: 2_048,
  parents: 30,
} as const

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
  readonly readAt: number
}

export async function workerContext({ store }: KernelDeps, id: string): Promise<WorkerContext> {
  const now = await store.now()
  return store.read(async (db) => {
    const task = await requireTask(db, id)
    const ended = (await findRuns(db, id)).filter((run) => run.endedAt !== null)
    const attempts: AttemptView[] = []
    for (const run of ended.slice(-CONTEXT_LIMITS.attempts))
      attempts.push({ run, lastLines: (await findEvidence(db, run.id))?.lastLines ?? null })
    const parents: ParentResult[] = []
    for (const parent of (await findParents(db, id))
      .filter(({ status }) => status === 'done' || status === 'archived')
      .slice(0, CONTEXT_LIMITS.parents)) {
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
      readAt: now,
    }
  })
}

const when = (seconds: number | null): string =>
  seconds === null ? 'unknown' : new Date(seconds * 1000).toISOString()

/** The context as the text a worker reads. */
export function contextText(context: WorkerContext): string {
  const { task } = context
  const sections = [
    [
      `# ${task.id}: ${task.title}`,
      `Status: ${task.status} · Assignee: ${task.assignee ?? 'nobody'} · Priority: ${task.priority}${task.tenant === null ? '' : ` · Tenant: ${task.tenant}`}`,
      task.body === null ? '' : `\n${cut(task.body, CONTEXT_LIMITS.body)}`,
    ].join('\n'),
    context.attempts.length === 0
      ? ''
      : `## Earlier attempts\n${context.olderAttempts > 0 ? `(${context.olderAttempts} older attempts are not shown)\n` : ''}${context.attempts.map(attemptText).join('\n\n')}`,
    context.parents.length === 0
      ? ''
      : `## Results of finished parents\n${context.parents.map(parentText).join('\n\n')}`,
    context.recentRuns.length === 0
      ? ''
      : `## Recent work of ${task.assignee} on other cards\n${context.recentRuns.map((run) => `- ${run.taskId} (${when(run.endedAt)}): ${cut((run.summary ?? '').split('\n')[0] ?? '', 400)}`).join('\n')}`,
    context.comments.length === 0
      ? ''
      : `## Comments\n${context.olderComments > 0 ? `(${context.olderComments} older comments are not shown)\n` : ''}${context.comments.map((comment) => `### ${comment.author}, ${when(comment.createdAt)}\n${cut(comment.body, CONTEXT_LIMITS.comment)}`).join('\n\n')}`,
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

function attemptText({ run, lastLines }: AttemptView): string {
  const facts = [
    `### Run ${run.id} by ${run.profile ?? 'somebody'}: ${run.outcome ?? 'open'}, ended ${when(run.endedAt)}`,
  ]
  if (run.summary !== null) facts.push(cut(run.summary, CONTEXT_LIMITS.field))
  if (run.error !== null) facts.push(`Error: ${cut(run.error, CONTEXT_LIMITS.field)}`)
  if (run.metadata !== null)
    facts.push(`Metadata: ${cut(JSON.stringify(run.metadata), CONTEXT_LIMITS.field)}`)
  if (lastLines !== null && run.outcome !== 'completed')
    facts.push(`Last lines of its output:\n${cut(lastLines, CONTEXT_LIMITS.field)}`)
  return facts.join('\n')
}

function parentText(parent: ParentResult): string {
  const facts = [`### ${parent.id} ${parent.title} (${parent.status}, finished ${when(parent.finishedAt)})`]
  const said = parent.summary ?? parent.result
  if (said !== null) facts.push(cut(said, CONTEXT_LIMITS.field))
  if (parent.metadata !== null)
    facts.push(`Metadata: ${cut(JSON.stringify(parent.metadata), CONTEXT_LIMITS.field)}`)
  return facts.join('\n')
}
