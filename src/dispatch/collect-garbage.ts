/** Removes what is past its time: events, logs, workspaces of finished cards, trash, files no card names. Only what is ours. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkspaceOwner } from '../kernel/retention.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { HomePaths } from '../lib/paths.ts'
import { attachmentStore } from '../workspaces/attachment-store.ts'
import { emptyTrash, moveToTrash } from '../workspaces/trash.ts'

export interface RetentionDays {
  readonly events: number
  readonly logs: number
  readonly trash: number
  /** How long the workspace of a finished card stays where it is. */
  readonly doneWorkspaces: number
}

export interface GarbageDeps {
  readonly kernel: Kernel
  readonly paths: HomePaths
  readonly boardId: string
}

export interface GarbageReport {
  events_removed: number
  logs_removed: number
  log_bytes_removed: number
  workspaces_trashed: number
  workspaces_kept: number
  trash_removed: number
  trash_bytes_removed: number
  attachments_removed: number
  attachment_bytes_removed: number
  /** Folders that stay although their time is up, with the reason. */
  kept: { path: string; reason: string }[]
}

const DAY = 86_400
/** A file that was stored for a completion under way is not named by any card yet. */
const ATTACHMENT_GRACE_SECONDS = DAY

/** `now`: unix seconds. */
export async function collectGarbage(
  { kernel, paths, boardId }: GarbageDeps,
  days: RetentionDays,
  now: number,
): Promise<GarbageReport> {
  const report: GarbageReport = {
    events_removed: await kernel.forgetEvents(now - days.events * DAY),
    logs_removed: 0,
    log_bytes_removed: 0,
    workspaces_trashed: 0,
    workspaces_kept: 0,
    trash_removed: 0,
    trash_bytes_removed: 0,
    attachments_removed: 0,
    attachment_bytes_removed: 0,
    kept: [],
  }
  await removeOldLogs({ kernel, paths }, now - days.logs * DAY, report)
  removeOldSnapshots(paths, now - days.logs * DAY)
  for (const owned of await kernel.workspacesWithOwners())
    await retire({ kernel, paths, boardId }, owned, now - days.doneWorkspaces * DAY, now, report)
  const trash = await emptyTrash({ trashRoot: paths.trash, boardId, retentionSeconds: days.trash * DAY, now })
  report.trash_removed = trash.removed
  report.trash_bytes_removed = trash.bytes
  for (const { name, reason } of trash.refused) report.kept.push({ path: join(paths.trash, name), reason })
  const attachments = await attachmentStore(paths.attachments).removeUnreferenced(
    await kernel.keptDigests(),
    now - ATTACHMENT_GRACE_SECONDS,
  )
  report.attachments_removed = attachments.removed
  report.attachment_bytes_removed = attachments.bytes
  return report
}

/** Kept as long as the logs of the runs they belong to. */
function removeOldSnapshots({ snapshots }: HomePaths, before: number): void {
  for (const name of namesIn(snapshots)) {
    const folder = join(snapshots, name)
    if ((statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) / 1000 < before)
      rmSync(folder, { recursive: true, force: true })
  }
}

async function removeOldLogs(
  { kernel, paths }: Pick<GarbageDeps, 'kernel' | 'paths'>,
  before: number,
  report: GarbageReport,
): Promise<void> {
  const folder = paths.runLogs
  const open = new Set((await kernel.listLiveRuns()).map((process) => process.logPath))
  for (const name of namesIn(folder)) {
    const file = join(folder, name)
    const stat = statSync(file, { throwIfNoEntry: false })
    if (
      stat === undefined ||
      !stat.isFile() ||
      stat.mtimeMs / 1000 >= before ||
      open.has(file.replace(/(?:\.jsonl)?(?:\.1)?$/, ''))
    )
      continue
    rmSync(file, { force: true })
    report.logs_removed++
    report.log_bytes_removed += stat.size
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

async function retire(
  { kernel, paths, boardId }: GarbageDeps,
  { workspace, task }: WorkspaceOwner,
  before: number,
  now: number,
  report: GarbageReport,
): Promise<void> {
  if (workspace.state !== 'kept' || workspace.kind === 'dir' || workspace.host !== kernel.deps.host) return
  if (task !== null && task.status !== 'archived' && task.status !== 'done') return
  // A workspace that was taken out of the trash has its time once more.
  const finishedAt = Math.max(task?.completedAt ?? 0, workspace.releasedAt ?? 0) || now
  if (finishedAt > before) return
  if (statSync(workspace.path, { throwIfNoEntry: false }) === undefined) {
    await kernel.recordWorkspace(workspace.id, {
      state: 'removed',
      reason: 'it is no longer there',
      trashedAt: null,
      trashPath: null,
    })
    return
  }
  const outcome = await moveToTrash({
    path: workspace.path,
    workspacesRoot: paths.workspaces,
    trashRoot: paths.trash,
    boardId,
    taskId: workspace.taskId,
    reason: `${workspace.taskId} is ${task?.status ?? 'gone'}`,
    now,
  })
  if (outcome.moved) {
    await kernel.recordWorkspace(workspace.id, {
      state: 'trashed',
      reason: `${workspace.taskId} is ${task?.status ?? 'gone'}`,
      trashedAt: now,
      trashPath: outcome.entry.path,
    })
    report.workspaces_trashed++
  } else {
    await kernel.recordWorkspace(workspace.id, {
      state: 'kept',
      reason: outcome.reason,
      trashedAt: null,
      trashPath: null,
    })
    report.workspaces_kept++
    report.kept.push({ path: workspace.path, reason: outcome.reason })
  }
}
