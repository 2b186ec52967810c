/**
 * Statements are built once with Kysely, typed, and then only executed: building a query costs several times its execution.
 * Parameters are named in the builder and filled in at each execution. The build of this program builds them too and puts
 * their texts in the place of their builders (scripts/statement-texts.mjs): a process that starts need not even load Kysely.
 */
import type { Compilable, Kysely } from 'kysely'
import { buildQuery, type BuildQuery, type Constants } from './build-query.ts'
import {
  compiledFrom,
  Param,
  type Compiled,
  type DialectName,
  type ParamValue,
  type StatementDialect,
  type StatementText,
} from './statement-text.ts'
import type { Tables } from './schema.ts'

export type StatementTexts = Readonly<Record<DialectName, StatementText>>

export class Statement<P, R> {
  readonly #source: BuildQuery<P, R> | StatementTexts
  readonly #constants: Constants
  readonly #compiled = new Map<DialectName, Compiled>()

  constructor(source: BuildQuery<P, R> | StatementTexts, constants: Constants = 'in the text') {
    this.#source = source
    this.#constants = constants
  }

  compiled(dialect: DialectName): Compiled {
    const known = this.#compiled.get(dialect)
    if (known !== undefined) return known
    const compiled = compiledFrom(this.text(dialect))
    this.#compiled.set(dialect, compiled)
    return compiled
  }

  text(dialect: DialectName): StatementText {
    if (typeof this.#source === 'object') return this.#source[dialect]
    const { sql, slots } = buildQuery(this.#source, dialect, this.#constants)
    return { sql, slots: slots.map((slot) => (slot instanceof Param ? slot.name : [slot])) }
  }
}

/** Declares a statement; `params` in the builder stands for the values of each execution. */
export const statement =
  <P extends Record<string, ParamValue>>() =>
  <R>(build: BuildQuery<P, R>): Statement<P, R> =>
    new Statement(build)

/** For a query whose shape depends on what is asked: built each time, executed with its own values. */
export function adHoc<R>(
  dialect: DialectName,
  build: (db: Kysely<Tables>, dialect: StatementDialect) => Compilable<R>,
): Statement<Record<string, never>, R> {
  const made = new Statement<Record<string, never>, R>((db, _params, words) => build(db, words), 'bound')
  made.compiled(dialect)
  return made
}

export { textsIn } from './build-query.ts'
export type { Compiled, DialectName, ParamValue, StatementDialect, StatementText } from './statement-text.ts'
