/** What the rules of our boards ask of cards that lived by other rules: where they stand, which run is open, what holds them. */
import type { CardRow, LinkRow, ReadCard } from './cards.ts'
import type { EventRow, ReadEvent, ReadRun } from './history.ts'
import type { KanbanRow } from './rows.ts'
import { parse, type Repairs } from './values.ts'

/** Makes exactly the running cards have exactly one open run. */
export function settleRuns(
  cards: ReadonlyMap<string, ReadCard>,
  runs: ReadRun[],
  now: number,
  repairs: Repairs,
): void {
  const open = new Map<string, ReadRun>()
  for (const run of runs) {
    if (run.row.ended_at !== null) continue
    const card = cards.get(run.row.task_id)?.row
    const other = open.get(run.row.task_id)
    const isCurrent = card?.current_run_id !== null && String(card?.current_run_id) === run.oldId
    if (card?.status !== 'running' || (other !== undefined && !isCurrent)) end(run, now, repairs)
    else {
      if (other !== undefined) end(other, now, repairs)
      open.set(run.row.task_id, run)
    }
  }
  let next = runs.reduce((last, { row }) => Math.max(last, row.id), 0) + 1
  for (const { row: card } of cards.values()) {
    if (card.status !== 'running') {
      Object.assign(card, { current_run_id: null, claim_lock: null, claim_expires: null, worker_pid: null })
      continue
    }
    const run = open.get(card.id)?.row ?? startRun(card, next++, runs, now)
    // A claim that does not say until when is one that has run out.
    card.claim_lock = run.claim_lock = card.claim_lock ?? run.claim_lock ?? 'hermes:unknown'
    card.claim_expires = run.claim_expires = card.claim_expires ?? run.claim_expires ?? now
    card.started_at ??= run.started_at
    card.current_run_id = run.id
  }
}

function end({ row }: ReadRun, now: number, repairs: Repairs): void {
  Object.assign(row, {
    ended_at: Math.max(row.started_at, row.last_heartbeat_at ?? 0, Math.min(now, row.claim_expires ?? now)),
    outcome: 'reclaimed',
    status: 'reclaimed',
  })
  row.error ??= 'left open on the board this one was upgraded from'
  repairs.note(
    `run ${row.id} of card ${row.task_id} was open although the card was not running with it; it is ended`,
  )
}

/** Cards in flight before there were runs carried everything themselves. */
function startRun(card: CardRow, id: number, runs: ReadRun[], now: number): ReadRun['row'] {
  const row: ReadRun['row'] = {
    id,
    task_id: card.id,
    profile: card.assignee,
    step_key: card.current_step_key,
    status: 'running',
    claim_lock: card.claim_lock,
    claim_expires: card.claim_expires,
    worker_pid: card.worker_pid,
    max_runtime_seconds: card.max_runtime_seconds,
    last_heartbeat_at: card.last_heartbeat_at,
    started_at: card.started_at ?? now,
    ended_at: null,
    outcome: null,
    summary: null,
    metadata: null,
    error: null,
  }
  runs.push({ oldId: '', row })
  return row
}

/**
 * Hermes moves waiting cards when its dispatcher next sweeps over all of them; ours move when a parent is finished. What
 * that sweep would have done is done here. Returns the events that say so.
 */
export function placeCards(
  cards: ReadonlyMap<string, ReadCard>,
  links: readonly LinkRow[],
  now: number,
  repairs: Repairs,
): Partial<EventRow>[] {
  const waiting = new Set<string>()
  for (const { parent_id: parentId, child_id: childId } of links) {
    const parent = cards.get(parentId)?.row
    const isFinished =
      parent?.status === 'done' || (parent?.status === 'archived' && parent.completed_at !== null)
    if (!isFinished) waiting.add(childId)
  }
  const said: Partial<EventRow>[] = []
  const say = (card: CardRow, kind: string, payload: object) =>
    said.push({
      task_id: card.id,
      kind,
      payload: JSON.stringify(payload),
      created_at: now,
      actor: 'rule:upgrade',
      door: 'import',
    })
  for (const { row: card, strangeStatus } of cards.values()) {
    if (strangeStatus !== null) {
      repairs.note(`card ${card.id}: its status was "${strangeStatus}", which is held as blocked now`)
      say(card, 'blocked', { reason: strangeReason(strangeStatus) })
    } else if (card.status === 'todo' && !waiting.has(card.id)) {
      card.status = 'ready'
      say(card, 'promoted', {})
    } else if (card.status === 'ready' && waiting.has(card.id)) {
      card.status = 'todo'
      say(card, 'status', { status: 'todo' })
    }
  }
  return said
}

const strangeReason = (status: string): string =>
  `its status on the Hermes board was "${status}"; unblock it when it may run`

/** What a person, or the old board, held stays held until a person lifts it. */
export function* holdsOf(
  cards: ReadonlyMap<string, ReadCard>,
  events: readonly ReadEvent[],
  now: number,
): Generator<Partial<KanbanRow<'holds'>>> {
  const lastBlock = new Map<string, EventRow>()
  for (const { row } of events) {
    if ((row.kind === 'blocked' || row.kind === 'gave_up') && row.task_id !== null)
      lastBlock.set(row.task_id, row)
  }
  for (const { row: card, strangeStatus } of cards.values()) {
    if (card.status !== 'blocked') continue
    const event = strangeStatus === null ? lastBlock.get(card.id) : undefined
    yield {
      scope: 'task',
      target: card.id,
      kind: 'human',
      reason:
        strangeStatus === null
          ? (reasonIn(event) ?? card.last_spawn_error ?? 'blocked before the upgrade, without a reason')
          : strangeReason(strangeStatus),
      actor: card.assignee ?? 'rule:upgrade',
      since: event?.created_at ?? now,
    }
  }
}

function reasonIn(event: EventRow | undefined): string | null {
  const payload = parse(event?.payload ?? 'null') as { reason?: unknown; error?: unknown } | null | undefined
  const reason = [payload?.reason, payload?.error].find(
    (value) => typeof value === 'string' && value.trim() !== '',
  )
  return (reason as string | undefined) ?? null
}
