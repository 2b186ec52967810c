/** Holds: why something may not run. A hold is lifted, never deleted. */
import { isHolding, type Hold, type HoldDraft, type HoldKind, type HoldScope } from '../../domain/hold.ts'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

const COLUMNS = [
  'id',
  'scope',
  'target',
  'kind',
  'reason',
  'actor',
  'since',
  'until',
  'lifted_at as liftedAt',
  'lifted_by as liftedBy',
] as const

const insert = statement<{
  scope: string
  target: string
  kind: string
  reason: string
  actor: string
  since: number
  until: number | null
}>()((db, p) =>
  db
    .insertInto('holds')
    .values({
      scope: p.scope,
      target: p.target,
      kind: p.kind,
      reason: p.reason,
      actor: p.actor,
      since: p.since,
      until: p.until,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['scope', 'target', 'kind'])
        .where('lifted_at', 'is', null)
        .doUpdateSet((eb) => ({
          reason: eb.ref('excluded.reason'),
          actor: eb.ref('excluded.actor'),
          until: eb.ref('excluded.until'),
          // One that had run out begins anew.
          since: eb
            .case()
            .when('holds.until', '<=', eb.ref('excluded.since'))
            .then(eb.ref('excluded.since'))
            .else(eb.ref('holds.since'))
            .end(),
        })),
    ),
)

/** Opens a hold; an open one of the same kind on the same target takes over the new reason and end. */
export const openHold = (db: Connection, hold: HoldDraft, actor: string, now: number): Promise<number> =>
  db.run(insert, {
    scope: hold.scope,
    target: hold.target,
    kind: hold.kind,
    reason: hold.reason,
    actor,
    since: now,
    until: hold.until ?? null,
  })

const lift = statement<{ scope: string; target: string; kind: string; now: number; by: string }>()((db, p) =>
  db
    .updateTable('holds')
    .set({ lifted_at: p.now, lifted_by: p.by })
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('kind', '=', p.kind)
    .where('lifted_at', 'is', null),
)

/** How many holds were lifted: 0 or 1. */
export const liftHold = (
  db: Connection,
  hold: { scope: HoldScope; target: string; kind: HoldKind },
  by: string,
  now: number,
): Promise<number> => db.run(lift, { scope: hold.scope, target: hold.target, kind: hold.kind, now, by })

const liftEnded = statement<{ id: number; now: number; by: string }>()((db, p) =>
  db
    .updateTable('holds')
    .set({ lifted_at: p.now, lifted_by: p.by })
    .where('id', '=', p.id)
    .where('lifted_at', 'is', null)
    .where('until', '<=', p.now),
)

/** Lifts a hold whose time has come; false when it was lifted or prolonged meanwhile. */
export const liftDueHold = async (
  db: Connection,
  { id }: Pick<Hold, 'id'>,
  by: string,
  now: number,
): Promise<boolean> => (await db.run(liftEnded, { id, now, by })) === 1

const open = statement<{ scope: string; target: string }>()((db, p) =>
  db
    .selectFrom('holds')
    .select(COLUMNS)
    .where('scope', '=', p.scope)
    .where('target', '=', p.target)
    .where('lifted_at', 'is', null)
    .orderBy('id'),
)

/** Holds on one target that were not lifted; some may have run out of time. */
export const findHolds = async (db: Connection, scope: HoldScope, target: string): Promise<Hold[]> =>
  (await db.all(open, { scope, target })) as Hold[]

// Three looks into the index: one condition with `or` would make SQLite walk through all open holds of the board.
const over = statement<{ task: string; profile: string; provider: string }>()((db, p) => {
  const open = db.selectFrom('holds').select(COLUMNS).where('lifted_at', 'is', null)
  return open
    .where('scope', '=', 'board')
    .unionAll(open.where('scope', '=', 'task').where('target', '=', p.task))
    .unionAll(open.where('scope', '=', 'profile').where('target', '=', p.profile))
    .unionAll(open.where('scope', '=', 'provider').where('target', '=', p.provider))
})

/** Holds on the card, on its profile, on the provider of its agent and on the board that were not lifted. */
export const findHoldsOver = async (
  db: Connection,
  { id, assignee }: { readonly id: string; readonly assignee: string | null },
  provider: string | null = null,
): Promise<Hold[]> =>
  inOrder((await db.all(over, { task: id, profile: assignee ?? '', provider: provider ?? '' })) as Hold[])

// Asked of SQLite, the order would cost a walk through all holds there ever were.
const inOrder = (holds: Hold[]): Hold[] => holds.sort((a, b) => a.id - b.id)

const wide = statement<Record<string, never>>()((db) =>
  db
    .selectFrom('holds')
    .select(COLUMNS)
    .where('scope', 'in', ['board', 'profile', 'provider'])
    .where('lifted_at', 'is', null)
    .orderBy('id'),
)

/** Holds on the board, on profiles and on providers that were not lifted. */
export const findWideHolds = async (db: Connection): Promise<Hold[]> => (await db.all(wide, {})) as Hold[]

const all = statement<Record<string, never>>()((db) =>
  db.selectFrom('holds').select(COLUMNS).where('lifted_at', 'is', null),
)

export const findOpenHolds = async (db: Connection): Promise<Hold[]> =>
  inOrder((await db.all(all, {})) as Hold[])

const byKind = statement<{ now: number }>()((db, p) =>
  db
    .selectFrom('holds')
    .select(({ fn }) => ['kind', fn.countAll().as('n')])
    .where('lifted_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', p.now)]))
    .groupBy('kind'),
)

/** How many hold now, by kind. */
export const countHolds = async (db: Connection, now: number): Promise<Map<HoldKind, number>> =>
  new Map((await db.all(byKind, { now })).map(({ kind, n }) => [kind as HoldKind, Number(n)]))

const due = statement<{ now: number }>()((db, p) =>
  db
    .selectFrom('holds')
    .select(COLUMNS)
    .where('lifted_at', 'is', null)
    .where('until', 'is not', null)
    .where('until', '<=', p.now)
    // Its own check lifts it, never the clock: the clock only says when to look again.
    .where('kind', '<>', 'preflight')
    // Its time only says when one run may try; an answer lifts it.
    .where('scope', '<>', 'provider')
    .orderBy('until')
    .limit(500),
)

/** Holds that end by the clock and whose time has come; at most 500. */
export const findDueHolds = async (db: Connection, now: number): Promise<Hold[]> =>
  (await db.all(due, { now })) as Hold[]

const next = statement<{ now: number }>()((db, p) =>
  db
    .selectFrom('holds')
    .select(({ fn }) => fn.min('until').as('at'))
    .where('lifted_at', 'is', null)
    .where('until', 'is not', null)
    .where('until', '>', p.now),
)

/** When the next hold ends by itself, or null. */
export const nextHoldEnd = async (db: Connection, now: number): Promise<number | null> => {
  const at = (await db.get(next, { now }))?.at ?? null
  return at === null ? null : Number(at)
}

export const holding = (holds: readonly Hold[], now: number): Hold[] =>
  holds.filter((hold) => isHolding(hold, now))

const lastBreaker = statement<{ profile: string }>()((db, p) =>
  db
    .selectFrom('holds')
    .select(({ fn }) => fn.max('lifted_at').as('at'))
    .where('scope', '=', 'profile')
    .where('kind', '=', 'breaker')
    .where('target', '=', p.profile)
    .where('lifted_at', 'is not', null),
)

/** When the profile's breaker was last lifted, or null. */
export const findLastBreakerLift = async (db: Connection, profile: string): Promise<number | null> => {
  const at = (await db.get(lastBreaker, { profile }))?.at ?? null
  return at === null ? null : Number(at)
}
