/**
 * The shapes in which the board crosses a boundary: the names that scripts, agents and existing clients know. The rest of
 * the house uses its own names; only what leaves it goes through here.
 */
import type { LedgerTotals } from '../domain/change.ts'
import type { BoardEvent } from '../domain/event.ts'
import type { Hold, Reason } from '../domain/hold.ts'
import type { Run, RunEvidence, RunProcess } from '../domain/run.ts'
import type { Amounts } from '../domain/usage.ts'
import type { BudgetState } from '../domain/budget.ts'
import { budgetView, usageView } from './usage-views.ts'
import type { Comment, Task, TaskStatus } from '../domain/task.ts'
import type { ProposalState, TriageRequest } from '../domain/triage.ts'

export const taskView = (task: Task) => ({
  id: task.id,
  title: task.title,
  body: task.body,
  assignee: task.assignee,
  status: task.status,
  priority: task.priority,
  created_by: task.createdBy,
  created_at: task.createdAt,
  started_at: task.startedAt,
  completed_at: task.completedAt,
  workspace_kind: task.workspaceKind,
  workspace_path: task.workspacePath,
  claim_lock: task.claimLock,
  claim_expires: task.claimExpires,
  tenant: task.tenant,
  result: task.result,
  idempotency_key: task.idempotencyKey,
  spawn_failures: task.spawnFailures,
  worker_pid: task.workerPid,
  last_spawn_error: task.lastSpawnError,
  max_runtime_seconds: task.maxRuntimeSeconds,
  last_heartbeat_at: task.lastHeartbeatAt,
  current_run_id: task.currentRunId,
  workflow_template_id: task.workflowTemplateId,
  current_step_key: task.currentStepKey,
  skills: task.skills,
})

/** A run with what its runner saw of it, when a dispatcher started it. */
export interface RunWithEvidence extends Run {
  readonly usage?: Amounts | null
  readonly evidence?: RunEvidence | null
  readonly process?: RunProcess | null
}

export const runView = (run: RunWithEvidence) => ({
  id: run.id,
  task_id: run.taskId,
  profile: run.profile,
  step_key: run.stepKey,
  status: run.status,
  claim_lock: run.claimLock,
  claim_expires: run.claimExpires,
  worker_pid: run.workerPid,
  max_runtime_seconds: run.maxRuntimeSeconds,
  last_heartbeat_at: run.lastHeartbeatAt,
  started_at: run.startedAt,
  ended_at: run.endedAt,
  outcome: run.outcome,
  summary: run.summary,
  metadata: run.metadata,
  error: run.error,
  exit_code: run.evidence?.exitCode ?? null,
  signal: run.evidence?.signal ?? null,
  limit: run.evidence?.limit ?? null,
  last_lines: run.evidence?.lastLines ?? null,
  host: run.process?.host ?? null,
  phase: run.process?.phase ?? null,
  log_path: run.process?.logPath ?? null,
  usage: run.usage == null ? null : usageView(run.usage),
})

export const commentView = (comment: Comment) => ({
  id: comment.id,
  task_id: comment.taskId,
  author: comment.author,
  body: comment.body,
  created_at: comment.createdAt,
})

export const eventView = (event: BoardEvent) => ({
  id: event.id,
  task_id: event.taskId,
  run_id: event.runId,
  kind: event.kind,
  payload: event.payload,
  created_at: event.createdAt,
  actor: event.actor,
  door: event.door,
})

export const holdView = (hold: Hold) => ({
  scope: hold.scope,
  target: hold.target,
  kind: hold.kind,
  reason: hold.reason,
  actor: hold.actor,
  since: hold.since,
  until: hold.until,
})

export const reasonView = (reason: Reason) => ({
  kind: reason.kind,
  text: reason.text,
  owner: reason.owner,
  since: reason.since,
  until: reason.until,
  lift: reason.lift,
  blocked_by: reason.blockedBy ?? [],
})

export interface AttachmentFacts {
  readonly id: number
  readonly taskId: string
  readonly runId: number | null
  readonly name: string
  readonly size: number
  readonly digest: string
  readonly mime: string | null
  readonly createdAt: number
  readonly createdBy: string
}

export const attachmentView = (file: AttachmentFacts) => ({
  id: file.id,
  task_id: file.taskId,
  run_id: file.runId,
  name: file.name,
  size: file.size,
  digest: file.digest,
  mime: file.mime,
  created_at: file.createdAt,
  created_by: file.createdBy,
})

export interface LateReportFacts {
  readonly id: number
  readonly runId: number
  readonly taskId: string
  readonly verb: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly acceptedAt: number | null
}

const lateReportView = (report: LateReportFacts) => ({
  id: report.id,
  run_id: report.runId,
  task_id: report.taskId,
  verb: report.verb,
  payload: report.payload,
  created_at: report.createdAt,
  accepted_at: report.acceptedAt,
})

export interface WorkspaceFacts {
  readonly id: number
  readonly host: string
  readonly path: string
  readonly kind: string
  readonly taskId: string
  readonly runId: number | null
  readonly state: string
  readonly repository: string | null
  readonly branch: string | null
  readonly reason: string | null
  readonly createdAt: number
  readonly releasedAt: number | null
  readonly trashedAt: number | null
  readonly trashPath: string | null
}

export const workspaceView = (workspace: WorkspaceFacts) => ({
  id: workspace.id,
  host: workspace.host,
  path: workspace.path,
  kind: workspace.kind,
  task_id: workspace.taskId,
  run_id: workspace.runId,
  state: workspace.state,
  repository: workspace.repository,
  branch: workspace.branch,
  reason: workspace.reason,
  created_at: workspace.createdAt,
  released_at: workspace.releasedAt,
  trashed_at: workspace.trashedAt,
  trash_path: workspace.trashPath,
})

export interface SubscriptionFacts {
  readonly taskId: string
  readonly platform: string
  readonly chatId: string
  readonly threadId: string
  readonly userId: string | null
  readonly createdAt: number
  readonly lastEventId: number
}

export const subscriptionView = (subscription: SubscriptionFacts) => ({
  task_id: subscription.taskId,
  platform: subscription.platform,
  chat_id: subscription.chatId,
  thread_id: subscription.threadId,
  user_id: subscription.userId,
  created_at: subscription.createdAt,
  last_event_id: subscription.lastEventId,
})

export const linkedTaskView = (task: {
  readonly id: string
  readonly title: string
  readonly status: TaskStatus
  readonly completedAt: number | null
}) => ({ id: task.id, title: task.title, status: task.status, completed_at: task.completedAt })

export interface TaskDetailFacts {
  readonly task: Task
  readonly parents: readonly { readonly id: string }[]
  readonly children: readonly { readonly id: string }[]
  readonly comments: readonly Comment[]
  readonly mail: readonly {
    readonly runId: number
    readonly heard: number
    readonly wrote: readonly number[]
  }[]
  readonly runs: readonly RunWithEvidence[]
  readonly events: readonly BoardEvent[]
  readonly holds: readonly Hold[]
  readonly attachments: readonly AttachmentFacts[]
  readonly lateReports: readonly LateReportFacts[]
  readonly workspaces: readonly WorkspaceFacts[]
  readonly attempts: LedgerTotals
  readonly usage: Amounts
}

/** The first run whose worker was told of a comment; null while none was. */
export const reachedRun = (mail: TaskDetailFacts['mail'], commentId: number): number | null =>
  mail.find(({ heard, wrote }) => heard >= commentId && !wrote.includes(commentId))?.runId ?? null

/** Everything about one card: `task, comments, events, links, runs`, and what we have beside them. */
export const taskDetailView = (details: TaskDetailFacts) => {
  const parents = details.parents.map(({ id }) => id)
  const children = details.children.map(({ id }) => id)
  return {
    task: taskView(details.task),
    parents,
    children,
    links: { parents, children },
    comments: details.comments.map((comment) => ({
      ...commentView(comment),
      delivered_run_id: reachedRun(details.mail, comment.id),
    })),
    events: details.events.map(eventView),
    runs: details.runs.map(runView),
    holds: details.holds.map(holdView),
    attachments: details.attachments.map(attachmentView),
    late_reports: details.lateReports.map(lateReportView),
    workspaces: details.workspaces.map(workspaceView),
    attempts: details.attempts,
    usage: usageView(details.usage),
  }
}

type Counts = Readonly<Partial<Record<TaskStatus, number>>>

export interface StatsFacts {
  readonly byStatus: Counts
  /** `''` stands for nobody. */
  readonly byAssignee: ReadonlyMap<string, Counts>
  readonly oldestReadyAgeSeconds: number | null
}

export const statsView = (stats: StatsFacts) => ({
  by_status: stats.byStatus,
  by_assignee: Object.fromEntries(stats.byAssignee),
  oldest_ready_age_seconds: stats.oldestReadyAgeSeconds,
})

/** Everybody who can be given cards (`profiles`), and everybody who has some. */
export const assigneeViews = ({ byAssignee }: StatsFacts, profiles: readonly string[]) =>
  [...new Set([...profiles, ...[...byAssignee.keys()].filter(Boolean)])]
    .toSorted()
    .map((name) => ({ name, on_disk: profiles.includes(name), counts: byAssignee.get(name) ?? {} }))

export interface WorkerContextFacts {
  readonly version: number
  readonly task: Task
  readonly helps: {
    readonly id: string
    readonly title: string
    readonly body: string | null
    readonly createdBy: string | null
  } | null
  readonly attempts: readonly { readonly run: Run; readonly lastLines: string | null }[]
  readonly olderAttempts: number
  readonly parents: readonly {
    readonly id: string
    readonly title: string
    readonly status: string
    readonly finishedAt: number | null
    readonly summary: string | null
    readonly metadata: Readonly<Record<string, unknown>> | null
    readonly result: string | null
  }[]
  readonly recentRuns: readonly Run[]
  readonly comments: readonly Comment[]
  readonly olderComments: number
  readonly budgets: readonly BudgetState[]
  readonly readAt: number
}

/** What a worker is told about its card. */
export const workerContextView = (context: WorkerContextFacts) => ({
  version: context.version,
  task: taskView(context.task),
  helps:
    context.helps === null
      ? null
      : {
          id: context.helps.id,
          title: context.helps.title,
          body: context.helps.body,
          created_by: context.helps.createdBy,
        },
  attempts: context.attempts.map(({ run, lastLines }) => ({ ...runView(run), last_lines: lastLines })),
  older_attempts: context.olderAttempts,
  parents: context.parents.map((parent) => ({
    id: parent.id,
    title: parent.title,
    status: parent.status,
    finished_at: parent.finishedAt,
    summary: parent.summary,
    metadata: parent.metadata,
    result: parent.result,
  })),
  recent_runs: context.recentRuns.map(runView),
  comments: context.comments.map(commentView),
  older_comments: context.olderComments,
  budgets: context.budgets.map(budgetView),
  read_at: context.readAt,
})

export interface ProposalsFacts {
  readonly request: TriageRequest
  readonly subject: Task
  readonly helper: Task
  readonly isStale: boolean
  readonly cards: readonly {
    readonly id: string
    readonly title: string
    readonly assignee: string | null
    readonly status: TaskStatus
    readonly state: ProposalState
  }[]
}

/** What was proposed for a rough card, each time that help was asked for. */
export const proposalsView = ({ request, subject, helper, isStale, cards }: ProposalsFacts) => ({
  kind: request.kind,
  task_id: subject.id,
  helper_id: helper.id,
  helper_status: helper.status,
  profile: helper.assignee,
  asked: {
    title: request.asked.title,
    body: request.asked.body,
    at: request.asked.at,
    by: request.asked.by,
  },
  automatic: request.isAutomatic,
  stale: isStale,
  text:
    request.text === null
      ? null
      : {
          title: request.text.title,
          body: request.text.body,
          assignee: request.text.assignee,
          proposed_at: request.text.proposedAt,
          decision: request.decision?.was ?? null,
        },
  cards: cards.map(({ id, title, assignee, status, state }) => ({ id, title, assignee, status, state })),
})
