/** Help with rough cards, and the cards that were proposed. */
import type { Task, TaskId, TaskStatus } from '../../domain/task.ts'
import type { ProposedText, TriageKind, TriageRequest } from '../../domain/triage.ts'
import type { Connection } from '../connection.ts'
import type { TriageRequestsTable } from '../schema.ts'
import { statement } from '../statement.ts'

const COLUMNS = [
  'helper_id',
  'subject_id',
  'kind',
  'asked_title',
  'asked_body',
  'asked_at',
  'asked_by',
  'automatic',
  'text_title',
  'text_body',
  'text_assignee',
  'text_at',
  'decision',
  'decided_at',
  'decided_by',
] as const

const toRequest = (row: Omit<TriageRequestsTable, 'id'>): TriageRequest => ({
  helperId: row.helper_id,
  subjectId: row.subject_id,
  kind: row.kind as TriageKind,
  asked: { title: row.asked_title, body: row.asked_body, at: row.asked_at, by: row.asked_by },
  isAutomatic: row.automatic === 1,
  text:
    row.text_title === null || row.text_at === null
      ? null
      : {
          title: row.text_title,
          body: row.text_body,
          assignee: row.text_assignee,
          proposedAt: row.text_at,
        },
  decision:
    row.decision === null || row.decided_at === null
      ? null
      : { was: row.decision as 'accepted' | 'rejected', at: row.decided_at, by: row.decided_by ?? '' },
})

const insert = statement<{
  helper: string
  subject: string
  kind: string
  title: string
  body: string | null
  now: number
  by: string
  automatic: number
}>()((db, p) =>
  db.insertInto('triage_requests').values({
    helper_id: p.helper,
    subject_id: p.subject,
    kind: p.kind,
    asked_title: p.title,
    asked_body: p.body,
    asked_at: p.now,
    asked_by: p.by,
    automatic: p.automatic,
  }),
)

/** Help is asked for with the card as it is now. */
export const insertTriageRequest = (
  db: Connection,
  request: {
    readonly helper: TaskId
    readonly subject: Pick<Task, 'id' | 'title' | 'body'>
    readonly kind: TriageKind
    readonly by: string
    readonly isAutomatic: boolean
  },
  now: number,
): Promise<number> =>
  db.run(insert, {
    helper: request.helper,
    subject: request.subject.id,
    kind: request.kind,
    title: request.subject.title,
    body: request.subject.body,
    by: request.by,
    automatic: request.isAutomatic ? 1 : 0,
    now,
  })

const byHelper = statement<{ helper: string }>()((db, p) =>
  db.selectFrom('triage_requests').select(COLUMNS).where('helper_id', '=', p.helper),
)

/** What the runs of this card help with; undefined for an ordinary card. */
export async function findTriageRequest(
  db: Connection,
  helperId: TaskId,
): Promise<TriageRequest | undefined> {
  const row = await db.get(byHelper, { helper: helperId })
  return row === undefined ? undefined : toRequest(row)
}

const ofSubject = statement<{ subject: string }>()((db, p) =>
  db.selectFrom('triage_requests').select(COLUMNS).where('subject_id', '=', p.subject).orderBy('id'),
)

/** All the help that was asked for with a card, the first request first. */
export const findTriageRequests = async (db: Connection, subjectId: TaskId): Promise<TriageRequest[]> =>
  (await db.all(ofSubject, { subject: subjectId })).map(toRequest)

const openRequests = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('triage_requests as r')
    .select(COLUMNS)
    .where((eb) =>
      eb.or([
        eb.and([eb('r.text_at', 'is not', null), eb('r.decision', 'is', null)]),
        eb.exists(
          eb
            .selectFrom('tasks as t')
            .select('t.id')
            .whereRef('t.id', '=', 'r.helper_id')
            .where('t.status', 'not in', ['done', 'archived']),
        ),
        eb.exists(
          eb
            .selectFrom('proposed_cards as p')
            .innerJoin('holds as h', 'h.target', 'p.task_id')
            .select('p.task_id')
            .whereRef('p.helper_id', '=', 'r.helper_id')
            .where('h.scope', '=', 'task')
            .where('h.kind', '=', 'approval')
            .where('h.lifted_at', 'is', null),
        ),
      ]),
    )
    .orderBy('r.id'),
)

/** Requests that are under way, or of which something may wait for a decision. */
export const findOpenTriageRequests = async (db: Connection): Promise<TriageRequest[]> =>
  (await db.all(openRequests, {})).map(toRequest)

const setText = statement<{
  helper: string
  title: string
  body: string | null
  assignee: string | null
  now: number
}>()((db, p) =>
  db
    .updateTable('triage_requests')
    .set({
      text_title: p.title,
      text_body: p.body,
      text_assignee: p.assignee,
      text_at: p.now,
    })
    .where('helper_id', '=', p.helper)
    .where('decision', 'is', null),
)

/** False when the text of this request was decided on before. */
export const storeProposedText = async (
  db: Connection,
  helper: TaskId,
  { title, body, assignee }: Omit<ProposedText, 'proposedAt'>,
  now: number,
): Promise<boolean> => (await db.run(setText, { helper, title, body, assignee, now })) === 1

const decide = statement<{ helper: string; decision: string; by: string; now: number }>()((db, p) =>
  db
    .updateTable('triage_requests')
    .set({ decision: p.decision, decided_at: p.now, decided_by: p.by })
    .where('helper_id', '=', p.helper)
    .where('decision', 'is', null),
)

/** False when somebody else decided first. */
export const decideText = async (
  db: Connection,
  helper: TaskId,
  decision: 'accepted' | 'rejected',
  by: string,
  now: number,
): Promise<boolean> => (await db.run(decide, { helper, decision, by, now })) === 1

const propose = statement<{ task: string; helper: string }>()((db, p) =>
  db.insertInto('proposed_cards').values({ task_id: p.task, helper_id: p.helper }),
)

export const insertProposedCard = (db: Connection, task: TaskId, helper: TaskId): Promise<number> =>
  db.run(propose, { task, helper })

const proposer = statement<{ task: string }>()((db, p) =>
  db.selectFrom('proposed_cards').select('helper_id').where('task_id', '=', p.task),
)

/** The card whose run proposed this one; undefined for a card that was no proposal. */
export const findProposer = async (db: Connection, taskId: TaskId): Promise<TaskId | undefined> =>
  (await db.get(proposer, { task: taskId }))?.helper_id

export interface ProposedCard {
  readonly id: TaskId
  readonly title: string
  readonly assignee: string | null
  readonly status: TaskStatus
  readonly completedAt: number | null
}

const proposed = statement<{ helper: string }>()((db, p) =>
  db
    .selectFrom('proposed_cards as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select(['t.id', 't.title', 't.assignee', 't.status', 't.completed_at as completedAt'])
    .where('p.helper_id', '=', p.helper)
    .orderBy('p.id'),
)

/** What the runs of a card proposed, whatever became of it. */
export const findProposedCards = async (db: Connection, helperId: TaskId): Promise<ProposedCard[]> =>
  (await db.all(proposed, { helper: helperId })) as ProposedCard[]

const everyProposed = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('proposed_cards as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .innerJoin('holds as h', (join) =>
      join.onRef('h.target', '=', 't.id').on('h.scope', '=', 'task').on('h.kind', '=', 'approval'),
    )
    .select(['t.id', 'p.helper_id as helperId'])
    .where('h.lifted_at', 'is', null)
    .where('t.status', '=', 'blocked')
    .orderBy('p.id'),
)

/** Every proposed card of the board that is held until somebody decides on it. */
export const findWaitingProposals = (
  db: Connection,
): Promise<readonly { readonly id: TaskId; readonly helperId: TaskId }[]> => db.all(everyProposed, {})

const neverAsked = statement<{ before: number; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks as t')
    .select('t.id')
    .where('t.status', '=', 'triage')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb.selectFrom('triage_requests as r').select('r.helper_id').whereRef('r.subject_id', '=', 't.id'),
        ),
      ),
    )
    // What was proposed once, and put back by somebody, is theirs.
    .where((eb) =>
      eb.not(
        eb.exists(
          eb.selectFrom('proposed_cards as c').select('c.task_id').whereRef('c.task_id', '=', 't.id'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('task_events as e')
            .select('e.id')
            .whereRef('e.task_id', '=', 't.id')
            .where('e.created_at', '>', p.before),
        ),
      ),
    )
    .orderBy('t.priority', 'desc')
    .orderBy('t.created_at')
    .orderBy('t.id')
    .limit(p.limit),
)

/** Rough cards nobody asked help for, to which nothing has happened since `before`. */
export const findQuietRough = async (db: Connection, before: number, limit: number): Promise<TaskId[]> =>
  (await db.all(neverAsked, { before, limit })).map(({ id }) => id)
