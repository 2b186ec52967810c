/**
 * Locks on what no single row stands for. SQLite needs none: a write transaction is alone there. They are taken before any
 * row is locked, and last until the end of the transaction.
 */
import { sql } from 'kysely'
import type { Connection } from '../connection.ts'
import { statement } from '../statement.ts'

/** The first number of the pair, beside those of the migrations and the events; the second is the board's schema. */
const LINKS = 0x59617266
const ADMISSION = 0x59617267

const advisory = (name: 'pg_advisory_xact_lock' | 'pg_advisory_xact_lock_shared', what: number) =>
  statement<Record<string, never>>()((db) =>
    db.selectNoFrom(
      sql<string>`${sql.raw(name)}(${sql.lit(what)}, hashtext(current_schema()))::text`.as('locked'),
    ),
  )

const links = advisory('pg_advisory_xact_lock', LINKS)
const admissionAlone = advisory('pg_advisory_xact_lock', ADMISSION)
const admission = advisory('pg_advisory_xact_lock_shared', ADMISSION)

/** Makes this transaction the only one that changes links, so that two of them cannot close a circle together. */
export async function lockLinks(db: Connection): Promise<void> {
  if (db.dialect === 'postgres') await db.get(links, {})
}

/**
 * What may start is decided by counting runs and reading holds. `alone`: no other decision is under way, for one that counts
 * or pauses; otherwise only nobody who is alone.
 */
export async function lockAdmission(db: Connection, { alone }: { alone: boolean }): Promise<void> {
  if (db.dialect === 'postgres') await db.get(alone ? admissionAlone : admission, {})
}
