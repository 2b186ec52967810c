/** The attempt ledger: rows are added, never changed. */
import type { LedgerDraft, LedgerTotals } from '../../domain/change.ts'
import { ledgerDay } from '../../domain/attempts.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const insert = statement<{
  taskId: string
  runId: number | null
  profile: string | null
  day: number
  kind: string
  amount: number
  actor: string
  reason: string
  now: number
}>()((db, p) =>
  db.insertInto('attempt_ledger').values({
    task_id: p.taskId,
    run_id: p.runId,
    profile: p.profile,
    day: p.day,
    kind: p.kind,
    amount: p.amount,
    actor: p.actor,
    reason: p.reason,
    created_at: p.now,
  }),
)

export const insertLedgerRow = (
  db: Connection,
  row: LedgerDraft & {
    taskId: string
    runId: number | null
    profile: string | null
    actor: string
    now: number
  },
): Promise<number> =>
  db.run(insert, {
    taskId: row.taskId,
    runId: row.runId,
    profile: row.profile,
    day: ledgerDay(row.now),
    kind: row.kind,
    amount: row.amount,
    actor: row.actor,
    reason: row.reason,
    now: row.now,
  })

const ofTask = statement<{ taskId: string }>()((db, p) =>
  db.selectFrom('attempt_ledger').select(['kind', 'amount']).where('task_id', '=', p.taskId),
)

export async function ledgerTotals(db: Connection, taskId: string): Promise<LedgerTotals> {
  const totals = { charge: 0, refund: 0, grant: 0 }
  for (const row of await db.all(ofTask, { taskId })) totals[row.kind as keyof typeof totals] += row.amount
  return { charged: totals.charge, refunded: totals.refund, granted: totals.grant }
}

const ofDay = statement<{ profile: string; day: number }>()((db, p) =>
  db
    .selectFrom('attempt_ledger')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('profile', '=', p.profile)
    .where('day', '=', p.day)
    .where('kind', '=', 'charge'),
)

/** Attempts the profile has started on the day of `now` (UTC). */
export const attemptsOfDay = async (db: Connection, profile: string, now: number): Promise<number> =>
  Number((await db.get(ofDay, { profile, day: ledgerDay(now) }))?.n ?? 0)
