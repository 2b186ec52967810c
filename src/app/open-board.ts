/** The board of a home, with the address its runs open it by. */
import type { BoardAddress } from '../kernel/open-run-board.ts'
import { systemClock } from '../lib/clock.ts'
import type { HomePaths } from '../lib/paths.ts'
import { openStore, type OpenedStore } from '../store/open-store.ts'
import { expanded } from './settings.ts'

export interface OpenedBoard {
  readonly store: OpenedStore
  readonly address: BoardAddress
}

/** `database`: a path or an address as the configuration has it; null for the board of the home. */
export async function openBoard(
  paths: HomePaths,
  database: string | null,
  env: NodeJS.ProcessEnv,
): Promise<OpenedBoard> {
  const isServer = database !== null && /^postgres(ql)?:/.test(database)
  const place = database === null || isServer ? database : expanded(database, paths.home)
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
    address: isServer ? { kind: 'postgres', url: database } : { kind: 'sqlite', file: store.location },
  }
}
