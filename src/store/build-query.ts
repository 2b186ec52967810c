/** Queries as Kysely builds them. Apart from the statements, most of which are built when this program is. */
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
  type Dialect,
  type QueryCompiler,
  type RawBuilder,
} from 'kysely'
import { Param, type DialectName, type ParamValue, type StatementDialect } from './statement-text.ts'
import type { Tables } from './schema.ts'

export type BuildQuery<P, R> = (db: Kysely<Tables>, params: P, dialect: StatementDialect) => Compilable<R>

/** Where the values go that a builder knows when it builds. */
export type Constants = 'in the text' | 'bound'

export interface BuiltQuery {
  readonly sql: string
  /** A value, or the parameter whose value is given at each execution. */
  readonly slots: readonly (ParamValue | Param)[]
}

/** The text of a query, with a slot for each value it needs; every property of `params` stands for a parameter. */
export function buildQuery<P, R>(
  build: BuildQuery<P, R>,
  dialect: DialectName,
  constants: Constants,
): BuiltQuery {
  const params = new Proxy({}, { get: (_, name) => new Param(String(name)) })
  const builder = builders[constants][dialect]()
  const query = build(builder, params as P, DIALECTS[dialect]).compile()
  return { sql: query.sql, slots: query.parameters as BuiltQuery['slots'] }
}

const DIALECTS: Readonly<Record<DialectName, StatementDialect>> = {
  sqlite: { name: 'sqlite', lock: (query) => query },
  postgres: { name: 'postgres', lock: (query) => query.forNoKeyUpdate() },
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

type Builders = Readonly<Record<DialectName, () => Kysely<Tables>>>

const builderWith = (
  dialect: Pick<Dialect, 'createAdapter' | 'createIntrospector'>,
  createQueryCompiler: () => QueryCompiler,
): (() => Kysely<Tables>) =>
  once(
    () =>
      new Kysely<Tables>({
        dialect: { ...dialect, createDriver: () => new DummyDriver(), createQueryCompiler },
      }),
  )

const buildersWith = (sqlite: () => QueryCompiler, postgres: () => QueryCompiler): Builders => ({
  sqlite: builderWith(
    {
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
    sqlite,
  ),
  postgres: builderWith(
    {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
    },
    postgres,
  ),
})

// A partial index is used only where its condition stands in the text: `status = 'ready'` finds it, `status = ?` reads the
// whole table, because the plan is made before the value is known. The classes are made when they are first needed, because
// what they extend may be loaded only then.
const sqliteConstants = once(
  () =>
    class SqliteConstants extends SqliteQueryCompiler {
      protected override appendValue(value: unknown): void {
        if (value instanceof Param) super.appendValue(value)
        else this.appendImmediateValue(value)
      }
    },
)
const postgresConstants = once(
  () =>
    class PostgresConstants extends PostgresQueryCompiler {
      protected override appendValue(value: unknown): void {
        if (value instanceof Param) super.appendValue(value)
        else this.appendImmediateValue(value)
      }
    },
)

const builders: Readonly<Record<Constants, Builders>> = {
  'in the text': buildersWith(
    () => new (sqliteConstants())(),
    () => new (postgresConstants())(),
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
