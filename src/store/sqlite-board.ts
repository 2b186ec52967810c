/**
 * A board in a SQLite file, as a store. Before each transaction it looks whether the file is still the one it opened, so
 * that a deleted or replaced file is an error at once and not a write into nothing.
 */
import { statSync, type Stats } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { unavailable } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { ChangeListener, Connection, Store, WriteTransaction } from './connection.ts'
import { boardDamage, explainedSqlite } from './damage.ts'
import { pendingMigrations } from './migrate.ts'
import { inspectSqliteFile } from './sqlite-file.ts'
import { SqliteWatch } from './sqlite-watch.ts'
import { SqliteStore, type SqliteOptions } from './sqlite.ts'

export interface SqliteBoardOptions extends SqliteOptions {
  readonly boardId: string
  readonly clock: Clock
  /** The file as it was when it was last found to be this board; unchanged, it is not looked at again. */
  readonly inspected?: Stats | undefined
  /** Path of the newest verified backup, for the error that needs it. */
  readonly newestBackup?: () => string | null
  readonly warn?: (message: string) => void
}

const YIELD_MS = 8
/**
 * A look at the file costs most of a millisecond, and while several processes write it changes many times a second: so many
 * looks at once, and then one after each pause, in milliseconds.
 */
const LOOKS = { atOnce: 4, everyMs: 250 } as const

/** The connections to one file; another one at the same path gets its own. */
interface Opened {
  readonly store: SqliteStore
  /** On a connection of its own, which sees the commits of all others. */
  readonly dataVersion: () => StatementSync
  readonly close: () => Promise<void>
  stat: Stats
}

export class SqliteBoard implements Store {
  readonly dialect = 'sqlite' as const
  readonly location: string
  readonly boardId: string
  readonly #options: SqliteBoardOptions
  readonly #watch: SqliteWatch
  #opened: Opened | undefined
  #closing: Promise<void> | undefined
  #yieldedAt = 0
  #looksLeft: number = LOOKS.atOnce
  #looksFilledAt = 0

  /** Opens nothing yet; the file is inspected by the first use. */
  constructor(options: SqliteBoardOptions) {
    this.#options = options
    this.location = options.file
    this.boardId = options.boardId
    this.#watch = new SqliteWatch({
      file: options.file,
      version: () => this.#version(),
      warn: options.warn ?? ((message) => process.emitWarning(message)),
    })
  }

  async write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    try {
      if (this.#mustYield()) await setImmediate()
      const { store, stat } = this.#current()
      const result = await store.write(work)
      if (!isSame(stat, this.#stat())) {
        throw unavailable(
          'board_replaced',
          `The change was not saved: the file ${this.location} was replaced while it was written. Make the change again.`,
        )
      }
      return result
    } catch (error) {
      throw this.#explained(error)
    }
  }

  async read<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    try {
      if (this.#mustYield()) await setImmediate()
      return await this.#current().store.read(work)
    } catch (error) {
      throw this.#explained(error)
    }
  }

  now(): Promise<number> {
    return Promise.resolve(this.#options.clock.now())
  }

  async version(): Promise<string> {
    try {
      return this.#version()
    } catch (error) {
      throw this.#explained(error)
    }
  }

  watch(listener: ChangeListener): Disposable {
    return this.#watch.watch(listener)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Waits for the transactions that were asked for. */
  async close(): Promise<void> {
    this.#watch.close()
    this.#closing ??= this.#opened?.close() ?? Promise.resolve()
    await this.#closing
  }

  /**
   * SQLite answers at once, so a loop of awaited transactions alone would never let a timer or a socket have its turn.
   */
  #mustYield(): boolean {
    const now = this.#options.clock.monotonicMs()
    if (now - this.#yieldedAt < YIELD_MS) return false
    this.#yieldedAt = now
    return true
  }

  #mayLook(): boolean {
    const now = this.#options.clock.monotonicMs()
    if (now - this.#looksFilledAt >= LOOKS.everyMs) {
      const more = Math.floor((now - this.#looksFilledAt) / LOOKS.everyMs)
      this.#looksLeft = Math.min(LOOKS.atOnce, this.#looksLeft + more)
      this.#looksFilledAt = now
    }
    if (this.#looksLeft === 0) return false
    this.#looksLeft--
    return true
  }

  /** The connections to the file that is there now. */
  #current(): Opened {
    if (this.#closing !== undefined) throw new Error('the store is closed')
    const stat = this.#stat()
    const opened = this.#opened
    if (opened !== undefined && stat !== undefined && isSame(opened.stat, stat)) {
      // Only checkpoints change the main file. Whenever it did change, it is looked at afresh: pages that were read before
      // hide what became of it.
      if (stat.mtimeMs === opened.stat.mtimeMs || !this.#mayLook()) return opened
      this.#inspect()
      opened.stat = stat
      return opened
    }
    if (stat === undefined || !isUntouched(this.#options.inspected, stat)) this.#inspect()
    this.#opened = undefined
    // A restored backup of the same board: go on with it. The old connections end by themselves.
    opened?.close().catch(() => undefined)
    return (this.#opened = this.#open(stat ?? statSync(this.location)))
  }

  #inspect(): void {
    const file = inspectSqliteFile(this.location)
    const damage = (code: Parameters<typeof boardDamage>[0], fact: string) =>
      boardDamage(code, this.location, fact, this.#newestBackup())
    switch (file.kind) {
      case 'board':
        if (file.boardId !== this.boardId)
          throw damage('board_foreign', 'the file is another board than the one that belongs here')
        pendingMigrations(file.ledger, { location: this.location })
        return
      case 'missing':
        throw damage('board_missing', 'the file is missing')
      case 'empty':
        throw damage('board_empty', 'the file is empty')
      case 'damaged':
        throw damage('board_damaged', `the file is damaged (${file.reason})`)
      case 'hermes':
        throw damage('board_foreign', 'the file is a Hermes board, not the one that belongs here')
      case 'foreign':
        throw damage('board_foreign', file.reason)
    }
  }

  #open(stat: Stats): Opened {
    const store = new SqliteStore(this.#options)
    store.onCommit(() => this.#watch.committed())
    let observer: DatabaseSync | undefined
    let dataVersion: StatementSync | undefined
    return {
      store,
      stat,
      dataVersion: () => {
        observer ??= new DatabaseSync(this.location, { readOnly: true, timeout: 1_000 })
        return (dataVersion ??= observer.prepare('pragma data_version'))
      },
      close: async () => {
        observer?.close()
        await store.close()
      },
    }
  }

  #version(): string {
    const { dataVersion, stat } = this.#current()
    return `${stat.ino} ${String(dataVersion().get()?.['data_version'])}`
  }

  #stat(): Stats | undefined {
    return statSync(this.location, { throwIfNoEntry: false })
  }

  #newestBackup(): string | null {
    return this.#options.newestBackup?.() ?? null
  }

  #explained(error: unknown): unknown {
    return explainedSqlite(error, this.location, () => this.#newestBackup())
  }
}

/** A board file never shrinks: one that did was cut. */
const isSame = (before: Stats, now: Stats | undefined): boolean =>
  now !== undefined && now.ino === before.ino && now.dev === before.dev && now.size >= before.size

const isUntouched = (before: Stats | undefined, now: Stats): boolean =>
  before !== undefined && isSame(before, now) && now.size === before.size && now.mtimeMs === before.mtimeMs
