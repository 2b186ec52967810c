/** What was proposed, for whom, and what became of it. Reads only. */
import type { Task, TaskId } from '../domain/task.ts'
import { isStale, type ProposalState, type TriageRequest } from '../domain/triage.ts'
import type { Connection } from '../store/connection.ts'
import {
  findOpenTriageRequests,
  findProposedCards,
  findQuietRough,
  findTriageRequests,
  findWaitingProposals,
  type ProposedCard,
} from '../store/tables/triage.ts'
import { requireTask, type KernelDeps } from './deps.ts'
import { stateOf } from './settle-proposals.ts'

export interface Proposals {
  readonly request: TriageRequest
  readonly subject: Task
  readonly helper: Task
  /** The rough card was edited after this was asked for. */
  readonly isStale: boolean
  readonly cards: readonly (ProposedCard & { readonly state: ProposalState })[]
}

/** Of one rough card everything that was ever proposed; of the whole board what is under way or waits for a decision. */
export async function listProposals({ store }: KernelDeps, id: TaskId | null): Promise<Proposals[]> {
  return store.read(async (db) => {
    if (id !== null) {
      await requireTask(db, id)
      return Promise.all((await findTriageRequests(db, id)).map((request) => proposalsOf(db, request)))
    }
    const all: Proposals[] = []
    for (const request of await findOpenTriageRequests(db)) {
      const proposals = await proposalsOf(db, request)
      if (isOpen(proposals)) all.push(proposals)
    }
    return all
  })
}

async function proposalsOf(db: Connection, request: TriageRequest): Promise<Proposals> {
  const subject = await requireTask(db, request.subjectId)
  const cards = []
  for (const card of await findProposedCards(db, request.helperId))
    cards.push({ ...card, state: await stateOf(db, card) })
  return {
    request,
    subject,
    helper: await requireTask(db, request.helperId),
    isStale: isStale(request, subject),
    cards,
  }
}

const isAtWork = ({ helper }: Proposals): boolean => helper.status !== 'done' && helper.status !== 'archived'
const hasText = ({ request: { text, decision } }: Proposals): boolean => text !== null && decision === null

const isOpen = (proposals: Proposals): boolean =>
  isAtWork(proposals) || hasText(proposals) || proposals.cards.some(({ state }) => state === 'waiting')

export interface TriageOutlook {
  /** Rough cards that nobody asked help for, and that were left alone for long enough. */
  readonly quiet: readonly TaskId[]
  /** What is under way, or waits for a decision. */
  readonly open: readonly Proposals[]
}

/** What a dispatcher looks at that helps with rough cards by itself. */
export async function readTriage(
  deps: KernelDeps,
  { quietSince, limit }: { readonly quietSince: number; readonly limit: number },
): Promise<TriageOutlook> {
  const open = await listProposals(deps, null)
  const quiet = await deps.store.read((db) => findQuietRough(db, quietSince, limit))
  return { quiet, open }
}

/** Ids of every proposed card that waits for a decision, on the whole board. */
export const listWaitingProposals = ({ store }: KernelDeps): Promise<TaskId[]> =>
  store.read(async (db) => (await findWaitingProposals(db)).map(({ id }) => id))
