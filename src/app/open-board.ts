/** The board of a home, with the address its runs open it by. */
import { readFileSync } from 'node:fs'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import { systemClock } from '../lib/clock.ts'
import type { HomePaths } from '../lib/paths.ts'
import { openStore, type OpenedStore } from '../store/open-store.ts'
import { readRegistry } from '../store/registry.ts'
import { expanded } from './settings.ts'

export interface OpenedBoard {
  readonly store: OpenedStore
  readonly address: BoardAddress
}

export interface BoardPlace {
  /** Path of the file, or address of the server. */
  readonly target: string
  /** The board that belongs there, if this home has one. */
  readonly boardId: string | null
}

/** Where the board of a home is or would be; for those who must not open it, because it is missing or damaged. */
export function boardPlace(paths: HomePaths, database: string | null): BoardPlace {
  const registered = readRegistry(paths.registry)
  const boardId = registered?.boardId ?? null
  if (database === null) return { target: registered?.database ?? paths.database, boardId }
  return { target: isServer(database) ? database : expanded(database, paths.home), boardId }
}

const isServer = (database: string): boolean => /^postgres(ql)?:/.test(database)

/**
 * The address a worker was given in its capability file, because its home need not have the password; null when it was
 * given none.
 */
export function boardOfWorker(env: NodeJS.ProcessEnv): string | null {
  const file = env['YARD_CAPABILITY_FILE']
  if (file === undefined) return null
  try {
    const { board } = JSON.parse(readFileSync(file, 'utf8')) as { board?: BoardAddress }
    return board?.kind === 'postgres' ? board.url : null
  } catch {
    return null
  }
}

/** `database`: a path or an address as the configuration has it; null for the board of the home. */
export async function openBoard(
  paths: HomePaths,
  database: string | null,
  env: NodeJS.ProcessEnv,
): Promise<OpenedBoard> {
  const onServer = database !== null && isServer(database)
  const place = database === null || onServer ? database : expanded(database, paths.home)
  const store = await openStore({
    paths,
    database: place,
    create: true,
    clock: systemClock,
    env,
    warn: (message) => process.stderr.write(`warning: ${message}\n`),
    upgraded: (report) =>
      process.stderr.write(
        `The board was made by Hermes and is upgraded now. A verified copy of it as it was: ${report.backup}\n`,
      ),
  })
  return {
    store,
    address:
      store.dialect === 'postgres'
        ? { kind: 'postgres', url: database ?? store.location }
        : { kind: 'sqlite', file: store.location },
  }
}
