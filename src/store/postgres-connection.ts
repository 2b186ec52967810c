/** One PostgreSQL connection in a transaction, executing prepared statements. */
import type { PoolClient, QueryResult } from 'pg'
import type { Connection, PendingEvent, WriteTransaction } from './connection.ts'
import type { ParamValue, Statement } from './statement.ts'

/** Statements whose text is not known beforehand are prepared up to this number; further ones are parsed each time. */
const MAX_PREPARED = 500

/** Each text is prepared once per connection, under the same name on all of them. */
export class StatementNames {
  readonly #names = new Map<string, string>()

  of(sql: string): string | undefined {
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    if (this.#names.size >= MAX_PREPARED) return undefined
    const name = `yard_${this.#names.size + 1}`
    this.#names.set(sql, name)
    return name
  }
}

type Params = Readonly<Record<string, ParamValue>>

export class PostgresConnection implements Connection {
  readonly dialect = 'postgres' as const
  readonly #client: PoolClient
  readonly #names: StatementNames

  constructor(client: PoolClient, names: StatementNames) {
    this.#client = client
    this.#names = names
  }

  async all<P extends Params, R>(statement: Statement<P, R>, params: P): Promise<R[]> {
    return (await this.query(statement, params)).rows as R[]
  }

  async get<P extends Params, R>(statement: Statement<P, R>, params: P): Promise<R | undefined> {
    return (await this.query(statement, params)).rows[0] as R | undefined
  }

  async run<P extends Params>(statement: Statement<P, unknown>, params: P): Promise<number> {
    return (await this.query(statement, params)).rowCount ?? 0
  }

  protected query<P extends Params>(statement: Statement<P, unknown>, params: P): Promise<QueryResult> {
    const compiled = statement.compiled('postgres')
    const name = this.#names.of(compiled.sql)
    const named = name === undefined ? {} : { name }
    return this.#client.query({ text: compiled.sql, values: compiled.bind(params), ...named })
  }
}

export class PostgresTransaction extends PostgresConnection implements WriteTransaction {
  readonly now: number
  readonly events: PendingEvent[] = []
  hasChanged = false

  constructor(client: PoolClient, names: StatementNames, now: number) {
    super(client, names)
    this.now = now
  }

  emit(event: PendingEvent): void {
    this.events.push(event)
  }

  protected override async query<P extends Params>(
    statement: Statement<P, unknown>,
    params: P,
  ): Promise<QueryResult> {
    const result = await super.query(statement, params)
    if (result.command !== 'SELECT' && (result.rowCount ?? 0) > 0) this.hasChanged = true
    return result
  }
}
