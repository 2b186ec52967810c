/** The board of a home: in the embedded database, or wherever the configuration says. */
import { existsSync } from 'node:fs'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import { systemClock } from '../lib/clock.ts'
import type { HomePaths } from '../lib/paths.ts'
import type { Store } from '../store/connection.ts'
import { SqliteBoard } from '../store/sqlite-board.ts'
import { createSqliteBoard } from '../store/sqlite-create.ts'
import { inspectSqliteFile } from '../store/sqlite-file.ts'
import { expanded } from './settings.ts'

export interface OpenedBoard {
  readonly store: Store
  readonly address: BoardAddress
}

export async function openBoard(paths: HomePaths, database: string | null): Promise<OpenedBoard> {
  if (database !== null && /^postgres(ql)?:/.test(database)) {
    const { openPostgres } = await import('../store/postgres.ts')
    return {
      store: await openPostgres({ url: database, create: true }),
      address: { kind: 'postgres', url: database },
    }
  }
  const file = database === null ? paths.database : expanded(database, paths.home)
  if (!existsSync(file)) createSqliteBoard(file, systemClock)
  const found = inspectSqliteFile(file)
  if (found.kind !== 'board') throw new Error(`${file} is ${found.kind}`)
  return {
    store: new SqliteBoard({ file, boardId: found.boardId, clock: systemClock }),
    address: { kind: 'sqlite', file },
  }
}
