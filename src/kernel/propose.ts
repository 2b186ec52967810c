/**
 * What a run adds to the board while it helps with a rough card is a proposal. That is decided here, by the card the run
 * works on, and not by what its tools or its profile say: there is no way round it for whoever holds the run's secret.
 */
import type { Actor } from '../domain/actor.ts'
import type { NewTask } from '../domain/create.ts'
import { conflict, denied } from '../domain/errors.ts'
import type { TaskId } from '../domain/task.ts'
import {
  assertNoScript,
  assertRoom,
  checkText,
  proposedCard,
  type TextDraft,
  type TriageRequest,
} from '../domain/triage.ts'
import type { Connection, WriteTransaction } from '../store/connection.ts'
import { findRun } from '../store/tables/runs.ts'
import {
  findProposedCards,
  findTriageRequest,
  insertProposedCard,
  storeProposedText,
} from '../store/tables/triage.ts'
import { note, signatureOf, type Signature } from './apply.ts'
import { requireTask, type KernelDeps } from './deps.ts'
import { addToBoard } from './fence.ts'

export interface Proposing {
  readonly request: TriageRequest
  /** A card that a run wants, as the proposal it becomes. Throws when it cannot be one. */
  asProposed(wanted: NewTask): NewTask
  /** Throws when there is no room for another one. */
  assertRoom(tx: WriteTransaction): Promise<void>
}

/** What this actor adds is proposed for; null for people, and for the runs of ordinary cards. */
export async function proposalBy(deps: KernelDeps, tx: Connection, actor: Actor): Promise<Proposing | null> {
  if (actor.kind !== 'worker') return null
  const run = await findRun(tx, actor.capability.runId)
  return run === undefined ? null : proposalOf(deps, tx, run.taskId)
}

/** What is added in the name of this card's runs is proposed for; null for an ordinary card. */
export async function proposalOf(
  { policy }: Pick<KernelDeps, 'policy'>,
  tx: Connection,
  helperId: TaskId,
): Promise<Proposing | null> {
  const request = await findTriageRequest(tx, helperId)
  if (request === undefined) return null
  const subject = await requireTask(tx, request.subjectId)
  return {
    request,
    asProposed: (wanted) => proposedCard(wanted, request, subject),
    async assertRoom(inside) {
      const cards = (await findProposedCards(inside, helperId)).filter(({ status }) => status !== 'archived')
      assertRoom(cards.length, policy().maxProposals, request.subjectId)
    },
  }
}

/** What the runs of this card help with; null for an ordinary card. */
export const helpOf = ({ store }: KernelDeps, id: TaskId): Promise<TriageRequest | null> =>
  store.read(async (db) => (await findTriageRequest(db, id)) ?? null)

export async function recordProposal(
  tx: WriteTransaction,
  taskId: TaskId,
  { helperId, subjectId }: TriageRequest,
  by: Signature,
): Promise<void> {
  await insertProposedCard(tx, taskId, helperId)
  note(tx, taskId, { kind: 'proposed', payload: { of: subjectId, helper: helperId } }, by)
}

export interface ProposedFor {
  readonly request: TriageRequest
  readonly title: string
  readonly body: string | null
  readonly assignee: string | null
}

export interface ProposingOptions {
  /** The profiles that run the body of a card as a script: whoever reads their files knows. */
  readonly scripts?: readonly string[]
}

/** A worker that helps with a rough card hands in the text that card should have; a second one replaces the first. */
export async function proposeText(
  deps: KernelDeps,
  draft: TextDraft,
  actor: Actor,
  { scripts = [] }: ProposingOptions = {},
): Promise<ProposedFor> {
  if (actor.kind !== 'worker')
    throw denied(
      'not_a_helper',
      'Cannot propose a text: only a run that was asked to specify or decompose a card does. Change the card yourself with: yard edit <id>',
    )
  const late = { verb: 'propose', what: 'propose a text for', payload: { text: { ...draft } } }
  return addToBoard(deps, actor, late, async (tx) => {
    const run = await findRun(tx, actor.capability.runId)
    const request = run === undefined ? undefined : await findTriageRequest(tx, run.taskId)
    if (request === undefined)
      throw denied(
        'not_a_helper',
        `Cannot propose a text: run ${actor.capability.runId} was not asked to specify or decompose a card. Say it with a comment instead.`,
        { run: actor.capability.runId },
      )
    const text = checkText(draft, request)
    const { assignee } = await requireTask(tx, request.subjectId)
    assertNoScript(draft, assignee ?? text.assignee, scripts)
    if (!(await storeProposedText(tx, request.helperId, text, tx.now)))
      throw conflict(
        'text_decided',
        `Cannot propose another text for ${request.subjectId}: somebody has decided on the one before. Complete your own card.`,
        { subject: request.subjectId },
      )
    note(
      tx,
      request.subjectId,
      { kind: 'proposed', payload: { helper: request.helperId, title: text.title } },
      signatureOf(actor),
    )
    return { request, ...text }
  })
}
