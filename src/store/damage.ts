/** What is said when the file of a known board is not there or cannot be read: which board, what is wrong, and the way back. */
import { unavailable, type YardError } from '../domain/errors.ts'
import { sqliteCode } from './sqlite-file.ts'

/** @param newestBackup path of the newest verified backup, if there is one */
export function boardDamage(
  code: 'board_missing' | 'board_empty' | 'board_damaged' | 'board_foreign',
  file: string,
  fact: string,
  newestBackup: string | null,
): YardError {
  const wayBack =
    newestBackup === null
      ? 'There is no backup of it. Put the file back from a copy of your own'
      : `Bring back the newest backup with: yard restore ${newestBackup}`
  return unavailable(
    code,
    `Cannot open the board ${file}: ${fact}. Nothing was changed, and no new board was made in its place. ${wayBack}`,
  )
}

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
/** Too many processes want the log of the same file at once. */
const SQLITE_PROTOCOL = 15
const SQLITE_NOTADB = 26

/** An error of SQLite as the refusal it means; anything else is returned as it is. */
export function explainedSqlite(error: unknown, file: string, newestBackup: () => string | null): unknown {
  const reason = error instanceof Error ? error.message : String(error)
  switch (sqliteCode(error)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return boardDamage('board_damaged', file, `the file is damaged (${reason})`, newestBackup())
    case SQLITE_FULL:
      return unavailable(
        'disk_full',
        `Cannot write to the board ${file}: the disk is full. Nothing was changed. Free space there, for example with: yard gc`,
        error,
      )
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return unavailable(
        'board_read_only',
        `Cannot use the board ${file}: ${reason}. Nothing was changed. Make the file and its folder writable for this user.`,
        error,
      )
    case SQLITE_IOERR:
      return unavailable(
        'board_io',
        `Cannot use the board ${file}: ${reason}. Nothing was changed. Look at the disk or share it is on, then check with: yard doctor`,
        error,
      )
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
      return unavailable(
        'board_busy',
        `The board ${file} stayed locked by another process. Nothing was changed. Find it with: fuser ${file}`,
        error,
      )
    default:
      return error
  }
}

const FILE_ERRORS = [
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EISDIR',
  'EMFILE',
  'ENFILE',
  'EIO',
]

/** An error of the file system as the refusal it means; anything else is returned as it is. */
export function explainedFile(error: unknown, home: string): unknown {
  if (!(error instanceof Error && 'code' in error && FILE_ERRORS.includes(String(error.code)))) return error
  return unavailable(
    'home_unusable',
    `Cannot use the home ${home}: ${error.message}. Make its files and folders writable for this user, and see that there is space, then try again.`,
    error,
  )
}
