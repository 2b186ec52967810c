import { commentView, taskDetailView, taskView } from '../../contract/views.ts'
import { conflict, invalid } from '../../domain/errors.ts'
import type { TaskChange } from '../../kernel/change-task.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { CheckedInput } from '../../contract/operations/table.ts'
import { aboutTheBody } from '../about-the-body.ts'
import type { Handlers } from '../handler.ts'
import { problemOf } from '../refusal.ts'
import type { ServerServices } from '../services.ts'

export interface TasksDeps {
  readonly kernel: Kernel
  readonly services: ServerServices
}

const DEFAULT_LISTED = 1_000

export const taskHandlers = ({ kernel, services }: TasksDeps) =>
  ({
    async listTasks({ input: { status, assignee, tenant, archived, limit = DEFAULT_LISTED, offset = 0 } }) {
      const tasks = await kernel.listTasks({
        ...(status === undefined ? {} : { status }),
        ...(assignee === undefined ? {} : { assignee: assignee === 'none' ? null : assignee }),
        ...(tenant === undefined ? {} : { tenant }),
        archived: archived ?? false,
        limit: limit + 1,
        offset,
      })
      const hasMore = tasks.length > limit
      return { tasks: tasks.slice(0, limit).map(taskView), next_offset: hasMore ? offset + limit : null }
    },

    async createTask({ input, actor, caller }) {
      const { task, created } = await aboutTheBody(
        kernel.createTask(
          {
            title: input.title,
            body: input.body ?? null,
            assignee: input.assignee ?? null,
            tenant: input.tenant ?? null,
            priority: input.priority ?? null,
            workspaceKind: input.workspace_kind ?? null,
            workspacePath: input.workspace_path ?? null,
            parents: input.parents ?? [],
            triage: input.triage ?? false,
            idempotencyKey: input.idempotency_key ?? null,
            maxRuntimeSeconds: input.max_runtime_seconds ?? null,
            skills: input.skills ?? null,
            createdBy: input.created_by ?? null,
            hold: input.hold ?? null,
            notBefore: input.not_before ?? null,
          },
          actor,
        ),
      )
      if (!created && caller.kind === 'worker' && (await kernel.creatorOf(task.id)) !== caller.taskId)
        throw conflict(
          'key_taken',
          `Cannot create the task: ${task.id} has the same idempotency key, and no run of ${caller.taskId} created it. Nothing was changed. Give another key.`,
          { id: task.id, next: 'Give another idempotency_key.' },
        )
      const isWaiting = task.status === 'ready' && task.assignee !== null
      const warning = isWaiting ? await services.dispatcherLack() : null
      return { task: taskView(task), created, ...(warning === null ? {} : { warning }) }
    },

    getTask: async ({ input: { id } }) => taskDetailView(await kernel.showTask(id)),

    async updateTask({ input, actor }) {
      const { task, stopping } = await kernel.changeTask(input.id, changeOf(input), actor)
      return { task: taskView(task), ...(stopping ? { stopping } : {}) }
    },

    async bulkUpdate({ input: { ids, status, assignee, priority, archive }, actor }) {
      if (archive === true && status != null && status !== 'archived')
        throw invalid(
          'two_moves',
          `Cannot move tasks to ${status} and archive them in one request: which of the two comes last is not said. Ask for one, then for the other.`,
        )
      const to = archive === true ? 'archived' : status
      const wanted = changeOf({ status: to ?? null, assignee: assignee ?? null, priority: priority ?? null })
      const results = []
      for (const id of new Set(ids)) {
        try {
          const { stopping } = await kernel.changeTask(id, wanted, actor)
          results.push({ id, ok: true, ...(stopping ? { stopping } : {}) })
        } catch (error) {
          const problem = problemOf(error)
          if (problem === null) throw error
          results.push({ id, ok: false, error: problem.body.detail, code: problem.body.code })
        }
      }
      return { results }
    },

    async addComment({ input: { id, body, author }, actor }) {
      return { ok: true, comment: commentView(await kernel.commentTask(id, body, author ?? null, actor)) }
    },

    async addLink({ input: { parent_id, child_id }, actor }) {
      await aboutTheBody(kernel.linkTasks(parent_id, child_id, actor))
      return { ok: true }
    },

    async removeLink({ input: { parent_id, child_id }, actor }) {
      return { ok: await aboutTheBody(kernel.unlinkTasks(parent_id, child_id, actor)) }
    },
  }) satisfies Partial<Handlers>

/** Null and a name that is left out both mean: leave it as it is. */
function changeOf(input: Omit<CheckedInput<'updateTask'>, 'id'>): TaskChange {
  const { status, assignee, priority, title, body, result, summary, metadata, block_reason: reason } = input
  const isVerdict = status === 'done' || status === 'review'
  if (!isVerdict && (summary ?? metadata ?? null) !== null)
    throw invalid(
      'needs_status',
      'summary and metadata are said with the status done or review. Give one of these.',
    )
  if (status !== 'blocked' && (reason ?? null) !== null)
    throw invalid('needs_status', 'A block_reason is said with the status blocked. Give that as well.')
  return {
    ...(assignee === null || assignee === undefined ? {} : { assignee: assignee.trim() || null }),
    ...(status === null || status === undefined ? {} : { to: status }),
    details: {
      summary: summary ?? null,
      metadata: metadata ?? null,
      reason: reason ?? null,
      result: isVerdict ? (result ?? null) : null,
    },
    edit: {
      ...(priority === null || priority === undefined ? {} : { priority }),
      ...(title === null || title === undefined ? {} : { title }),
      ...(body === null || body === undefined ? {} : { body }),
      ...(isVerdict || result === null || result === undefined ? {} : { result }),
    },
  }
}
