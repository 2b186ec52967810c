/**
 * Which board a home has. Because the home remembers, a missing file is noticed as missing: it is never taken for a fresh
 * start, and nothing is ever made in its place.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { denied, unavailable } from '../domain/errors.ts'
import { writeFileDurably } from '../lib/durable-file.ts'

export interface RegisteredBoard {
  readonly boardId: string
  /** Path of the file, or address of the server without its password. */
  readonly database: string
  /** Unix seconds. */
  readonly createdAt: number
}

/** The board registered in `file`; null when this home has none yet. */
export function readRegistry(file: string): RegisteredBoard | null {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw unavailable(
      'registry_unreadable',
      `Cannot tell which board this home has: ${file} cannot be read. Give this user the right to read it.`,
      error,
    )
  }
  const board = parse(content)
  if (board === null) {
    throw unavailable(
      'registry_damaged',
      `Cannot tell which board this home has: ${file} is damaged. Nothing was changed. If the board beside it is the right one, move ${file} away and run the command again.`,
    )
  }
  return board
}

function parse(content: string): RegisteredBoard | null {
  try {
    const {
      board_id: boardId,
      database,
      created_at: createdAt,
    } = JSON.parse(content) as Record<string, unknown>
    return typeof boardId === 'string' && typeof database === 'string' && typeof createdAt === 'number'
      ? { boardId, database, createdAt }
      : null
  } catch {
    return null
  }
}

export function writeRegistry(file: string, { boardId, database, createdAt }: RegisteredBoard): void {
  // A home whose board is elsewhere begins with this file.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileDurably(
    file,
    `${JSON.stringify({ board_id: boardId, database, created_at: createdAt }, null, 2)}\n`,
  )
}

/** A file of this name makes a home one for tests. */
export const TEST_HOME_MARK = '.yard-test-home'

/** Keeps tests out of real homes, and real work out of test homes. */
export function checkTestHome(home: string, env: NodeJS.ProcessEnv): void {
  const isTest = env['YARD_TEST'] === '1'
  const isMarked = statSync(join(home, TEST_HOME_MARK), { throwIfNoEntry: false }) !== undefined
  if (isTest && !isMarked) {
    throw denied(
      'not_a_test_home',
      `Cannot open ${home} with YARD_TEST=1: it is not a home for tests. Mark an empty folder with: touch <folder>/${TEST_HOME_MARK}`,
    )
  }
  if (!isTest && isMarked) {
    throw denied(
      'test_home',
      `Cannot open ${home}: it is a home for tests, which holds no real work. Set YARD_HOME to another folder.`,
    )
  }
}
