import type { Actor } from '../domain/actor.ts'
import { checkName } from '../domain/create.ts'
import { conflict, invalid } from '../domain/errors.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { assertRough, helperCard, type TriageKind } from '../domain/triage.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findTriageRequests, insertTriageRequest } from '../store/tables/triage.ts'
import { note, signatureOf } from './apply.ts'
import { insertAll } from './create-task.ts'
import { denyWorkers, requireLocked, requireTask, type KernelDeps } from './deps.ts'
import { findUndecided, waitingCards } from './settle-proposals.ts'

export interface HelpAsked {
  /** The card whose run works it out. */
  readonly helper: Task
  readonly subject: Task
  /** False when the same was asked for before and is still under way. */
  readonly created: boolean
}

/**
 * Has a rough card specified or decomposed by `profile`: puts a helper card on the board, which is about the text as it is
 * at this moment. Who may be the helper is for the door to know, because it knows the profiles.
 */
export async function askHelp(
  { store }: KernelDeps,
  id: TaskId,
  { kind, profile }: { readonly kind: TriageKind; readonly profile: string },
  actor: Actor,
): Promise<HelpAsked> {
  denyWorkers(actor, `have cards ${kind === 'specify' ? 'specified' : 'decomposed'}`)
  const name = checkName(profile, 'profile')
  if (name === null)
    throw invalid('no_profile', `Cannot ${kind} ${id}: no profile was named. Name an orchestrator.`, { id })
  return store.write(async (tx) => {
    const subject = await requireLocked(tx, id)
    assertRough(subject, kind)
    const underWay = await helpUnderWay(tx, subject, kind)
    if (underWay !== null) return { helper: underWay, subject, created: false }
    await assertDecided(tx, subject, kind)
    const [made] = await insertAll([helperCard(subject, kind, name)], actor)(tx)
    if (made === undefined) throw new Error('a card that was inserted is there')
    const isAutomatic = actor.kind === 'system'
    await insertTriageRequest(
      tx,
      { helper: made.task.id, subject, kind, by: actor.name, isAutomatic },
      tx.now,
    )
    note(
      tx,
      id,
      { kind: 'help_requested', payload: { verb: kind, helper: made.task.id, profile: name } },
      signatureOf(actor),
    )
    return { helper: made.task, subject, created: true }
  })
}

/** The helper that is at the same already; refuses when it is at something else. */
async function helpUnderWay(tx: WriteTransaction, { id }: Task, kind: TriageKind): Promise<Task | null> {
  for (const request of await findTriageRequests(tx, id)) {
    const helper = await requireTask(tx, request.helperId)
    if (helper.status === 'done' || helper.status === 'archived') continue
    if (request.kind === kind) return helper
    throw conflict(
      'help_under_way',
      `Cannot ${kind} ${id}: ${helper.id} is there to ${request.kind} it. Wait for it, or give it up with: yard archive ${helper.id}`,
      { id, helper: helper.id },
    )
  }
  return null
}

/** One set of proposals at a time, or nobody would know which card belongs to which. */
async function assertDecided(tx: WriteTransaction, subject: Task, kind: TriageKind): Promise<void> {
  const { id } = subject
  const proposed = await findUndecided(tx, subject)
  if (proposed !== null)
    throw conflict(
      'still_proposed',
      `Cannot ${kind} ${id}: it is proposed for ${proposed.subjectId} itself, and nobody has decided on it. Use yard release ${id} or yard reject ${id} first.`,
      { id, of: proposed.subjectId },
    )
  const waiting = await waitingCards(tx, id)
  if (waiting.length === 0) return
  throw conflict(
    'proposals_waiting',
    `Cannot ${kind} ${id}: ${waiting.length === 1 ? 'a proposed card waits' : `${waiting.length} proposed cards wait`} for a decision. See them with: yard proposals ${id}, then use yard release ${id} or yard reject ${id}`,
    { id, waiting: waiting.map((card) => card.id) },
  )
}
