/** The card: what a person or an orchestrating agent asked for, and where it stands. */

/** Every status a task can have, in the order the board shows its columns. */
export const TASK_STATUSES = [
  'triage',
  'todo',
  'ready',
  'running',
  'blocked',
  'review',
  'done',
  'archived',
] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

export const WORKSPACE_KINDS = ['scratch', 'dir', 'worktree'] as const
export type WorkspaceKind = (typeof WORKSPACE_KINDS)[number]

/** `t_` and lowercase hex, unique over all boards of an installation with overwhelming likelihood. */
export type TaskId = string

/** A whole number of seconds since 1970-01-01 UTC. */
export type Seconds = number

export interface Task {
  readonly id: TaskId
  readonly title: string
  readonly body: string | null
  /** The profile that is to do the work; null until someone decides. */
  readonly assignee: string | null
  readonly status: TaskStatus
  /** Higher runs first. */
  readonly priority: number
  readonly createdBy: string | null
  readonly createdAt: Seconds
  readonly startedAt: Seconds | null
  readonly completedAt: Seconds | null
  readonly workspaceKind: WorkspaceKind
  readonly workspacePath: string | null
  /** `host:…` of whoever holds the claim. */
  readonly claimLock: string | null
  readonly claimExpires: Seconds | null
  readonly tenant: string | null
  readonly result: string | null
  readonly idempotencyKey: string | null
  /** Starts that failed in a row; a start that succeeds sets it back to 0. */
  readonly spawnFailures: number
  readonly workerPid: number | null
  readonly lastSpawnError: string | null
  readonly maxRuntimeSeconds: number | null
  readonly lastHeartbeatAt: Seconds | null
  /** The open run; a number exactly while the status is `running`. */
  readonly currentRunId: number | null
  /** Reserved: stored and returned, not used for routing. */
  readonly workflowTemplateId: string | null
  /** Reserved: stored and returned, not used for routing. */
  readonly currentStepKey: string | null
  readonly skills: readonly string[] | null
}

export interface Comment {
  readonly id: number
  readonly taskId: TaskId
  readonly author: string
  readonly body: string
  readonly createdAt: Seconds
}

/** Whether the children that wait for the card may go on. Archiving is only filing: what was done before stays finished. */
export const isFinished = ({ status, completedAt }: Pick<Task, 'status' | 'completedAt'>): boolean =>
  status === 'done' || (status === 'archived' && completedAt !== null)
