/** The finished text of a statement, and how the values of one execution find their places in it. */

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

export class Param {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** As JSON can keep it: the names of parameters, and constants in lists of one. */
export interface StatementText {
  readonly sql: string
  readonly slots: readonly (string | readonly [ParamValue])[]
}

export interface Compiled {
  readonly sql: string
  /** Takes the parameters of one execution in the order the text wants them. */
  bind(params: Readonly<Record<string, ParamValue>>): ParamValue[]
}

export const compiledFrom = ({ sql, slots }: StatementText): Compiled => ({
  sql,
  bind: (params) => {
    const values: ParamValue[] = []
    for (const slot of slots) {
      const value = typeof slot === 'string' ? params[slot] : slot[0]
      if (value === undefined) throw new TypeError(`statement parameter ${String(slot)} is missing`)
      values.push(value)
    }
    return values
  },
})
