/** What the events of one card say it is: to be compared with its rows. */
import type { BoardEvent } from '../../src/domain/event.ts'

export interface Replayed {
  readonly status: string
  readonly assignee: string | null
  /** Runs by id, with their outcome; null while open. */
  readonly runs: Readonly<Record<number, string | null>>
}

/** Events that end a run, with the outcome of those that do not name it. */
const ENDINGS: Readonly<Record<string, string>> = {
  completed: 'completed',
  blocked: 'blocked',
  review_requested: 'review',
  archived: 'reclaimed',
  reclaimed: 'reclaimed',
  crashed: 'crashed',
  timed_out: 'timed_out',
  stalled: 'stalled',
  stopped: 'stopped',
  spawn_failed: 'spawn_failed',
  protocol_violation: 'no_verdict',
}

export function replay(events: readonly BoardEvent[]): Replayed {
  let status = ''
  let assignee: string | null = null
  const runs: Record<number, string | null> = {}
  for (const { kind, payload, runId } of events) {
    if (kind === 'created' || kind === 'assigned') assignee = payload['assignee'] as string | null
    if (kind === 'claimed' && runId !== null) runs[runId] = null
    // A run ends once: what follows is told within it, and does not end it again.
    if (kind in ENDINGS && runId !== null && (runs[runId] ?? null) === null)
      runs[runId] = typeof payload['outcome'] === 'string' ? payload['outcome'] : (ENDINGS[kind] ?? kind)
    if (typeof payload['status'] === 'string') status = payload['status']
  }
  return { status, assignee, runs }
}
