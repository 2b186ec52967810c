/** Whether a folder can be trusted with a board: locks that other processes respect, renames, links, flushes, space. */
import { linkSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isYardError, unavailable } from '../domain/errors.ts'
import { besideName, flushFolder } from '../lib/durable-file.ts'
import { runNode } from '../lib/process-run-node.ts'
import { useWal } from './sqlite-create.ts'

const LEAST_FREE_BYTES = 64 * 1024 * 1024

/** Exits with 5 when it is refused, which is what it is for. SQLite locks within one process without asking the system, so another one has to try. */
const INTRUDER = `
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(process.argv[1], { timeout: 0 })
try { db.exec('begin immediate') } catch (error) { process.exit(error.errcode & 0xff) }
process.exit(99)
`
const REFUSED = 5
const ALLOWED = 99

/** Throws what is wrong with the folder, and leaves nothing in it. */
export function probeFolder(folder: string): void {
  const refuse = (fact: string, cause?: unknown) =>
    unavailable(
      'folder_unfit',
      `Cannot keep a board in ${folder}: ${fact}. Nothing was made. Choose a folder on a local disk with YARD_HOME, or a PostgreSQL database.`,
      cause,
    )
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize < LEAST_FREE_BYTES)
      throw refuse(`it has only ${Math.floor((bavail * bsize) / 1024 / 1024)} MB left`)
    const file = besideName(join(folder, 'probe'))
    try {
      checkLocks(file, refuse)
      renameSync(file, `${file}.renamed`)
      linkSync(`${file}.renamed`, file)
      flushFolder(folder)
    } finally {
      for (const suffix of ['', '-wal', '-shm', '.renamed']) rmSync(file + suffix, { force: true })
    }
  } catch (error) {
    throw isYardError(error) ? error : refuse(error instanceof Error ? error.message : String(error), error)
  }
}

function checkLocks(file: string, refuse: (fact: string) => Error): void {
  using db = new DatabaseSync(file, { timeout: 0 })
  useWal(db, file)
  db.exec('create table probe (x); begin immediate; insert into probe values (1)')
  const outcome = runNode(INTRUDER, [file], 20_000)
  db.exec('commit')
  if (outcome === REFUSED) return
  throw refuse(
    outcome === ALLOWED
      ? 'its file locks do not keep other processes out, as on some network shares'
      : `its file locks could not be tried (${outcome})`,
  )
}
