/** The cards of a Hermes board, of whatever age, and who waits for whom. */
import type { DatabaseSync } from 'node:sqlite'
import { TASK_STATUSES, WORKSPACE_KINDS } from '../../domain/task.ts'
import { newTaskId } from '../../lib/ids.ts'
import { isOneOf, rowsOf, type KanbanRow } from './rows.ts'
import {
  jsonNames,
  moment,
  parse,
  shown,
  text,
  whole,
  words,
  type RawRow,
  type RawValue,
  type Repairs,
} from './values.ts'

export type CardRow = KanbanRow<'tasks'>
export type LinkRow = KanbanRow<'task_links'>

export interface ReadCard {
  readonly row: CardRow
  /** What it said where we have no such status. */
  readonly strangeStatus: string | null
}

export function readCards(
  db: DatabaseSync,
  table: string,
  now: number,
  repairs: Repairs,
): Map<string, ReadCard> {
  const cards = new Map<string, ReadCard>()
  for (const raw of rowsOf(db, table)) {
    let id = words(raw['id'])
    if (id === null || cards.has(id)) {
      const fresh = newTaskId()
      repairs.note(
        `a card ${id === null ? 'without an id' : `with the id of another one, ${id},`} is now ${fresh}`,
      )
      id = fresh
    }
    cards.set(id, readCard(id, raw, now, repairs))
  }
  keepKeysUnique(cards, repairs)
  return cards
}

function readCard(id: string, raw: RawRow, now: number, repairs: Repairs): ReadCard {
  const repaired = <T extends RawValue>(field: string, value: T | null, fallback: T): T => {
    if (value !== null) return value
    if (raw[field] !== undefined)
      repairs.note(`card ${id}: ${field} was ${shown(raw[field])} and is now ${shown(fallback)}`)
    return fallback
  }
  const lost = <T>(field: string, value: T | null): T | null => {
    if (value === null && words(raw[field]) !== null)
      repairs.note(`card ${id}: ${field} was ${shown(raw[field])} and is now empty`)
    return value
  }
  const status = words(raw['status'])
  const isKnown = isOneOf(TASK_STATUSES, status)
  const kind = words(raw['workspace_kind'])
  const skills = jsonNames(raw['skills'])
  if (skills !== null && skills !== JSON.stringify(parse(text(raw['skills']) ?? ''))) {
    repairs.note(`card ${id}: skills were ${shown(raw['skills'])} and are now ${skills}`)
  }
  return {
    strangeStatus: isKnown ? null : (status ?? 'empty'),
    row: {
      id,
      title: repaired('title', words(raw['title']), '(no title)'),
      body: text(raw['body']),
      assignee: words(raw['assignee']),
      status: isKnown ? status : 'blocked',
      priority: repaired('priority', whole(raw['priority']), 0),
      created_by: words(raw['created_by']),
      created_at: repaired('created_at', moment(raw['created_at']), moment(raw['started_at']) ?? now),
      started_at: lost('started_at', moment(raw['started_at'])),
      completed_at: lost('completed_at', moment(raw['completed_at'])),
      workspace_kind: isOneOf(WORKSPACE_KINDS, kind) ? kind : repaired('workspace_kind', null, 'scratch'),
      workspace_path: words(raw['workspace_path']),
      claim_lock: words(raw['claim_lock']),
      claim_expires: lost('claim_expires', moment(raw['claim_expires'])),
      tenant: words(raw['tenant']),
      result: text(raw['result']),
      idempotency_key: words(raw['idempotency_key']),
      // Later boards count other failures in here as well.
      spawn_failures: Math.max(0, whole(raw['consecutive_failures'] ?? raw['spawn_failures']) ?? 0),
      worker_pid: whole(raw['worker_pid']),
      last_spawn_error: text(raw['last_failure_error'] ?? raw['last_spawn_error']),
      max_runtime_seconds: lost('max_runtime_seconds', whole(raw['max_runtime_seconds'])),
      last_heartbeat_at: lost('last_heartbeat_at', moment(raw['last_heartbeat_at'])),
      current_run_id: whole(raw['current_run_id']),
      workflow_template_id: words(raw['workflow_template_id']),
      current_step_key: words(raw['current_step_key']),
      skills,
      created_order: 0,
    },
  }
}

/** The oldest first; cards of one second keep the order in which they were written. */
export function orderCards(cards: ReadonlyMap<string, ReadCard>): readonly CardRow[] {
  const rows = [...cards.values()].map(({ row }) => row)
  const ordered = rows.toSorted((one, other) => one.created_at - other.created_at)
  for (const [index, row] of ordered.entries()) row.created_order = index + 1
  return ordered
}

/** Two creators could both win there. The card created last keeps the key: it is the one a look-up found. */
function keepKeysUnique(cards: Map<string, ReadCard>, repairs: Repairs): void {
  const holders = new Map<string, CardRow>()
  for (const { row } of cards.values()) {
    if (row.idempotency_key === null || row.status === 'archived') continue
    const other = holders.get(row.idempotency_key)
    const [keeps, loses] =
      other !== undefined && other.created_at > row.created_at ? [other, row] : [row, other]
    holders.set(row.idempotency_key, keeps)
    if (loses === undefined) continue
    repairs.note(
      `card ${loses.id}: gave up its idempotency key ${shown(row.idempotency_key)}, which ${keeps.id} has as well`,
    )
    loses.idempotency_key = null
  }
}

export function readLinks(
  db: DatabaseSync,
  table: string,
  cards: ReadonlyMap<string, ReadCard>,
  repairs: Repairs,
): LinkRow[] {
  const links = new Map<string, LinkRow>()
  let broken = 0
  for (const raw of rowsOf(db, table)) {
    const parent = words(raw['parent_id'])
    const child = words(raw['child_id'])
    if (parent === null || child === null || parent === child || !cards.has(parent) || !cards.has(child))
      broken += 1
    else links.set(`${parent} ${child}`, { parent_id: parent, child_id: child })
  }
  if (broken > 0) repairs.note(`links to no card or to the card itself, left in the backup: ${broken}`)
  return [...links.values()]
}
