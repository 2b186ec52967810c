/**
 * What follows from a decision on a proposed card, however it was taken: by releasing or rejecting it, by unblocking it,
 * completing it by hand or filing it away. The rough card waits for what was released, and leaves triage once everything
 * proposed for it is decided on.
 */
import { assignedEvent } from '../domain/event.ts'
import { edit, specify, type WaitFacts } from '../domain/moves.ts'
import { isFinished, type Task, type TaskId } from '../domain/task.ts'
import { isStale, proposalState, type TriageRequest } from '../domain/triage.ts'
import type { Connection, WriteTransaction } from '../store/connection.ts'
import { findHolds } from '../store/tables/holds.ts'
import {
  countOpenParents,
  findChildren,
  insertLink,
  isDescendant,
  removeLink,
} from '../store/tables/links.ts'
import { lockLinks } from '../store/tables/locks.ts'
import { findTask, lockTask } from '../store/tables/tasks.ts'
import {
  decideText,
  findProposedCards,
  findProposer,
  findTriageRequest,
  findTriageRequests,
  type ProposedCard,
} from '../store/tables/triage.ts'
import { apply, note, promoteIfFree, waitAgain, type Signature } from './apply.ts'

/** Of every card proposed for a rough one, those that nobody has decided on. */
export async function waitingCards(db: Connection, subjectId: TaskId): Promise<ProposedCard[]> {
  const waiting: ProposedCard[] = []
  for (const { helperId } of await findTriageRequests(db, subjectId))
    for (const card of await findProposedCards(db, helperId))
      if ((await stateOf(db, card)) === 'waiting') waiting.push(card)
  return waiting
}

export const stateOf = async (
  db: Connection,
  card: Pick<Task, 'id' | 'status' | 'completedAt'>,
): Promise<ReturnType<typeof proposalState>> =>
  // Approvals have no end of their own, so no moment matters.
  proposalState(card, await findHolds(db, 'task', card.id), 0)

/** For which rough card this one is proposed; null when it is no proposal, or was decided on before. */
export async function findUndecided(
  db: Connection,
  task: Pick<Task, 'id' | 'status' | 'completedAt'>,
): Promise<TriageRequest | null> {
  // Held for approval, or put back among the ideas by somebody; nowhere else a card waits for a decision.
  if (task.status !== 'blocked' && task.status !== 'triage') return null
  const helperId = await findProposer(db, task.id)
  if (helperId === undefined || (await stateOf(db, task)) !== 'waiting') return null
  return (await findTriageRequest(db, helperId)) ?? null
}

/** A card has moved that was undecided before: if that was a decision, it is carried through. */
export async function settleProposal(
  tx: WriteTransaction,
  request: TriageRequest | null,
  card: Task,
  by: Signature,
): Promise<void> {
  if (request === null) return
  const state = await stateOf(tx, card)
  if (state === 'waiting') return
  note(tx, card.id, { kind: state, payload: { of: request.subjectId, holds: ['approval'] } }, by)
  const subject = await lockTask(tx, request.subjectId)
  if (subject === undefined) return
  if (state === 'released') await makeWait(tx, subject, card, by)
  else await waitNoLonger(tx, card, request, by)
  await collect(tx, request, by)
}

const WAITS: ReadonlySet<Task['status']> = new Set(['triage', 'todo', 'ready', 'blocked'])

/** The rough card gets the result of what was released. */
async function makeWait(tx: WriteTransaction, subject: Task, card: Task, by: Signature): Promise<void> {
  if (!WAITS.has(subject.status)) return
  await lockLinks(tx)
  if (await isDescendant(tx, card.id, subject.id)) return
  if (!(await insertLink(tx, card.id, subject.id))) return
  note(tx, subject.id, { kind: 'linked', payload: { parent_id: card.id, child_id: subject.id } }, by)
  if (!isFinished(card)) await waitAgain(tx, subject.id, by.door)
}

/** What was rejected is never done: nothing of the same decomposition waits for it. */
async function waitNoLonger(
  tx: WriteTransaction,
  card: Task,
  { helperId, subjectId }: TriageRequest,
  by: Signature,
): Promise<void> {
  const siblings = new Set((await findProposedCards(tx, helperId)).map(({ id }) => id))
  for (const child of await findChildren(tx, card.id)) {
    if (child.id !== subjectId && !siblings.has(child.id)) continue
    if (!(await removeLink(tx, card.id, child.id))) continue
    note(tx, child.id, { kind: 'unlinked', payload: { parent_id: card.id, child_id: child.id } }, by)
    await promoteIfFree(tx, child.id, by.door, 'rule:dependency')
  }
}

/** A card is done or filed away: if it was there to help, nothing more will be proposed, and the rough card may become work. */
export async function settleHelper(tx: WriteTransaction, helper: Task, by: Signature): Promise<void> {
  if (!hasEnded(helper)) return
  const request = await findTriageRequest(tx, helper.id)
  if (request !== undefined) await collect(tx, request, by)
}

const hasEnded = ({ status }: Task): boolean => status === 'done' || status === 'archived'

/**
 * Once its helper is done or given up and all its proposals are decided on, a rough card of which something was released collects the
 * results. Somebody must: its own assignee, the one that was proposed for it, or the orchestrator that split it.
 */
async function collect(tx: WriteTransaction, request: TriageRequest, by: Signature): Promise<void> {
  if (request.kind !== 'decompose') return
  const helper = await findTask(tx, request.helperId)
  if (helper === undefined || !hasEnded(helper)) return
  const states = []
  for (const card of await findProposedCards(tx, request.helperId)) states.push(await stateOf(tx, card))
  if (states.includes('waiting') || !states.includes('released')) return
  const subject = await lockTask(tx, request.subjectId)
  if (subject?.status !== 'triage') return
  const retold = await retell(tx, subject, request, by)
  const assignee = retold.assignee ?? request.text?.assignee ?? helper.assignee
  const facts: WaitFacts = {
    now: tx.now,
    openParents: await countOpenParents(tx, subject.id),
    holds: await findHolds(tx, 'task', subject.id),
  }
  const wanted = specify(retold, facts)
  await apply(
    tx,
    retold.assignee === assignee
      ? wanted
      : {
          ...wanted,
          set: { ...wanted.set, assignee },
          events: [assignedEvent(retold, assignee), ...wanted.events],
        },
    by,
  )
}

/** A better text that came with the proposals counts with them, unless the card was edited meanwhile. */
async function retell(
  tx: WriteTransaction,
  subject: Task,
  request: TriageRequest,
  by: Signature,
): Promise<Task> {
  if (request.text === null || request.decision !== null || isStale(request, subject)) return subject
  if (!(await decideText(tx, request.helperId, 'accepted', by.actor, tx.now))) return subject
  const { title, body } = request.text
  const wanted = edit(subject, { title, body })
  const told = wanted === null ? subject : (await apply(tx, wanted, by)).task
  note(tx, subject.id, { kind: 'accepted', payload: { helper: request.helperId } }, by)
  return told
}
