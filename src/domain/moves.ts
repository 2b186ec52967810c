/** What people do to cards that are not running: unblock, assign, archive, take up again, edit. */
import { checkMaxRuntime, checkName, checkPriority, checkSkills, checkTitle } from './create.ts'
import { change, type Change, type TaskFields } from './change.ts'
import { assignedEvent, editedEvent, type EventDraft } from './event.ts'
import { conflict, invalid } from './errors.ts'
import { isHolding, type Hold, type HoldKind } from './hold.ts'
import type { Seconds, Task, TaskStatus } from './task.ts'
import { MAX, storableOrNull } from './text.ts'
import { assertCan, nextStep } from './transitions.ts'

export interface WaitFacts {
  readonly now: Seconds
  readonly openParents: number
  /** Holds on the card itself that were not lifted. */
  readonly holds: readonly Hold[]
}

/** Where a card waits when no person holds it: `todo` for a parent or a time, else `ready`. */
export const waitingPlace = ({ now, openParents, holds }: WaitFacts): 'todo' | 'ready' =>
  openParents > 0 || holds.some((hold) => hold.kind === 'time' && isHolding(hold, now)) ? 'todo' : 'ready'

/** Where a card goes that comes from a place of its own: one that a person holds is blocked, so that unblocking frees it. */
const restingPlace = (facts: WaitFacts): 'todo' | 'ready' | 'blocked' =>
  facts.holds.some(
    (hold) => (hold.kind === 'human' || hold.kind === 'approval') && isHolding(hold, facts.now),
  )
    ? 'blocked'
    : waitingPlace(facts)

export function unblock(task: Task, facts: WaitFacts): Change {
  assertCan('unblock', task, 'unblock')
  const breaker = facts.holds.find((hold) => hold.kind === 'breaker' && isHolding(hold, facts.now))
  if (breaker !== undefined) {
    throw conflict(
      'breaker_open',
      `Cannot unblock ${task.id}: ${breaker.reason}. Grant it more attempts with: yard retry ${task.id} --attempts 1`,
      { id: task.id, reason: breaker.reason },
    )
  }
  return change(
    task,
    { verb: 'unblock', to: waitingPlace(facts) },
    {
      set: { spawnFailures: 0 },
      events: [{ kind: 'unblocked' }],
      liftHolds: ['human', 'approval', 'preflight', 'cooldown'],
    },
  )
}

const LIFTED_BY_RETRY: readonly HoldKind[] = ['human', 'approval', 'breaker', 'preflight', 'cooldown']

/**
 * A person wants another attempt now: waits end, a breaker closes, and `attempts` more are granted. A done card is taken up
 * again. Null when there is nothing to do.
 */
export function retry(task: Task, attempts: number, facts: WaitFacts): Change | null {
  if (!Number.isSafeInteger(attempts) || attempts < 0 || attempts > 1_000)
    throw invalid('bad_attempts', `Cannot grant ${attempts} attempts: give a whole number from 0 to 1000.`, {
      attempts,
    })
  const shared = {
    set: { spawnFailures: 0, lastSpawnError: null },
    liftHolds: LIFTED_BY_RETRY,
    ...(attempts > 0 ? { ledger: [{ kind: 'grant' as const, amount: attempts, reason: 'retry' }] } : {}),
  }
  const granted: EventDraft[] = attempts > 0 ? [{ kind: 'granted', payload: { attempts } }] : []
  const place = waitingPlace(facts)
  switch (task.status) {
    case 'blocked':
      return change(
        task,
        { verb: 'unblock', to: place },
        { ...shared, events: [...granted, { kind: 'unblocked' }] },
      )
    case 'done':
      return change(
        task,
        { verb: 'reopen', to: place },
        {
          ...shared,
          set: { ...shared.set, completedAt: null },
          events: [...granted, { kind: 'status', payload: { status: place } }],
        },
      )
    case 'ready':
    case 'todo': {
      const lifted = facts.holds.map(({ kind }) => kind).filter((kind) => LIFTED_BY_RETRY.includes(kind))
      if (lifted.length === 0 && attempts === 0) return null
      return change(task, null, {
        ...shared,
        events: [
          ...granted,
          ...(lifted.length === 0 ? [] : [{ kind: 'released', payload: { holds: lifted } } as const]),
        ],
      })
    }
    case 'triage':
    case 'running':
    case 'review':
    case 'archived':
      throw conflict('wrong_status', `Cannot retry ${task.id}: it is ${task.status}. ${nextStep(task)}`, {
        id: task.id,
        status: task.status,
      })
  }
}

export function archive(task: Task): Change {
  assertCan('archive', task, 'archive')
  return change(
    task,
    { verb: 'archive', to: 'archived' },
    {
      set: { claimLock: null, claimExpires: null, workerPid: null },
      ...(task.currentRunId === null
        ? {}
        : { closeRun: { outcome: 'reclaimed' as const, error: 'archived while it was claimed' } }),
      events: [{ kind: 'archived', payload: { from: task.status } }],
    },
  )
}

/** `from` is the status the card had when it was archived; null when the board does not know any more. */
export function restore(task: Task, from: TaskStatus | null, facts: WaitFacts): Change {
  assertCan('restore', task, 'restore')
  const back = placeBefore(task, from, facts)
  return change(
    task,
    { verb: 'restore', to: back },
    { events: [{ kind: 'restored', payload: { status: back } }] },
  )
}

function placeBefore(task: Task, from: TaskStatus | null, facts: WaitFacts) {
  if (task.completedAt !== null || from === 'done') return 'done'
  switch (from) {
    case 'triage':
    case 'blocked':
    case 'review':
      return from
    case 'todo':
    case 'ready':
    case 'running':
      return restingPlace(facts)
    // Nothing runs it before somebody says so: it may have been an idea, or held.
    case 'archived':
    case null: {
      const place = restingPlace(facts)
      return place === 'blocked' ? place : 'triage'
    }
  }
}

export function specify(task: Task, facts: WaitFacts): Change {
  assertCan('specify', task, 'move out of triage')
  const to = restingPlace(facts)
  return change(task, { verb: 'specify', to }, { events: [{ kind: 'status', payload: { status: to } }] })
}

export function shelve(task: Task): Change {
  assertCan('shelve', task, 'move back to triage')
  return change(
    task,
    { verb: 'shelve', to: 'triage' },
    {
      events: [{ kind: 'status', payload: { status: 'triage' } }],
      liftHolds: ['cooldown', 'preflight', 'human'],
    },
  )
}

/** Takes finished work up again. */
export function reopen(task: Task, facts: WaitFacts): Change {
  assertCan('reopen', task, 'reopen')
  const to = waitingPlace(facts)
  return change(
    task,
    { verb: 'reopen', to },
    { set: { completedAt: null }, events: [{ kind: 'status', payload: { status: to } }] },
  )
}

/** Null when it is assigned so already. */
export function assign(task: Task, assignee: string | null): Change | null {
  const name = checkName(assignee, 'assignee')
  if (task.status === 'running') {
    throw conflict(
      'task_running',
      `Cannot assign ${task.id}: it is running for ${task.assignee ?? 'nobody'}. Stop the run first with: yard stop ${task.id}`,
      { id: task.id },
    )
  }
  if (name === task.assignee) return null
  return change(task, null, {
    set: { assignee: name, spawnFailures: 0, lastSpawnError: null },
    events: [assignedEvent(task, name)],
    liftHolds: ['cooldown'],
  })
}

export interface TaskEdit {
  readonly title?: string
  readonly body?: string | null
  readonly priority?: number
  readonly tenant?: string | null
  readonly result?: string | null
  readonly maxRuntimeSeconds?: number | null
  readonly skills?: readonly string[] | null
}

/** Null when nothing would change. */
export function edit(task: Task, wanted: TaskEdit): Change | null {
  const set: TaskFields = {}
  if (wanted.title !== undefined) set.title = checkTitle(wanted.title)
  if (wanted.body !== undefined) set.body = storableOrNull(wanted.body, 'body', MAX.body)
  if (wanted.tenant !== undefined) set.tenant = checkName(wanted.tenant, 'tenant')
  if (wanted.result !== undefined) set.result = storableOrNull(wanted.result, 'result', MAX.result)
  if (wanted.maxRuntimeSeconds !== undefined)
    set.maxRuntimeSeconds = checkMaxRuntime(wanted.maxRuntimeSeconds)
  if (wanted.skills !== undefined) set.skills = checkSkills(wanted.skills)
  if (wanted.priority !== undefined) set.priority = checkPriority(wanted.priority)
  const fields = (Object.keys(set) as (keyof TaskFields)[]).filter(
    (field) => JSON.stringify(set[field]) !== JSON.stringify(task[field]),
  )
  if (fields.length === 0) return null
  const events: EventDraft[] = []
  const edited = fields.filter((field) => field !== 'priority')
  if (edited.length > 0) events.push(editedEvent(task, edited.map(snakeCase)))
  if (fields.includes('priority')) events.push({ kind: 'reprioritized', payload: { priority: set.priority } })
  return change(task, null, { set, events })
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
