/** How a PostgreSQL address is read and shown, and what holds for every connection made with it. */
import type { ClientBase, ClientConfig } from 'pg'
import { invalid } from '../domain/errors.ts'

export const isPostgresUrl = (database: string): boolean => /^postgres(?:ql)?:\/\//.test(database)

export interface PostgresAddress {
  /** For people, logs and the registry: without password. */
  readonly location: string
  /** The schema the address asks for; null for the server's default. */
  readonly schema: string | null
  readonly config: ClientConfig
}

/** Milliseconds. The last one frees the locks of a host that was suspended in the middle of a transaction. */
const LIMITS = {
  statement_timeout: 60_000,
  lock_timeout: 15_000,
  idle_in_transaction_session_timeout: 60_000,
} as const

/** Reads `postgres://user:password@host:port/database?schema=name`; other parameters are those of libpq. */
export function postgresAddress(url: string): PostgresAddress {
  const parsed = parse(url)
  const schema = parsed.searchParams.get('schema')
  parsed.searchParams.delete('schema')
  if (schema !== null && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw invalid(
      'bad_schema',
      `Cannot use the PostgreSQL schema "${schema}": use lowercase letters, digits and _, starting with a letter.`,
      { schema },
    )
  }
  return {
    location: shown(url),
    schema,
    config: {
      connectionString: parsed.href,
      application_name: 'yardmaster',
      ...(schema === null ? {} : { options: `-c search_path=${schema}` }),
      ...LIMITS,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      // A query is sent without waiting for the answer to the one before, where the code does not wait either.
      pipeline: true,
    },
  }
}

const INT8 = 20
const NUMERIC = 1700

/** Must be called for every new connection. */
export function prepareClient(client: ClientBase): void {
  // Counts, sums and 64-bit columns are numbers here. Set per connection: whoever else uses `pg` in this process keeps the defaults.
  client.setTypeParser(INT8, Number)
  client.setTypeParser(NUMERIC, Number)
  // A connection that breaks while nobody waits for an answer says so here, and would end the process unheard.
  // The next query on it fails, and that error is told.
  client.on('error', () => undefined)
}

/** The address without its password. */
function shown(url: string): string {
  const parsed = parse(url)
  parsed.password = ''
  parsed.searchParams.delete('password')
  return parsed.href
}

function parse(url: string): URL {
  // The parser's own error would quote the address, and with it the password.
  if (!URL.canParse(url)) {
    throw invalid(
      'bad_database_url',
      'Cannot read the address of the PostgreSQL database. Write it as postgres://user:password@host:5432/database',
    )
  }
  return new URL(url)
}
