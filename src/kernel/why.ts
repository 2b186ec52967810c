/** Why a card is not running: every reason with its owner, since when, until when, and the verb that lifts it. */
import { attemptsAllowed, attemptsLeft, attemptsUsed } from '../domain/attempts.ts'
import { holdReason } from '../domain/claim.ts'
import { BOARD_TARGET, isHolding, type Hold, type Reason } from '../domain/hold.ts'
import type { Task, TaskId } from '../domain/task.ts'
import type { Connection } from '../store/connection.ts'
import { lastEventOfKind } from '../store/tables/events.ts'
import { findHolds } from '../store/tables/holds.ts'
import { attemptsOfDay, ledgerTotals } from '../store/tables/ledger.ts'
import { findParents } from '../store/tables/links.ts'
import { countLive, findLingeringRun } from '../store/tables/run-processes.ts'
import { findStop } from '../store/tables/run-stops.ts'
import { findLease, findWorkspacesOf } from '../store/tables/workspaces.ts'
import { requireTask, type KernelDeps } from './deps.ts'

/** What only a door knows: the caps in force, and whether anybody dispatches. */
export interface WhyContext {
  readonly caps: { readonly board: number; readonly profile: number } | null
  readonly dispatcher: 'running' | 'absent' | 'unknown'
}

const plain = (kind: Reason['kind'], text: string, rest: Partial<Reason> = {}): Reason => ({
  kind,
  text,
  owner: null,
  since: null,
  until: null,
  lift: null,
  ...rest,
})

export async function why(
  { store, policy, host }: KernelDeps,
  id: TaskId,
  context: WhyContext,
): Promise<{ task: Task; reasons: Reason[] }> {
  const now = await store.now()
  return store.read(async (db) => {
    const task = await requireTask(db, id)
    return { task, reasons: await reasonsFor(db, task, now) }
  })

  async function reasonsFor(db: Connection, task: Task, at: number): Promise<Reason[]> {
    switch (task.status) {
      case 'running':
        return runningReasons(db, task)
      case 'done':
        return [plain('status', 'it is done', { since: task.completedAt })]
      case 'archived':
        return [plain('status', 'it is archived', { lift: `yard move ${task.id} ready` })]
      case 'triage':
        return [
          plain('status', 'it is a rough idea: nothing runs it before somebody specifies it', {
            lift: `yard move ${task.id} ready`,
          }),
        ]
      case 'review':
        return [
          plain('status', 'it waits for a reviewer who is not its author', {
            lift: `yard complete ${task.id}`,
          }),
        ]
      case 'blocked':
        return blockedReasons(db, task, at)
      case 'todo':
      case 'ready':
        return [
          ...(await parentReasons(db, task)),
          ...(await heldReasons(db, task, at)),
          ...(await admissionReasons(db, task, at)),
        ]
    }
  }

  async function runningReasons(db: Connection, task: Task): Promise<Reason[]> {
    const stop = task.currentRunId === null ? null : await findStop(db, task.currentRunId)
    return stop === null
      ? []
      : [
          plain('stopping', `run ${stop.runId} is being stopped: ${stop.reason}`, {
            owner: stop.actor,
            since: stop.requestedAt,
          }),
        ]
  }

  async function blockedReasons(db: Connection, task: Task, at: number): Promise<Reason[]> {
    const held = await heldReasons(db, task, at)
    if (held.length > 0) return held
    const event = await lastEventOfKind(db, task.id, 'blocked')
    return [
      plain('human', String(event?.payload['reason'] ?? 'it is blocked'), {
        owner: event?.actor ?? null,
        since: event?.createdAt ?? null,
        lift: `yard unblock ${task.id}`,
      }),
    ]
  }

  async function parentReasons(db: Connection, task: Task): Promise<Reason[]> {
    const open = (await findParents(db, task.id)).filter((parent) => parent.status !== 'done')
    return open.map((parent) =>
      parent.status === 'archived'
        ? plain('dependency', `its parent ${parent.id} was archived`, {
            owner: parent.id,
            lift: `yard unlink ${parent.id} ${task.id}`,
            blockedBy: [parent.id],
          })
        : plain(
            'dependency',
            `it waits for its parent ${parent.id} "${parent.title}", which is ${parent.status}`,
            { owner: parent.id, blockedBy: [parent.id] },
          ),
    )
  }

  async function heldReasons(db: Connection, task: Task, at: number): Promise<Reason[]> {
    const holds: Hold[] = [
      ...(await findHolds(db, 'task', task.id)),
      ...(await findHolds(db, 'board', BOARD_TARGET)),
      ...(task.assignee === null ? [] : await findHolds(db, 'profile', task.assignee)),
    ]
    return holds.filter((hold) => isHolding(hold, at) || hold.kind === 'preflight').map(holdReason)
  }

  async function admissionReasons(db: Connection, task: Task, at: number): Promise<Reason[]> {
    if (task.status !== 'ready') return []
    const reasons: Reason[] = []
    if (task.assignee === null)
      reasons.push(
        plain('unassigned', 'nobody is assigned to it', { lift: `yard assign ${task.id} <profile>` }),
      )
    const lingering = await findLingeringRun(db, task.id)
    if (lingering !== null)
      reasons.push(plain('stopping', `the processes of run ${lingering} are not proven gone yet`))
    const totals = await ledgerTotals(db, task.id)
    if (attemptsLeft(totals, policy()) <= 0) {
      reasons.push(
        plain(
          'breaker',
          `it has used ${attemptsUsed(totals)} of ${attemptsAllowed(totals, policy())} attempts`,
          { lift: `yard retry ${task.id} --attempts 1` },
        ),
      )
    }
    if (
      task.assignee !== null &&
      (await attemptsOfDay(db, task.assignee, at)) >= policy().maxAttemptsPerProfileAndDay
    ) {
      reasons.push(
        plain(
          'capacity',
          `profile ${task.assignee} has used its ${policy().maxAttemptsPerProfileAndDay} attempts of today`,
          { owner: task.assignee, until: (Math.floor(at / 86_400) + 1) * 86_400 },
        ),
      )
    }
    for (const workspace of await findWorkspacesOf(db, task.id)) {
      const lease = await findLease(db, host, workspace.path)
      if (lease !== undefined && lease.taskId !== task.id)
        reasons.push(
          plain('capacity', `its workspace ${lease.path} is leased by ${lease.taskId}`, {
            owner: lease.taskId,
            blockedBy: [lease.taskId],
          }),
        )
    }
    return [...reasons, ...(await capacityReasons(db, task)), ...dispatcherReasons()]
  }

  async function capacityReasons(db: Connection, task: Task): Promise<Reason[]> {
    if (context.caps === null || task.assignee === null) return []
    const running = await countLive(db)
    const total = [...running.values()].reduce((sum, count) => sum + count, 0)
    const mine = running.get(task.assignee) ?? 0
    if (total >= context.caps.board)
      return [
        plain(
          'capacity',
          `${total} cards run, and ${context.caps.board} is the board's cap (kanban.max_running)`,
        ),
      ]
    if (mine >= context.caps.profile)
      return [
        plain('capacity', `${mine} cards run for ${task.assignee}, and ${context.caps.profile} is its cap`, {
          owner: task.assignee,
        }),
      ]
    return []
  }

  function dispatcherReasons(): Reason[] {
    return context.dispatcher === 'absent'
      ? [plain('no_dispatcher', 'no gateway is running here to start it', { lift: 'yard gateway start' })]
      : []
  }
}
