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
  sql,
  type Compilable,
  type QueryCompiler,
  type RawBuilder,
} from 'kysely'
import type { Tables } from './schema.ts'

export type DialectName = 'sqlite' | 'postgres'

/** What the builder of a statement is given beside the query builder. */
export interface StatementDialect {
  readonly name: DialectName
  /**
   * Locks the selected rows until the end of the transaction; nothing on SQLite, where a write transaction is alone. Rows
   * that refer to them may still be added: their keys never change.
   */
  lock<Q extends { forNoKeyUpdate(): Q }>(query: Q): Q
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

/** Where the values go that a builder knows when it builds. */
type Constants = 'in the text' | 'bound'

export class Statement<P, R> {
  readonly #build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>
  readonly #constants: Constants
  readonly #compiled = new Map<DialectName, Compiled>()

  constructor(
    build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>,
    constants: Constants = 'in the text',
  ) {
    this.#build = build
    this.#constants = constants
  }

  compiled(dialect: DialectName): Compiled {
    const known = this.#compiled.get(dialect)
    if (known !== undefined) return known
    const params = new Proxy({}, { get: (_, name) => new Param(String(name)) })
    const builder = builders[this.#constants][dialect]()
    const query = this.#build(builder, params as P, DIALECTS[dialect]).compile()
    const compiled = { sql: query.sql, bind: binder(query.parameters) }
    this.#compiled.set(dialect, compiled)
    return compiled
  }
}

function binder(slots: readonly unknown[]): Compiled['bind'] {
  return (params) => {
    const values: ParamValue[] = []
    for (const slot of slots) {
      const value = slot instanceof Param ? params[slot.name] : (slot as ParamValue)
      if (value === undefined)
        throw new TypeError(`statement parameter ${(slot as Param | undefined)?.name} is missing`)
      values.push(value)
    }
    return values
  }
}

/** Declares a statement; `params` in the builder stands for the values of each execution. */
export const statement =
  <P extends Record<string, ParamValue>>() =>
  <R>(build: (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>): Statement<P, R> =>
    new Statement(build)

const DIALECTS: Readonly<Record<DialectName, StatementDialect>> = {
  sqlite: { name: 'sqlite', lock: (query) => query },
  postgres: { name: 'postgres', lock: (query) => query.forNoKeyUpdate() },
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

type Builders = Readonly<Record<DialectName, () => Kysely<Tables>>>

const buildersWith = (sqlite: () => QueryCompiler, postgres: () => QueryCompiler): Builders => ({
  sqlite: once(
    () =>
      new Kysely<Tables>({
        dialect: {
          createAdapter: () => new SqliteAdapter(),
          createDriver: () => new DummyDriver(),
          createIntrospector: (db) => new SqliteIntrospector(db),
          createQueryCompiler: sqlite,
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
          createQueryCompiler: postgres,
        },
      }),
  ),
})

// A partial index is used only where its condition stands in the text: `status = 'ready'` finds it, `status = ?` reads the
// whole table, because the plan is made before the value is known.
class SqliteConstants extends SqliteQueryCompiler {
  protected override appendValue(value: unknown): void {
    if (value instanceof Param) super.appendValue(value)
    else this.appendImmediateValue(value)
  }
}
class PostgresConstants extends PostgresQueryCompiler {
  protected override appendValue(value: unknown): void {
    if (value instanceof Param) super.appendValue(value)
    else this.appendImmediateValue(value)
  }
}

const builders: Readonly<Record<Constants, Builders>> = {
  'in the text': buildersWith(
    () => new SqliteConstants(),
    () => new PostgresConstants(),
  ),
  // What somebody typed is a value, never text.
  bound: buildersWith(
    () => new SqliteQueryCompiler(),
    () => new PostgresQueryCompiler(),
  ),
}

/** Any number of texts, as JSON in one parameter, so that the statement stays the same: for `in` and `not in`. */
export const textsIn = (texts: string, { name }: StatementDialect): RawBuilder<string> =>
  name === 'sqlite'
    ? sql`(select value from json_each(${texts}))`
    : sql`(select jsonb_array_elements_text(${texts}::jsonb))`

/** For a query whose shape depends on what is asked: built each time, executed with its own values. */
export function adHoc<R>(
  dialect: DialectName,
  build: (db: Kysely<Tables>, dialect: StatementDialect) => Compilable<R>,
): Statement<Record<string, never>, R> {
  const made = new Statement<Record<string, never>, R>((db, _params, words) => build(db, words), 'bound')
  made.compiled(dialect)
  return made
}
