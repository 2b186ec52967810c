/** What happened on a Hermes board: runs, events, comments, and who is told. */
import type { DatabaseSync } from 'node:sqlite'
import { RUN_OUTCOMES, type RunOutcome } from '../../domain/run.ts'
import type { ReadCard } from './cards.ts'
import { isOneOf, numberRows, rowsOf, type KanbanRow, type OldId } from './rows.ts'
import { jsonObject, moment, text, whole, words, type Repairs } from './values.ts'

export type RunRow = KanbanRow<'task_runs'>
export type EventRow = KanbanRow<'task_events'>
export type CommentRow = KanbanRow<'task_comments'>
export type SubscriptionRow = KanbanRow<'kanban_notify_subs'>

/** Endings our runs do not have, and the nearest one. */
const OUTCOMES: Readonly<Record<string, RunOutcome>> = {
  done: 'completed',
  failed: 'crashed',
  released: 'reclaimed',
  stale: 'stalled',
  rate_limited: 'reclaimed',
}

export interface ReadRun {
  readonly oldId: OldId
  readonly row: RunRow
}

export function readRuns(
  db: DatabaseSync,
  table: string,
  cards: ReadonlyMap<string, ReadCard>,
  now: number,
  repairs: Repairs,
): ReadRun[] {
  const runs: ReadRun[] = []
  let orphans = 0
  for (const raw of rowsOf(db, table)) {
    const taskId = words(raw['task_id'])
    if (taskId === null || !cards.has(taskId)) {
      orphans += 1
      continue
    }
    const startedAt =
      moment(raw['started_at']) ?? moment(raw['ended_at']) ?? cards.get(taskId)?.row.started_at ?? now
    const said = words(raw['outcome']) ?? endingOf(words(raw['status']))
    const outcome = said === null || isOneOf(RUN_OUTCOMES, said) ? said : (OUTCOMES[said] ?? 'reclaimed')
    const endedAt =
      moment(raw['ended_at']) ?? (outcome === null ? null : (moment(raw['last_heartbeat_at']) ?? startedAt))
    const ended = endedAt === null ? null : (outcome ?? 'reclaimed')
    runs.push({
      oldId: text(raw['id']) ?? '',
      row: {
        id: 0,
        task_id: taskId,
        profile: words(raw['profile']),
        step_key: words(raw['step_key']),
        status: ended ?? 'running',
        claim_lock: words(raw['claim_lock']),
        claim_expires: moment(raw['claim_expires']),
        worker_pid: whole(raw['worker_pid']),
        max_runtime_seconds: whole(raw['max_runtime_seconds']),
        last_heartbeat_at: moment(raw['last_heartbeat_at']),
        started_at: startedAt,
        ended_at: endedAt,
        outcome: ended,
        summary: text(raw['summary']),
        metadata: jsonObject(raw['metadata']),
        error: text(raw['error']) ?? (said === null || said === ended ? null : `ended as "${said}"`),
      },
    })
  }
  if (orphans > 0) repairs.note(`runs of no card, left in the backup: ${orphans}`)
  numberRows(runs)
  return runs
}

const endingOf = (status: string | null): string | null =>
  status === null || status === 'running' ? null : status

export interface ReadEvent {
  readonly oldId: OldId
  readonly row: EventRow
}

/** Names that were given up before the first release of that board. */
const RENAMED: Readonly<Record<string, string>> = {
  ready: 'promoted',
  priority: 'reprioritized',
  spawn_auto_blocked: 'gave_up',
}

export function readEvents(
  db: DatabaseSync,
  table: string,
  cards: ReadonlyMap<string, ReadCard>,
  runIds: ReadonlyMap<OldId, number>,
  now: number,
  repairs: Repairs,
): ReadEvent[] {
  const events: ReadEvent[] = []
  let orphans = 0
  for (const raw of rowsOf(db, table)) {
    const taskId = words(raw['task_id'])
    const kind = words(raw['kind'])
    if (taskId === null || kind === null || !cards.has(taskId)) {
      orphans += 1
      continue
    }
    const runId = words(raw['run_id'])
    events.push({
      oldId: text(raw['id']) ?? '',
      row: {
        id: 0,
        task_id: taskId,
        run_id: runId === null ? null : (runIds.get(runId) ?? null),
        kind: RENAMED[kind] ?? kind,
        payload: jsonObject(raw['payload']),
        created_at: moment(raw['created_at']) ?? events.at(-1)?.row.created_at ?? now,
        actor: null,
        door: null,
      },
    })
  }
  if (orphans > 0) repairs.note(`events of no card, left in the backup: ${orphans}`)
  numberRows(events)
  return events
}

export function* readComments(
  db: DatabaseSync,
  table: string,
  cards: ReadonlyMap<string, ReadCard>,
  now: number,
  repairs: Repairs,
): Generator<{ oldId: OldId; row: CommentRow }> {
  let orphans = 0
  for (const raw of rowsOf(db, table)) {
    const taskId = words(raw['task_id'])
    const body = text(raw['body'])
    if (taskId === null || body === null || !cards.has(taskId)) {
      orphans += 1
      continue
    }
    yield {
      oldId: text(raw['id']) ?? '',
      row: {
        id: 0,
        task_id: taskId,
        author: words(raw['author']) ?? 'unknown',
        body,
        created_at: moment(raw['created_at']) ?? now,
      },
    }
  }
  if (orphans > 0) repairs.note(`comments of no card or without text, left in the backup: ${orphans}`)
}

/**
 * @param lastEventId the newest event; also what a cursor becomes that cannot be carried over, so that nothing old is told again
 */
export function readSubscriptions(
  db: DatabaseSync,
  table: string,
  cards: ReadonlyMap<string, ReadCard>,
  lastEventId: number,
  isRenumbered: boolean,
  now: number,
  repairs: Repairs,
): SubscriptionRow[] {
  const subscriptions = new Map<string, SubscriptionRow>()
  let broken = 0
  for (const raw of rowsOf(db, table)) {
    const taskId = words(raw['task_id'])
    const platform = words(raw['platform'])
    const chatId = words(raw['chat_id'])
    if (taskId === null || platform === null || chatId === null || !cards.has(taskId)) {
      broken += 1
      continue
    }
    const cursor = isRenumbered ? lastEventId : (whole(raw['last_event_id']) ?? lastEventId)
    const row: SubscriptionRow = {
      task_id: taskId,
      platform,
      chat_id: chatId,
      thread_id: words(raw['thread_id']) ?? '',
      user_id: words(raw['user_id']),
      created_at: moment(raw['created_at']) ?? now,
      last_event_id: Math.min(Math.max(cursor, 0), lastEventId),
    }
    subscriptions.set(JSON.stringify([taskId, platform, chatId, row.thread_id]), row)
  }
  if (broken > 0) repairs.note(`subscriptions of no card or no chat, left in the backup: ${broken}`)
  return [...subscriptions.values()]
}
