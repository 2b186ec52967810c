/** Why a card is not running: every reason with its owner, since when, until when, and the verb that lifts it. */
import { budgetReason, ceiling, standing, type BudgetState } from '../domain/budget.ts'
import { dayReason, holdReason, lingeringReason, spentReason } from '../domain/claim.ts'
import { isHolding, reason, type Hold, type Reason } from '../domain/hold.ts'
import { isFinished, type Task, type TaskId } from '../domain/task.ts'
import type { Connection } from '../store/connection.ts'
import { findToldAt } from '../store/tables/budgets.ts'
import { lastEventOfKind } from '../store/tables/events.ts'
import { findHoldsOver } from '../store/tables/holds.ts'
import { findParents, type LinkedTask } from '../store/tables/links.ts'
import { findProviderOf } from '../store/tables/run-agents.ts'
import { countLive, findLingeringRun } from '../store/tables/run-processes.ts'
import { findStop } from '../store/tables/run-stops.ts'
import { findTriageRequests } from '../store/tables/triage.ts'
import { findLease, findWorkspacesOf } from '../store/tables/workspaces.ts'
import { attemptsOf, leasedReason, probeReason } from './claim-task.ts'
import { cardBudgets } from './budgets.ts'
import { probing } from './run-agent.ts'
import { waitingCards } from './settle-proposals.ts'
import { requireTask, type KernelDeps } from './deps.ts'

/** What only a door knows: the caps in force, and whether anybody dispatches. */
export interface WhyContext {
  readonly caps: { readonly board: number; readonly profile: number } | null
  readonly dispatcher: 'running' | 'absent' | 'unknown'
}

/** Gives the card with its reasons; none for a card that runs, or that the next pass starts. */
export async function why(
  deps: KernelDeps,
  id: TaskId,
  context: WhyContext,
): Promise<{ task: Task; reasons: Reason[] }> {
  const now = await deps.store.now()
  return deps.store.read(async (db) => {
    const task = await requireTask(db, id)
    return { task, reasons: await reasonsFor(deps, db, task, now, context) }
  })
}

async function reasonsFor(
  deps: KernelDeps,
  db: Connection,
  task: Task,
  now: number,
  context: WhyContext,
): Promise<Reason[]> {
  switch (task.status) {
    case 'running':
      return stopReasons(db, task)
    case 'done':
      return [reason('status', 'it is done', { since: task.completedAt })]
    case 'archived':
      return [reason('status', 'it is archived', { lift: `yard move ${task.id} ready` })]
    case 'triage':
      return triageReasons(db, task)
    case 'review':
      return [
        reason('status', 'it waits for a reviewer who is not its author', {
          lift: `yard complete ${task.id}`,
        }),
      ]
    case 'blocked':
      return blockedReasons(db, task, now)
    case 'todo':
      return [...(await parentReasons(db, task)), ...(await holdsInForce(db, task, now)).map(holdReason)]
    case 'ready':
      return [
        ...(await parentReasons(db, task)),
        ...(await holdsInForce(db, task, now)).map(holdReason),
        ...(await admissionReasons(deps, db, task, now)),
        ...(await capacityReasons(db, task, context)),
        ...dispatcherReasons(context),
      ]
  }
}

async function stopReasons(db: Connection, task: Task): Promise<Reason[]> {
  const stop = task.currentRunId === null ? null : await findStop(db, task.currentRunId)
  if (stop === null) return []
  return [
    reason('stopping', `run ${stop.runId} is being stopped: ${stop.reason}`, {
      owner: stop.actor,
      since: stop.requestedAt,
    }),
  ]
}

/** A preflight hold whose time has come is in force until its check passes. */
const holdsInForce = async (db: Connection, task: Task, now: number): Promise<Hold[]> =>
  (await findHoldsOver(db, task, await findProviderOf(db, task.assignee ?? ''))).filter(
    (hold) => isHolding(hold, now) || (hold.kind === 'preflight' && hold.scope === 'task'),
  )

async function blockedReasons(db: Connection, task: Task, now: number): Promise<Reason[]> {
  const holds = await holdsInForce(db, task, now)
  const reasons = holds.map(holdReason)
  return holds.some((hold) => hold.scope === 'task' && hold.kind !== 'pause')
    ? reasons
    : [await blockReason(db, task), ...reasons]
}

async function triageReasons(db: Connection, { id }: Task): Promise<Reason[]> {
  const reasons: Reason[] = []
  for (const { helperId, kind, text, decision } of await findTriageRequests(db, id)) {
    const helper = await requireTask(db, helperId)
    if (helper.status !== 'done' && helper.status !== 'archived')
      reasons.push(
        reason('status', `${helperId} is there to ${kind} it, and is ${helper.status}`, {
          owner: helper.assignee,
          blockedBy: [helperId],
          lift: `yard why ${helperId}`,
        }),
      )
    else if (text !== null && decision === null)
      reasons.push(
        reason('approval', 'a text that was proposed for it waits for a decision', {
          since: text.proposedAt,
          lift: `yard accept ${id}`,
        }),
      )
  }
  const waiting = await waitingCards(db, id)
  if (waiting.length > 0)
    reasons.push(
      reason(
        'approval',
        `${waiting.length === 1 ? 'a card that was' : `${waiting.length} cards that were`} proposed for it ${waiting.length === 1 ? 'waits' : 'wait'} for a decision`,
        { blockedBy: waiting.map((card) => card.id), lift: `yard release ${id}` },
      ),
    )
  const rough = reason(
    'status',
    `it is a rough idea, which nothing runs: have it worked out (yard specify ${id}, yard decompose ${id}), or make it work as it is`,
    {
      lift: `yard move ${id} ready`,
    },
  )
  return reasons.length === 0 ? [rough] : reasons
}

/** Of a card that was blocked on a board which kept no holds. */
async function blockReason(db: Connection, task: Task): Promise<Reason> {
  const event = await lastEventOfKind(db, task.id, 'blocked')
  const said = event?.payload['reason']
  return reason('human', typeof said === 'string' ? said : 'it is blocked', {
    owner: event?.actor ?? null,
    since: event?.createdAt ?? null,
    lift: `yard unblock ${task.id}`,
  })
}

async function parentReasons(db: Connection, task: Task): Promise<Reason[]> {
  return (await findParents(db, task.id))
    .filter((parent) => !isFinished(parent))
    .map((parent) => parentReason(parent, task))
}

const parentReason = ({ id, title, status }: LinkedTask, child: Task): Reason =>
  status === 'archived'
    ? reason('dependency', `its parent ${id} "${title}" was archived undone, so it would wait for ever`, {
        owner: id,
        blockedBy: [id],
        lift: `yard unlink ${id} ${child.id}`,
      })
    : reason('dependency', `it waits for its parent ${id} "${title}", which is ${status}`, {
        owner: id,
        blockedBy: [id],
      })

async function admissionReasons(
  { policy, host }: KernelDeps,
  db: Connection,
  task: Task,
  now: number,
): Promise<Reason[]> {
  const lingering = await findLingeringRun(db, task.id)
  const attempts = await attemptsOf(db, task, policy(task.assignee), now)
  return [
    task.assignee === null
      ? reason('unassigned', 'nobody is assigned to it', { lift: `yard assign ${task.id} <profile>` })
      : null,
    lingering === null ? null : lingeringReason(lingering),
    spentReason(task, attempts),
    dayReason(task, attempts, now),
    ...(await budgetReasons(policy, db, task, now)),
    ...(await leaseReasons(db, task, host)),
    ...(await probeReasons(db, task, now)),
  ].filter((found) => found !== null)
}

async function budgetReasons(
  policy: KernelDeps['policy'],
  db: Connection,
  task: Task,
  now: number,
): Promise<Reason[]> {
  const states = await cardBudgets({ policy }, db, task, now)
  const reasons: Reason[] = []
  for (const state of states.filter((each) => standing(each) === 'reached'))
    reasons.push(budgetReason(state, await reachedAt(db, state)))
  return reasons
}

const reachedAt = (db: Connection, state: BudgetState): Promise<number | null> =>
  findToldAt(db, state, {
    level: 'hard',
    limit: ceiling(state) ?? 0,
    periodStart: state.periodStart / 86_400,
  })

async function probeReasons(db: Connection, { assignee }: Task, now: number): Promise<Reason[]> {
  const provider = assignee === null ? undefined : await findProviderOf(db, assignee)
  if (assignee === null || provider === undefined) return []
  const probe = await probing(db, { provider, profile: assignee }, now)
  return probe === null ? [] : [probeReason(probe)]
}

/** Looks at the folder it asks for and at those it has worked in; only a dispatcher can tell where a card will work. */
async function leaseReasons(db: Connection, task: Task, host: string): Promise<Reason[]> {
  const known = (await findWorkspacesOf(db, task.id)).map((workspace) => workspace.path)
  const paths = new Set([...(task.workspacePath === null ? [] : [task.workspacePath]), ...known])
  const reasons: Reason[] = []
  for (const path of paths) {
    const lease = await findLease(db, host, path)
    if (lease !== undefined && lease.taskId !== task.id) reasons.push(leasedReason(lease))
  }
  return reasons
}

async function capacityReasons(db: Connection, { assignee }: Task, { caps }: WhyContext): Promise<Reason[]> {
  if (caps === null || assignee === null) return []
  const live = await countLive(db)
  const total = [...live.values()].reduce((sum, count) => sum + count, 0)
  const mine = live.get(assignee) ?? 0
  if (total >= caps.board)
    return [
      reason('capacity', `${total} cards run, and ${caps.board} is the board's cap (kanban.max_running)`),
    ]
  if (mine >= caps.profile)
    return [
      reason('capacity', `${mine} cards run for ${assignee}, and ${caps.profile} is its cap`, {
        owner: assignee,
      }),
    ]
  return []
}

const dispatcherReasons = ({ dispatcher }: WhyContext): Reason[] =>
  dispatcher === 'absent'
    ? [reason('no_dispatcher', 'no gateway is running here to start it', { lift: 'yard gateway start' })]
    : []
