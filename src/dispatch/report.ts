/** What one pass did, or on a dry run would do. */
export interface PassReport {
  spawned: { task_id: string; assignee: string; workspace: string }[]
  skipped_unassigned: string[]
  reclaimed: string[]
  promoted: string[]
  crashed: string[]
  timed_out: string[]
  auto_blocked: string[]
  preflight_failed: { task_id: string; problem: string }[]
  /** Runs that were found alive and are watched from now on. */
  adopted: number[]
  /** Ready cards that were looked at and must wait, with the reason. */
  waiting: { task_id: string; reason: string }[]
}

export const emptyReport = (): PassReport => ({
  spawned: [],
  skipped_unassigned: [],
  reclaimed: [],
  promoted: [],
  crashed: [],
  timed_out: [],
  auto_blocked: [],
  preflight_failed: [],
  adopted: [],
  waiting: [],
})
