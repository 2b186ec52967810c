import { userInfo } from 'node:os'
import { checkName } from '../domain/create.ts'

/** Who sits at the terminal: `YARD_USER`, or the account's name. */
export function personName(env: Readonly<Record<string, string | undefined>>): string {
  return checkName(env['YARD_USER'], 'YARD_USER') ?? accountName(env)
}

function accountName(env: Readonly<Record<string, string | undefined>>): string {
  try {
    return userInfo().username.replace(/\s+/g, '_')
  } catch {
    // An account without an entry, as in some containers.
    return (env['USER'] || env['LOGNAME'] || `uid-${process.getuid?.() ?? 'unknown'}`).replace(/\s+/g, '_')
  }
}
