/** What the tables' functions need of a database, and what the kernel needs of a store. */
import type { BoardEvent } from '../domain/event.ts'
import type { DialectName, ParamValue, Statement } from './statement.ts'

type Params = Readonly<Record<string, ParamValue>>

/** One connection inside one transaction. */
export interface Connection {
  readonly dialect: DialectName
  all<P extends Params, R>(statement: Statement<P, R>, params: P): Promise<R[]>
  get<P extends Params, R>(statement: Statement<P, R>, params: P): Promise<R | undefined>
  /** The number of rows that were changed. */
  run<P extends Params>(statement: Statement<P, unknown>, params: P): Promise<number>
}

/** An event as it is handed to the transaction; its id comes at the end. */
export type PendingEvent = Omit<BoardEvent, 'id'>

/** A write transaction. Nothing of it is visible, and nothing of it is lost, before it commits. */
export interface WriteTransaction extends Connection {
  /** The moment of the transaction in whole unix seconds; the database's own clock where several hosts share it. */
  readonly now: number
  /**
   * Events are written together at the end of the transaction, so that on PostgreSQL their ids grow in the order of the
   * commits: a reader that has seen id 8 will never be shown a 7 later.
   */
  emit(event: PendingEvent): void
}

/** Tells that something may have changed. A hint: whoever is woken reads from its own cursor. */
export type ChangeListener = () => void

export interface Store extends AsyncDisposable {
  readonly dialect: DialectName
  /** Where it is, fit to be shown: never with a password. */
  readonly location: string
  /** One identity per board, made when the board is. */
  readonly boardId: string
  /** Runs `work` alone among writers and commits; throws what `work` throws, with nothing written. May run `work` again after a serialisation conflict. */
  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T>
  /** Runs `work` on one consistent state of the board; it cannot write. */
  read<T>(work: (db: Connection) => Promise<T>): Promise<T>
  /** The wall clock all hosts of this board agree on, in whole unix seconds. */
  now(): Promise<number>
  /** A text that is another one after every commit by any process, and the same one while there was none. */
  version(): Promise<string>
  /** Calls `listener` soon after every commit by any process, and now and then without one. */
  watch(listener: ChangeListener): Disposable
}
