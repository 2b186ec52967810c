/** What a worker or a person says about the work: done, blocked, please review, please change. */
import { change, type Change, type TaskFields } from './change.ts'
import { denied, invalid } from './errors.ts'
import type { HoldKind } from './hold.ts'
import type { Seconds, Task } from './task.ts'
import { firstLine, MAX, storableOrNull } from './text.ts'
import { assertCan } from './transitions.ts'

export interface Completion {
  readonly result?: string | null
  readonly summary?: string | null
  readonly metadata?: Readonly<Record<string, unknown>> | null
}

/** What a card loses when it leaves `running`. */
export const claimReleased: TaskFields = { claimLock: null, claimExpires: null, workerPid: null }

export function checkCompletion({ result, summary, metadata }: Completion): Required<Completion> {
  if (metadata !== null && metadata !== undefined) {
    if (typeof metadata !== 'object' || Array.isArray(metadata))
      throw invalid(
        'bad_metadata',
        'The metadata is not a JSON object. Write for example {"tests": "passed"}.',
      )
    storableOrNull(JSON.stringify(metadata), 'metadata', MAX.metadata)
  }
  return {
    result: storableOrNull(said(result), 'result', MAX.result),
    summary: storableOrNull(said(summary), 'summary', MAX.summary),
    metadata: metadata ?? null,
  }
}

/** Blank text says nothing. */
const said = (text: string | null | undefined): string | null => (text?.trim() ? text : null)

/** `reviewAuthor`: who handed a card in review over; the reviewer must be somebody else. */
export function complete(
  task: Task,
  completion: Completion,
  { now, actor, reviewAuthor }: { now: Seconds; actor: string; reviewAuthor: string | null },
): Change {
  assertCan('complete', task, 'complete')
  assertOtherReviewer(task, actor, reviewAuthor, 'approve')
  const { result, summary, metadata } = checkCompletion(completion)
  const handoff = summary ?? result
  const hasHandoff = handoff !== null || metadata !== null
  return change(
    task,
    { verb: 'complete', to: 'done' },
    {
      set: { ...claimReleased, completedAt: now, result: result ?? task.result, spawnFailures: 0 },
      ...(task.currentRunId !== null || hasHandoff
        ? { closeRun: { outcome: 'completed', summary: handoff, metadata } }
        : {}),
      events: [
        { kind: 'completed', payload: { result_len: result?.length ?? 0, summary: firstLine(handoff) } },
      ],
      liftHolds: LIFTED_BY_DONE,
    },
  )
}

/** Everything a card can wait for by itself. A pause stays: only the operator lifts it. */
const LIFTED_BY_DONE: readonly HoldKind[] = ['human', 'approval', 'time', 'cooldown', 'breaker', 'preflight']

function assertOtherReviewer(task: Task, actor: string, reviewAuthor: string | null, what: string): void {
  if (task.status === 'review' && reviewAuthor !== null && reviewAuthor === actor) {
    throw denied(
      'own_review',
      `Cannot ${what} ${task.id}: ${actor} handed it over, and the reviewer must be somebody else. Ask another person, or archive it with: yard archive ${task.id}`,
      { id: task.id, author: reviewAuthor },
    )
  }
}

export function block(task: Task, reason: string | null): Change {
  assertCan('block', task, 'block')
  const text = storableOrNull(reason?.trim() || null, 'reason', MAX.reason)
  return change(
    task,
    { verb: 'block', to: 'blocked' },
    {
      set: claimReleased,
      ...(task.currentRunId !== null || text !== null
        ? { closeRun: { outcome: 'blocked', summary: text } }
        : {}),
      events: [{ kind: 'blocked', payload: { reason: text } }],
      openHolds: [
        { scope: 'task', target: task.id, kind: 'human', reason: text ?? 'blocked without a reason' },
      ],
    },
  )
}

export function requestReview(task: Task, completion: Completion): Change {
  assertCan('requestReview', task, 'hand over for review')
  const { result, summary, metadata } = checkCompletion(completion)
  return change(
    task,
    { verb: 'requestReview', to: 'review' },
    {
      set: { ...claimReleased, result: result ?? task.result },
      closeRun: { outcome: 'review', summary: summary ?? result, metadata },
      events: [{ kind: 'review_requested', payload: { summary: firstLine(summary ?? result) } }],
    },
  )
}

/** The reviewer wants changes: the remarks become a comment (written by the verb), the card goes back to work. */
export function sendBack(
  task: Task,
  remarks: string,
  { actor, reviewAuthor, openParents }: { actor: string; reviewAuthor: string | null; openParents: number },
): Change {
  assertCan('sendBack', task, 'send back')
  assertOtherReviewer(task, actor, reviewAuthor, 'send back')
  return change(
    task,
    { verb: 'sendBack', to: openParents > 0 ? 'todo' : 'ready' },
    { events: [{ kind: 'sent_back', payload: { reason: firstLine(remarks) } }] },
  )
}
