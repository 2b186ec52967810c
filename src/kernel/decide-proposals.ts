/** A person, or a setting of the board, decides on what was proposed. No worker ever does. */
import type { Actor } from '../domain/actor.ts'
import { conflict, notFound } from '../domain/errors.ts'
import { assignedEvent } from '../domain/event.ts'
import { archive, edit, specify, unblock } from '../domain/moves.ts'
import type { Task, TaskId } from '../domain/task.ts'
import { assertFresh, type TriageRequest } from '../domain/triage.ts'
import type { WriteTransaction } from '../store/connection.ts'
import { findHolds } from '../store/tables/holds.ts'
import { countOpenParents } from '../store/tables/links.ts'
import { decideText, findProposer, findTriageRequest, findTriageRequests } from '../store/tables/triage.ts'
import { apply, note, signatureOf } from './apply.ts'
import { denyWorkers, requireLocked, requireTask, type KernelDeps } from './deps.ts'
import { findUndecided, settleProposal, stateOf, waitingCards } from './settle-proposals.ts'

export interface ProposalsDecided {
  /** The proposed cards as they are now. */
  readonly cards: readonly Task[]
  /** The rough cards they were proposed for, as they are now. */
  readonly subjects: readonly Task[]
}

/**
 * Lets proposed cards go: all of them, or none when one is refused. An id is that of a proposed card, or of the rough card
 * whose proposals are all meant.
 */
export const releaseProposals = (
  deps: KernelDeps,
  ids: readonly TaskId[],
  actor: Actor,
): Promise<ProposalsDecided> =>
  deciding(deps, ids, 'release', actor, async (tx, task) => {
    const facts = {
      now: tx.now,
      openParents: await countOpenParents(tx, task.id),
      holds: await findHolds(tx, 'task', task.id),
    }
    return (await apply(tx, unblock(task, facts), signatureOf(actor))).task
  })

/** Files proposed cards away; with the id of the rough card also the text proposed for it. What they were for stays as it is. */
export const rejectProposals = (
  deps: KernelDeps,
  ids: readonly TaskId[],
  actor: Actor,
): Promise<ProposalsDecided> =>
  deciding(deps, ids, 'reject', actor, async (tx, task) => {
    return (await apply(tx, archive(task), signatureOf(actor))).task
  })

async function deciding(
  { store }: KernelDeps,
  ids: readonly TaskId[],
  verb: 'release' | 'reject',
  actor: Actor,
  decide: (tx: WriteTransaction, task: Task) => Promise<Task>,
): Promise<ProposalsDecided> {
  denyWorkers(actor, `${verb} proposals`)
  return store.write(async (tx) => {
    const cards: TaskId[] = []
    const subjects = new Set<TaskId>()
    for (const id of new Set(ids)) {
      const meant = await meantBy(tx, id, verb, actor)
      meant.cards.forEach((card) => cards.push(card))
      subjects.add(meant.subject)
    }
    const decided: Task[] = []
    for (const id of new Set(cards)) {
      const before = await requireLocked(tx, id)
      const undecided = await findUndecided(tx, before)
      const after = await decide(tx, before)
      await settleProposal(tx, undecided, after, signatureOf(actor))
      decided.push(after)
    }
    const about: Task[] = []
    for (const id of subjects) about.push(await requireTask(tx, id))
    // Releasing one may have let another one go on.
    const now: Task[] = []
    for (const { id } of decided) now.push(await requireTask(tx, id))
    return { cards: now, subjects: about }
  })
}

/** The proposed cards an id stands for, and the rough card they are for. */
async function meantBy(
  tx: WriteTransaction,
  id: TaskId,
  verb: 'release' | 'reject',
  actor: Actor,
): Promise<{ cards: readonly TaskId[]; subject: TaskId }> {
  const task = await requireTask(tx, id)
  const helperId = await findProposer(tx, id)
  const request = helperId === undefined ? undefined : await findTriageRequest(tx, helperId)
  if (request !== undefined) {
    const state = await stateOf(tx, task)
    if (state === 'waiting') return { cards: [id], subject: request.subjectId }
    throw conflict(
      'already_decided',
      `Cannot ${verb} ${id}: it was ${state} before, and is ${task.status}. ${state === 'rejected' ? `Take it out of the archive with: yard restore-task ${id}` : `See it with: yard show ${id}`}`,
      { id, state },
    )
  }
  // What somebody put back among the ideas is released by its own id, or not at all.
  const meant = (await waitingCards(tx, id)).filter(({ status }) => verb === 'reject' || status === 'blocked')
  const texts = verb === 'reject' ? await rejectTexts(tx, id, actor) : 0
  if (meant.length + texts === 0)
    throw conflict(
      'nothing_proposed',
      `Cannot ${verb} ${id}: it is no proposal, and nothing proposed for it waits for a decision. See what does with: yard proposals`,
      { id },
    )
  return { cards: meant.map((card) => card.id), subject: id }
}

async function rejectTexts(tx: WriteTransaction, id: TaskId, actor: Actor): Promise<number> {
  let rejected = 0
  for (const request of await undecidedTexts(tx, id)) {
    if (!(await decideText(tx, request.helperId, 'rejected', actor.name, tx.now))) continue
    note(tx, id, { kind: 'rejected', payload: { helper: request.helperId } }, signatureOf(actor))
    rejected++
  }
  return rejected
}

const undecidedTexts = async (tx: WriteTransaction, id: TaskId): Promise<TriageRequest[]> =>
  (await findTriageRequests(tx, id)).filter(({ text, decision }) => text !== null && decision === null)

/**
 * Gives a rough card the text that was proposed for it; of several the last. It stays in triage, unless `ready` is asked
 * for. Refuses when the card was edited since, unless that is said not to matter.
 */
export async function acceptText(
  { store }: KernelDeps,
  id: TaskId,
  { anyway = false, ready = false }: { readonly anyway?: boolean; readonly ready?: boolean },
  actor: Actor,
): Promise<Task> {
  denyWorkers(actor, 'accept proposals')
  return store.write(async (tx) => {
    const task = await requireLocked(tx, id)
    const undecided = await undecidedTexts(tx, id)
    const request = undecided.at(-1)
    if (request === undefined || request.text === null)
      throw notFound(
        'nothing_proposed',
        `Cannot accept a text for ${id}: none that was proposed waits for a decision. Have one written with: yard specify ${id}`,
        { id },
      )
    assertFresh(request, task, { anyway })
    const by = signatureOf(actor)
    const { title, body, assignee } = request.text
    const edited = edit(task, { title, body })
    const told = edited === null ? task : (await apply(tx, edited, by)).task
    for (const other of undecided)
      await decideText(tx, other.helperId, other === request ? 'accepted' : 'rejected', actor.name, tx.now)
    note(tx, id, { kind: 'accepted', payload: { helper: request.helperId } }, by)
    const given =
      told.assignee === null && assignee !== null && told.status !== 'running'
        ? (
            await apply(
              tx,
              {
                task: told,
                move: null,
                set: { assignee },
                events: [assignedEvent(told, assignee)],
              },
              by,
            )
          ).task
        : told
    if (!ready) return given
    const facts = {
      now: tx.now,
      openParents: await countOpenParents(tx, id),
      holds: await findHolds(tx, 'task', id),
    }
    return (await apply(tx, specify(given, facts), by)).task
  })
}
