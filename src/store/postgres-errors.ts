/** Which failures of PostgreSQL are worth another attempt, and what the others are called. */
import { invalid, isYardError, unavailable, type YardError } from '../domain/errors.ts'

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/**
 * Another transaction came first: serialization failure, deadlock, or a row with the same key that was not there when
 * this transaction looked. The whole work, done again, sees what the other one did.
 */
export const isConflict = (error: unknown): boolean => ['40001', '40P01', '23505'].includes(codeOf(error))

/** An earlier statement of the transaction had failed, so this one was not even looked at. */
export const isAborted = (error: unknown): boolean => codeOf(error) === '25P02'

const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]

/** The connection was lost, or could not be made. */
export function isDisconnect(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDisconnect)
  const code = codeOf(error)
  // 57P01 to 57P05: the server ends the session. 08: connection exceptions. 25P03: it idled in a transaction for too long.
  if (NETWORK.includes(code) || /^(57P0[1-5]|08...|25P03)$/.test(code)) return true
  // What `pg` says itself carries no code.
  return (
    error instanceof Error &&
    code === '' &&
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/.test(
      error.message,
    )
  )
}

/** An error of `pg` as the refusal it means; anything else is returned as it is. */
export function explained(error: unknown, location: string): unknown {
  if (isYardError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (isDisconnect(error)) {
    return unavailable(
      'database_unreachable',
      `Cannot reach the board's PostgreSQL at ${location}: ${reasonOf(error)}. Nothing was changed. Start the server or correct the address, then try again. Check with: yard doctor`,
      error,
    )
  }
  switch (codeOf(error)) {
    // Asked for by a name no row can have: what is stored has been checked before it comes here.
    case '22021':
      return invalid(
        'nul_in_text',
        'A name or id that was given holds a NUL character, so nothing has it. Remove it and try again.',
      )
    case '28P01':
    case '28000':
      return unavailable(
        'database_login',
        `Cannot log in to PostgreSQL at ${location}: ${reason}. Correct user and password in the address of the board.`,
        error,
      )
    case '3D000':
      return unavailable(
        'database_missing',
        `Cannot open the board at ${location}: ${reason}. Create it with: createdb <name>`,
        error,
      )
    case '53300':
      return unavailable(
        'database_full',
        `Cannot open another connection to ${location}: ${reason}. Raise max_connections, or stop gateways that are not needed.`,
        error,
      )
    case '53100':
      return unavailable(
        'disk_full',
        `Cannot write to ${location}: ${reason}. Nothing was changed. Free disk space on the database's host, then try again.`,
        error,
      )
    case '42501':
      return unavailable(
        'database_rights',
        `Cannot use the board at ${location}: ${reason}. Grant the user of the address create and usage on its schema.`,
        error,
      )
    case '55P03':
    case '57014':
      return unavailable(
        'board_busy',
        `The board at ${location} did not answer in time: ${reason}. Nothing was changed. See who holds it: select * from pg_stat_activity where application_name = 'yardmaster'`,
        error,
      )
    default:
      return error
  }
}

/** The connection broke between "commit" and its answer. */
export const unknownOutcome = (location: string, cause: unknown): YardError =>
  unavailable(
    'outcome_unknown',
    `The connection to ${location} broke while a change was being saved, so it may or may not have been. Look at the card with: yard show <id>. Then repeat the change if it is missing.`,
    cause,
  )

const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
