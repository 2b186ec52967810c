/** What a new card must look like, and where it starts. */
import type { EventDraft } from './event.ts'
import { invalid } from './errors.ts'
import type { HoldDraft } from './hold.ts'
import {
  WORKSPACE_KINDS,
  type Seconds,
  type Task,
  type TaskId,
  type TaskStatus,
  type WorkspaceKind,
} from './task.ts'
import { MAX, storable, storableOrNull } from './text.ts'

export interface NewTask {
  readonly title: string
  readonly body?: string | null
  readonly assignee?: string | null
  readonly parents?: readonly TaskId[]
  readonly tenant?: string | null
  readonly workspaceKind?: string | null
  readonly workspacePath?: string | null
  readonly priority?: number | null
  readonly triage?: boolean
  readonly idempotencyKey?: string | null
  readonly maxRuntimeSeconds?: number | null
  readonly skills?: readonly string[] | null
  readonly createdBy?: string | null
  /** Not before this moment, in unix seconds. */
  readonly notBefore?: Seconds | null
  /** Born held: nothing runs it until a person unblocks it. */
  readonly hold?: string | null
  /** Born as a proposal, with what a person must agree to before anything runs it. */
  readonly approval?: string | null
}

/** A new card, checked and normalised; what is left to know is its id and whether its parents are finished. */
export interface CheckedTask extends Required<Omit<NewTask, 'workspaceKind' | 'skills' | 'parents'>> {
  readonly priority: number
  readonly workspaceKind: WorkspaceKind
  readonly skills: readonly string[] | null
  readonly parents: readonly TaskId[]
}

/** Names are shown in tables, used in file names and typed by people: no white space inside, no control characters. */
export function checkName(value: string | null | undefined, field: string): string | null {
  const name = value?.trim() ?? ''
  if (name === '') return null
  storable(name, field, MAX.name)
  if (/[\s\p{Cc}]/u.test(name))
    throw invalid(
      'bad_name',
      `The ${field} ${JSON.stringify(name)} holds white space. Use letters, digits, - and _.`,
      { field, value: name },
    )
  return name
}

export function checkSkills(skills: readonly string[] | null | undefined): readonly string[] | null {
  if (skills === null || skills === undefined) return null
  const names = skills.map((skill) => skill.trim()).filter(Boolean)
  const bad = names.find((skill) => skill.includes(','))
  if (bad !== undefined)
    throw invalid(
      'bad_skill',
      `The skill name ${JSON.stringify(bad)} holds a comma. Give one skill at a time: --skill a --skill b`,
      { skill: bad },
    )
  return [...new Set(names.map((skill) => storable(skill, 'skill', MAX.name)))]
}

function checkWorkspace(
  kind: string | null | undefined,
  path: string | null | undefined,
): { workspaceKind: WorkspaceKind; workspacePath: string | null } {
  const known = WORKSPACE_KINDS.find((name) => name === (kind ?? 'scratch'))
  if (known === undefined)
    throw invalid(
      'unknown_workspace',
      `There is no workspace kind ${JSON.stringify(kind)}. Use scratch, worktree[:<path>] or dir:<absolute path>.`,
      { kind },
    )
  const workspacePath = storableOrNull(path?.trim() || null, 'workspace path', MAX.path)
  if (known === 'scratch' && workspacePath !== null)
    throw invalid(
      'bad_workspace',
      `A scratch workspace takes no path, and ${JSON.stringify(workspacePath)} was given. Use dir:${workspacePath} to work in a folder of yours.`,
      { path: workspacePath },
    )
  if (known === 'dir' && workspacePath === null)
    throw invalid('bad_workspace', 'A dir workspace needs a folder. Write dir:<absolute path>.')
  if (workspacePath !== null && !isAbsolute(workspacePath)) {
    throw invalid(
      'relative_workspace',
      `The workspace path ${JSON.stringify(workspacePath)} is relative. Give the absolute path, for example ${known}:/home/me/project.`,
      { path: workspacePath },
    )
  }
  return { workspaceKind: known, workspacePath }
}

// Written out rather than taken from node:path, because the browser checks forms with this file too.
const isAbsolute = (path: string): boolean => path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)

export function checkTitle(title: string): string {
  const trimmed = storable(title, 'title', MAX.title).trim()
  if (trimmed === '')
    throw invalid('empty_title', 'A card needs a title, and this one is empty. Give it a few words.')
  return trimmed
}

export function checkPriority(priority: number | null | undefined): number {
  const value = priority ?? 0
  if (!Number.isSafeInteger(value) || Math.abs(value) > 1_000_000)
    throw invalid(
      'bad_priority',
      `The priority ${value} is not a whole number between -1000000 and 1000000.`,
      { priority: value },
    )
  return value
}

export function checkMaxRuntime(seconds: number | null | undefined): number | null {
  if (seconds === null || seconds === undefined) return null
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > 365 * 86_400) {
    throw invalid(
      'bad_max_runtime',
      `The run time limit ${seconds} is not a whole number of seconds between 1 and one year. Write for example 30m, 2h or 1d.`,
      { seconds },
    )
  }
  return seconds
}

/** The end of the year 9999, the last that has a usual way to be written. */
export const LAST_SECOND = 253_402_300_799

function checkStartTime(seconds: number | null | undefined): Seconds | null {
  if (seconds === null || seconds === undefined) return null
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > LAST_SECOND) {
    throw invalid(
      'bad_time',
      `The start time ${seconds} is not a whole number of seconds since 1970. Write for example 2030-01-31T09:00:00Z.`,
      { notBefore: seconds },
    )
  }
  return seconds
}

export function checkNewTask(task: NewTask): CheckedTask {
  const parents = [...new Set((task.parents ?? []).map((id) => id.trim()).filter(Boolean))]
  return {
    title: checkTitle(task.title),
    body: storableOrNull(task.body, 'body', MAX.body),
    assignee: checkName(task.assignee, 'assignee'),
    parents,
    tenant: checkName(task.tenant, 'tenant'),
    ...checkWorkspace(task.workspaceKind, task.workspacePath),
    priority: checkPriority(task.priority),
    triage: task.triage ?? false,
    idempotencyKey: storableOrNull(task.idempotencyKey?.trim() || null, 'idempotency key', MAX.key),
    maxRuntimeSeconds: checkMaxRuntime(task.maxRuntimeSeconds),
    skills: checkSkills(task.skills),
    createdBy: storableOrNull(task.createdBy?.trim() || null, 'creator', MAX.name),
    notBefore: checkStartTime(task.notBefore),
    hold: storableOrNull(task.hold?.trim() || null, 'hold', MAX.reason),
    approval: storableOrNull(task.approval?.trim() || null, 'approval', MAX.reason),
  }
}

export interface Birth {
  readonly task: Task
  readonly events: readonly EventDraft[]
  readonly holds: readonly HoldDraft[]
}

/** Where a checked card starts, with the event and holds that belong to its birth. */
export function birth(
  id: TaskId,
  checked: CheckedTask,
  { now, openParents, creator }: { now: Seconds; openParents: number; creator: string },
): Birth {
  const waitsForTime = checked.notBefore !== null && checked.notBefore > now
  const status: TaskStatus = checked.triage
    ? 'triage'
    : checked.hold !== null || checked.approval !== null
      ? 'blocked'
      : openParents > 0 || waitsForTime
        ? 'todo'
        : 'ready'
  const holds: HoldDraft[] = []
  if (checked.hold !== null) holds.push({ scope: 'task', target: id, kind: 'human', reason: checked.hold })
  if (checked.approval !== null)
    holds.push({ scope: 'task', target: id, kind: 'approval', reason: checked.approval })
  if (waitsForTime)
    holds.push({
      scope: 'task',
      target: id,
      kind: 'time',
      reason: 'not before its start time',
      until: checked.notBefore,
    })
  const {
    title,
    body,
    assignee,
    priority,
    tenant,
    workspaceKind,
    workspacePath,
    idempotencyKey,
    maxRuntimeSeconds,
    skills,
    parents,
  } = checked
  return {
    task: {
      id,
      title,
      body,
      assignee,
      status,
      priority,
      tenant,
      workspaceKind,
      workspacePath,
      idempotencyKey,
      maxRuntimeSeconds,
      skills,
      createdBy: checked.createdBy ?? creator,
      createdAt: now,
      startedAt: null,
      completedAt: null,
      claimLock: null,
      claimExpires: null,
      result: null,
      spawnFailures: 0,
      workerPid: null,
      lastSpawnError: null,
      lastHeartbeatAt: null,
      currentRunId: null,
      workflowTemplateId: null,
      currentStepKey: null,
    },
    events: [
      { kind: 'created', payload: { assignee, status, parents, tenant, skills } },
      ...(checked.hold === null ? [] : [{ kind: 'blocked', payload: { reason: checked.hold } } as const]),
    ],
    holds,
  }
}
