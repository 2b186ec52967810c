/**
 * SQLite as a store: one connection that writes, one that can only read, both kept open.
 * Writers wait for each other with short random pauses: SQLite's own busy handler lets one process starve the others.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { unavailable } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { randomBetween } from '../lib/ids.ts'
import type { Connection, PendingEvent, WriteTransaction } from './connection.ts'
import type { Compiled, ParamValue, Statement } from './statement.ts'
import { insertEvent } from './tables/events.ts'

export interface SqliteOptions {
  readonly file: string
  readonly clock: Clock
  /** FULL survives a power cut, NORMAL only a crash of the process. */
  readonly synchronous?: 'FULL' | 'NORMAL'
  /** How long a writer waits for its turn before it gives up, in milliseconds. */
  readonly busyTimeoutMs?: number
}

/** Random pauses of 1 to 4 ms: measured as the best balance of throughput and the slowest writer's wait with 8 writers. */
const RETRY_MS = { min: 1, max: 4 } as const
const BUSY_TIMEOUT_MS = 30_000
const SQLITE_BUSY = 5

export class SqliteStore {
  readonly dialect = 'sqlite' as const
  readonly location: string
  readonly #options: SqliteOptions
  readonly #writeTurn = new Turn()
  readonly #readTurn = new Turn()
  readonly #commitListeners = new Set<() => void>()
  #writer: SqliteConnection | undefined
  #reader: SqliteConnection | undefined
  #closed = false

  constructor(options: SqliteOptions) {
    this.#options = options
    this.location = options.file
  }

  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    return this.#writeTurn.take(async () => {
      const writer = (this.#writer ??= this.#openWriter())
      if (!writer.tryBegin()) await this.#waitToBegin(writer)
      const tx = new SqliteTransaction(writer, this.#options.clock.now())
      const before = writer.changes
      let result: T
      try {
        result = await work(tx)
        await tx.flush()
        writer.exec('commit')
      } catch (error) {
        writer.rollback()
        throw error
      }
      // A transaction that changed nothing wakes nobody: otherwise a refused claim would bring about the next one.
      if (writer.changes !== before) for (const listener of this.#commitListeners) listener()
      return result
    })
  }

  read<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return this.#readTurn.take(async () => {
      const reader = (this.#reader ??= this.#openReader())
      reader.exec('begin')
      try {
        return await work(reader)
      } finally {
        // Nothing was written, so this only ends the state that was read.
        reader.rollback()
      }
    })
  }

  now(): Promise<number> {
    return Promise.resolve(this.#options.clock.now())
  }

  /** Called after each commit of this process that changed something; other processes' commits are the change feed's business. */
  onCommit(listener: () => void): Disposable {
    this.#commitListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#commitListeners.delete(listener) }
  }

  /** Waits for the transactions that were asked for, then closes. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writeTurn.take(() => Promise.resolve(this.#writer?.close()))
    await this.#readTurn.take(() => Promise.resolve(this.#reader?.close()))
  }

  async #waitToBegin(writer: SqliteConnection): Promise<void> {
    const { clock, busyTimeoutMs = BUSY_TIMEOUT_MS } = this.#options
    const deadline = clock.monotonicMs() + busyTimeoutMs
    do {
      if (clock.monotonicMs() > deadline) {
        throw unavailable(
          'board_busy',
          `The board ${this.location} stayed locked by another process for ${Math.round(busyTimeoutMs / 1000)} s. Find it with: fuser ${this.location}`,
        )
      }
      await clock.sleep(randomBetween(RETRY_MS.min, RETRY_MS.max))
    } while (!writer.tryBegin())
  }

  #openWriter(): SqliteConnection {
    if (this.#closed) throw new Error('the store is closed')
    const db = new DatabaseSync(this.#options.file, { timeout: 5_000, enableForeignKeyConstraints: true })
    const synchronous = this.#options.synchronous ?? 'FULL'
    return prepared(
      db,
      // A file that was copied here may have another journal; with this one, readers and the writer never wait for each other.
      // Opening waits for a process that is just closing the file; after that, all waiting is done by `#waitToBegin`.
      `pragma journal_mode = wal; pragma busy_timeout = 0; pragma synchronous = ${synchronous}; pragma cache_size = -16000; pragma wal_autocheckpoint = 1000; pragma temp_store = memory`,
    )
  }

  #openReader(): SqliteConnection {
    if (this.#closed) throw new Error('the store is closed')
    // Read-only down to the file: a listing can neither change a row nor run a checkpoint.
    const db = new DatabaseSync(this.#options.file, { readOnly: true, timeout: 5_000 })
    return prepared(db, 'pragma cache_size = -16000; pragma temp_store = memory')
  }
}

/** The first statement is the first to read the file: when it fails, the connection must not stay open behind the error. */
function prepared(db: DatabaseSync, pragmas: string): SqliteConnection {
  try {
    db.exec(pragmas)
    return new SqliteConnection(db)
  } catch (error) {
    db.close()
    throw error
  }
}

/** Work is done one after another, in the order it was asked for. */
class Turn {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

interface Prepared {
  readonly statement: StatementSync
  readonly compiled: Compiled
  readonly columns: readonly string[]
  /** Whether the rows it gives are rows it wrote. */
  readonly writes: boolean
}

type SqlRow = Record<string, unknown>

/** Statements whose text is not known beforehand are kept up to this number. */
const MAX_PREPARED = 500

class SqliteConnection implements Connection {
  readonly dialect = 'sqlite' as const
  readonly #db: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()
  readonly #known = new WeakMap<object, Prepared>()
  #changes = 0

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** How many rows were changed so far. */
  get changes(): number {
    return this.#changes
  }

  all<P extends Readonly<Record<string, ParamValue>>, R>(
    statement: Statement<P, R>,
    params: P,
  ): Promise<R[]> {
    const { statement: prepared, compiled, columns, writes } = this.#prepare(statement)
    const rows = prepared.all(...compiled.bind(params)) as unknown as unknown[][]
    if (writes) this.#changes += rows.length
    return Promise.resolve(rows.map((row) => toObject(columns, row)) as R[])
  }

  get<P extends Readonly<Record<string, ParamValue>>, R>(
    statement: Statement<P, R>,
    params: P,
  ): Promise<R | undefined> {
    const { statement: prepared, compiled, columns, writes } = this.#prepare(statement)
    const row = prepared.get(...compiled.bind(params)) as unknown[] | undefined
    if (row === undefined) return Promise.resolve(undefined)
    if (writes) this.#changes++
    return Promise.resolve(toObject(columns, row) as R)
  }

  run<P extends Readonly<Record<string, ParamValue>>>(
    statement: Statement<P, unknown>,
    params: P,
  ): Promise<number> {
    const { statement: prepared, compiled } = this.#prepare(statement)
    const changes = Number(prepared.run(...compiled.bind(params)).changes)
    this.#changes += changes
    return Promise.resolve(changes)
  }

  exec(sql: 'begin' | 'commit'): void {
    this.#raw(sql).run()
  }

  tryBegin(): boolean {
    try {
      this.#raw('begin immediate').run()
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    }
  }

  rollback(): void {
    // SQLite may have rolled back by itself, for example on a full disk.
    if (this.#db.isTransaction) this.#raw('rollback').run()
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #prepare<P, R>(statement: Statement<P, R>): Prepared {
    const known = this.#known.get(statement)
    if (known !== undefined) return known
    const compiled = statement.compiled('sqlite')
    const raw = this.#raw(compiled.sql)
    raw.setReturnArrays(true)
    const columns = raw.columns().map(({ name }) => name)
    const prepared = { statement: raw, compiled, columns, writes: compiled.sql.includes(' returning ') }
    this.#known.set(statement, prepared)
    return prepared
  }

  #raw(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.delete(this.#prepared.keys().next().value ?? '')
    const prepared = this.#db.prepare(sql)
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

// Rows are taken as arrays and made into objects here: those node:sqlite makes have no prototype, and V8 reads their fields
// slowly. Twice as fast with the 26 columns of a card.
function toObject(columns: readonly string[], values: readonly unknown[]): SqlRow {
  const row: SqlRow = {}
  for (let index = 0; index < columns.length; index++) row[columns[index] as string] = values[index]
  return row
}

class SqliteTransaction implements WriteTransaction {
  readonly dialect = 'sqlite' as const
  readonly now: number
  readonly #connection: SqliteConnection
  readonly #events: PendingEvent[] = []

  constructor(connection: SqliteConnection, now: number) {
    this.#connection = connection
    this.now = now
  }

  all<P extends Readonly<Record<string, ParamValue>>, R>(
    statement: Statement<P, R>,
    params: P,
  ): Promise<R[]> {
    return this.#connection.all(statement, params)
  }

  get<P extends Readonly<Record<string, ParamValue>>, R>(
    statement: Statement<P, R>,
    params: P,
  ): Promise<R | undefined> {
    return this.#connection.get(statement, params)
  }

  run<P extends Readonly<Record<string, ParamValue>>>(
    statement: Statement<P, unknown>,
    params: P,
  ): Promise<number> {
    return this.#connection.run(statement, params)
  }

  emit(event: PendingEvent): void {
    this.#events.push(event)
  }

  async flush(): Promise<void> {
    for (const event of this.#events) await insertEvent(this.#connection, event)
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  'errcode' in error &&
  typeof error.errcode === 'number' &&
  (error.errcode & 0xff) === SQLITE_BUSY
