/**
 * PostgreSQL as a store, shared by any number of hosts. The database coordinates them: row locks decide who wins, its
 * clock is everybody's clock, and its notifications wake whoever waits.
 */
import { createHash } from 'node:crypto'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { unavailable } from '../domain/errors.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import { randomBetween } from '../lib/ids.ts'
import type { ChangeListener, Connection, PendingEvent, Store, WriteTransaction } from './connection.ts'
import { ADVISORY, migratePostgres, postgresLedger } from './migrate.ts'
import { PostgresConnection, PostgresTransaction, StatementNames } from './postgres-connection.ts'
import { postgresAddress, prepareClient, type PostgresAddress } from './postgres-connect.ts'
import { explained, isAborted, isConflict, isDisconnect, unknownOutcome } from './postgres-errors.ts'
import { PostgresWatch } from './postgres-watch.ts'
import type { ParamValue } from './statement.ts'
import { eventParams } from './tables/events.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?schema=name` */
  readonly url: string
  /** Makes the board when there is none; without it, that is refused. */
  readonly create?: boolean
  /** Takes the place of the database's clock, for a process that moves time by itself. */
  readonly clock?: Clock
  /** Connections this process may hold at once, beside the one that listens. */
  readonly poolSize?: number
}

/** Connects, brings the schema up to date and returns the board. Throws `unavailable` with what to do. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresStore> {
  // Loaded here, so that a board in a file never pays for it.
  const { default: pg } = await import('pg')
  const address = postgresAddress(options.url)
  const pool = new pg.Pool({ ...address.config, max: options.poolSize ?? 10, idleTimeoutMillis: 60_000 })
  pool.on('connect', prepareClient)
  // An idle connection that breaks is dropped by the pool; the next query makes a new one.
  pool.on('error', () => undefined)
  try {
    const board = await openBoard(pool, address, options.create ?? false)
    const connect = () => {
      const client = new pg.Client(address.config)
      prepareClient(client)
      return client
    }
    const clock = options.clock ?? systemClock
    const watch = new PostgresWatch({ connect, channel: board.channel, clock })
    return new PostgresStore({
      pool,
      location: address.location,
      ...board,
      watch,
      clock,
      ownTime: options.clock !== undefined,
    })
  } catch (error) {
    await pool.end()
    throw explained(error, address.location)
  }
}

interface Board {
  readonly boardId: string
  readonly schema: string
  readonly channel: string
}

const OLDEST_SERVER = 14

async function openBoard(
  pool: Pool,
  { location, schema: wanted }: PostgresAddress,
  create: boolean,
): Promise<Board> {
  const client = await pool.connect()
  try {
    if (create && wanted !== null)
      await client.query(`create schema if not exists ${client.escapeIdentifier(wanted)}`)
    const facts = await client.query<{ schema: string | null; server: number; standby: boolean }>(
      `select current_schema() as schema, current_setting('server_version_num')::int as server, pg_is_in_recovery() as standby`,
    )
    const { schema, server, standby } = facts.rows[0] ?? { schema: null, server: 0, standby: false }
    if (schema === null) {
      throw unavailable(
        'schema_missing',
        `Cannot open the board at ${location}: its schema does not exist. Create it with: create schema ${wanted ?? 'public'}`,
      )
    }
    if (server < OLDEST_SERVER * 10_000) {
      throw unavailable(
        'database_old',
        `Cannot use PostgreSQL ${Math.floor(server / 10_000)} at ${location}: version ${OLDEST_SERVER} or newer is needed.`,
      )
    }
    if (standby)
      throw unavailable(
        'database_standby',
        `Cannot open the board at ${location}: the server is a read-only standby. Give the address of the primary.`,
      )
    const ledger = await postgresLedger(client)
    if (ledger === null) await refuseForeignTables(client, location)
    if (!create && ledger === null) {
      throw unavailable(
        'board_missing',
        `There is no board at ${location} (schema ${schema}). Create one with: yard init`,
      )
    }
    await migratePostgres(client, { location })
    const meta = await client.query<{ value: string }>(`select value from board_meta where key = 'board_id'`)
    const boardId = meta.rows[0]?.value
    if (boardId === undefined)
      throw unavailable(
        'board_unknown',
        `The board at ${location} has lost its identity (board_meta has no board_id). Restore a backup with: yard restore <file>`,
      )
    return { boardId, schema, channel: `yardmaster_${createHash('md5').update(schema).digest('hex')}` }
  } finally {
    client.release()
  }
}

/** Tables of another program that have our names would be mixed up with ours. */
async function refuseForeignTables(client: PoolClient, location: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = current_schema() and tablename in ('tasks', 'task_events', 'board_meta')`,
  )
  if (rows[0] === undefined) return
  throw unavailable(
    'board_foreign',
    `Cannot make a board at ${location}: its schema has a table "${rows[0].name}" of another program. Nothing was changed. Give the board a schema of its own by adding ?schema=yardmaster to the address.`,
  )
}

interface Parts extends Board {
  readonly pool: Pool
  readonly location: string
  readonly watch: PostgresWatch
  readonly clock: Clock
  readonly ownTime: boolean
}

/** A transaction that met another one is done again this often. */
const MAX_ATTEMPTS = 12
const RETRY_MS = { min: 1, max: 8 } as const

const NOW = 'floor(extract(epoch from clock_timestamp()))::bigint as now'

export class PostgresStore implements Store {
  readonly dialect = 'postgres' as const
  readonly location: string
  readonly boardId: string
  readonly #parts: Parts
  readonly #names = new StatementNames()
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.location = parts.location
    this.boardId = parts.boardId
    this.#parts = parts
  }

  async write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work)
      } catch (error) {
        if (error instanceof NotBegun && attempt === 1) continue
        const cause = error instanceof NotBegun ? error.cause : error
        if (!isConflict(cause) || attempt === MAX_ATTEMPTS) throw explained(cause, this.location)
        await this.#parts.clock.sleep(randomBetween(RETRY_MS.min * attempt, RETRY_MS.max * attempt))
      }
    }
  }

  async read<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    let broken = false
    try {
      // The first query of `work` follows on its heels: there is nothing in the answer to wait for.
      const begun = client.query('begin isolation level repeatable read read only')
      begun.catch(() => undefined)
      const result = await work(new PostgresConnection(client, this.#names))
      await begun
      await client.query('commit')
      return result
    } catch (error) {
      broken = await rolledBack(client).then((done) => !done)
      throw explained(error, this.location)
    } finally {
      client.release(broken)
    }
  }

  async now(): Promise<number> {
    if (this.#parts.ownTime) return this.#parts.clock.now()
    try {
      const { rows } = await this.#parts.pool.query<{ now: number }>(`select ${NOW}`)
      return rows[0]?.now ?? 0
    } catch (error) {
      throw explained(error, this.location)
    }
  }

  /** Which transactions a reader would see now: after a commit by anybody the answer is another one. */
  async version(): Promise<string> {
    try {
      const { rows } = await this.#parts.pool.query<{ snapshot: string }>({
        name: 'yard_version',
        text: 'select pg_current_snapshot()::text as snapshot',
      })
      return rows[0]?.snapshot ?? ''
    } catch (error) {
      throw explained(error, this.location)
    }
  }

  watch(listener: ChangeListener): Disposable {
    return this.#parts.watch.watch(listener)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Waits for the transactions that were asked for. */
  async close(): Promise<void> {
    this.#closing ??= this.#parts.watch.close().then(() => this.#parts.pool.end())
    await this.#closing
  }

  async #connect(): Promise<PoolClient> {
    if (this.#closing !== undefined) throw new Error('the store is closed')
    try {
      return await this.#parts.pool.connect()
    } catch (error) {
      throw explained(error, this.location)
    }
  }

  async #attempt<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    let broken = false
    try {
      const tx = new PostgresTransaction(client, this.#names, await this.#begin(client))
      const result = await work(tx)
      await this.#commit(client, tx)
      return result
    } catch (error) {
      broken = await rolledBack(client).then((done) => !done)
      throw error
    } finally {
      client.release(broken)
    }
  }

  /** Begins, and reads the clock in the same round trip. */
  async #begin(client: PoolClient): Promise<number> {
    const { ownTime, clock } = this.#parts
    try {
      const results = (await client.query(
        `begin isolation level read committed; select ${NOW}`,
      )) as unknown as QueryResult<{ now: number }>[]
      return ownTime ? clock.now() : (results[1]?.rows[0]?.now ?? 0)
    } catch (error) {
      // The server was restarted while the connection idled: nothing has been done yet, so another one may try.
      throw isDisconnect(error) ? new NotBegun(error) : error
    }
  }

  /**
   * Events get their ids here, under a lock that is held until the commit is visible. Without it, a transaction could draw
   * id 7, another one draw 8 and commit first, and a reader whose cursor has moved on to 8 would never be shown 7.
   */
  async #commit(client: PoolClient, tx: PostgresTransaction): Promise<void> {
    const { schema, channel } = this.#parts
    const sent: Promise<QueryResult>[] = []
    if (tx.events.length > 0) {
      sent.push(
        client.query({
          name: 'yard_turn',
          text: LOCK_AND_NOTIFY,
          values: [ADVISORY.events, schema, channel],
        }),
      )
      sent.push(client.query({ name: 'yard_events', text: INSERT_EVENTS, values: columns(tx.events) }))
    } else if (tx.hasChanged) {
      sent.push(client.query({ name: 'yard_notify', text: NOTIFY, values: [channel] }))
    }
    // All in one round trip. Where one fails, the server rolls back in the place of the commit.
    const commit = client.query('commit')
    const settled = await Promise.allSettled([...sent, commit])
    const failed = settled.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined && !isAborted(failed.reason)) {
      throw isDisconnect(failed.reason) ? unknownOutcome(this.location, failed.reason) : failed.reason
    }
    if (failed !== undefined || (await commit).command !== 'COMMIT') {
      throw new Error('the error of a statement was swallowed, and the whole transaction was undone with it')
    }
  }
}

const LOCK_AND_NOTIFY = `select pg_advisory_xact_lock($1::int, hashtext($2)), pg_notify($3, '')`
const NOTIFY = `select pg_notify($1, '')`
const INSERT_EVENTS = `insert into task_events (task_id, run_id, kind, payload, created_at, actor, door)
  select task_id, run_id, kind, payload, created_at, actor, door
  from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
    with ordinality as event (task_id, run_id, kind, payload, created_at, actor, door, place)
  order by place`

function columns(events: readonly PendingEvent[]): ParamValue[][] {
  const rows = events.map(eventParams)
  return (['taskId', 'runId', 'kind', 'payload', 'createdAt', 'actor', 'door'] as const).map((name) =>
    rows.map((row) => row[name] ?? null),
  )
}

/** The connection was found dead before the transaction began. */
class NotBegun extends Error {
  constructor(cause: unknown) {
    super('the transaction could not begin', { cause })
  }
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}
