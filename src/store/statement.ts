/**
 * Statements are built once with Kysely, typed, and then only executed: building a query costs several times its execution.
 * Parameters are named in the builder and filled in at each execution.
 */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Compilable,
} from 'kysely'
import type { Tables } from './schema.ts'

export type DialectName = 'sqlite' | 'postgres'

/** What the builder of a statement is given beside the query builder. */
export interface StatementDialect {
  readonly name: DialectName
  /** Locks the selected rows until the end of the transaction; nothing on SQLite, where a write transaction is alone. */
  lock<Q extends { forUpdate(): Q }>(query: Q): Q
}

/** A value that an integer or text parameter may take. */
export type ParamValue = string | number | null

export interface Compiled {
  readonly sql: string
  /** Takes the parameters of one execution in the order the text wants them. */
  bind(params: Readonly<Record<string, ParamValue>>): ParamValue[]
}

class Param {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class Statement<P, R> {
  readonly #build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>
  readonly #compiled = new Map<DialectName, Compiled>()

  constructor(build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>) {
    this.#build = build
  }

  compiled(dialect: DialectName): Compiled {
    const known = this.#compiled.get(dialect)
    if (known !== undefined) return known
    const params = new Proxy({}, { get: (_, name) => new Param(String(name)) })
    const query = this.#build(builders[dialect](), params as P, DIALECTS[dialect]).compile()
    const compiled = { sql: query.sql, bind: binder(query.parameters) }
    this.#compiled.set(dialect, compiled)
    return compiled
  }
}

function binder(slots: readonly unknown[]): Compiled['bind'] {
  const names = slots.map((slot) => (slot instanceof Param ? slot.name : null))
  return (params) =>
    slots.map((slot, index) => {
      const name = names[index]
      const value = typeof name === 'string' ? params[name] : (slot as ParamValue)
      if (value === undefined) throw new TypeError(`statement parameter ${name} is missing`)
      return value
    })
}

/** Declares a statement; `params` in the builder stands for the values of each execution. */
export const statement =
  <P extends Record<string, ParamValue>>() =>
  <R>(build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>): Statement<P, R> =>
    new Statement(build)

const DIALECTS: Readonly<Record<DialectName, StatementDialect>> = {
  sqlite: { name: 'sqlite', lock: (query) => query },
  postgres: { name: 'postgres', lock: (query) => query.forUpdate() },
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

const builders: Readonly<Record<DialectName, () => Kysely<Tables>>> = {
  sqlite: once(
    () =>
      new Kysely<Tables>({
        dialect: {
          createAdapter: () => new SqliteAdapter(),
          createDriver: () => new DummyDriver(),
          createIntrospector: (db) => new SqliteIntrospector(db),
          createQueryCompiler: () => new SqliteQueryCompiler(),
        },
      }),
  ),
  postgres: once(
    () =>
      new Kysely<Tables>({
        dialect: {
          createAdapter: () => new PostgresAdapter(),
          createDriver: () => new DummyDriver(),
          createIntrospector: (db) => new PostgresIntrospector(db),
          createQueryCompiler: () => new PostgresQueryCompiler(),
        },
      }),
  ),
}

/** For a query whose shape depends on what is asked: built each time, executed with its own values. */
export function adHoc<R>(
  dialect: DialectName,
  build: (db: Kysely<Tables>, dialect: StatementDialect) => Compilable<R>,
): Statement<Record<string, never>, R> {
  const made = new Statement<Record<string, never>, R>((db, _params, words) => build(db, words))
  made.compiled(dialect)
  return made
}
