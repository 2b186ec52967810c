/** How runs ended, counted. */
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

export interface RunCount {
  /** Null for open runs. */
  readonly outcome: string | null
  readonly profile: string | null
  readonly count: number
}

const counts = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('task_runs')
    .select(({ fn }) => ['outcome', 'profile', fn.countAll().as('n')])
    .groupBy(['outcome', 'profile']),
)

export const countRunsByOutcome = async (db: Connection): Promise<RunCount[]> =>
  (await db.all(counts, {})).map(({ outcome, profile, n }) => ({ outcome, profile, count: Number(n) }))
