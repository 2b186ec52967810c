/** The database behind the board, for `yard doctor`. */
import type { HomeServices } from '../home/services.ts'
import { MIGRATIONS, SCHEMA_VERSION } from '../store/migrations/index.ts'
import { inspectSqliteFile } from '../store/sqlite-file.ts'
import { verifyBackup } from '../store/restore.ts'
import type { ServicesWiring } from './wiring.ts'

export async function openBoardService({
  kernel,
  address,
}: Pick<ServicesWiring, 'kernel' | 'address'>): Promise<Awaited<ReturnType<HomeServices['board']>>> {
  const { store } = (await kernel()).deps
  const place = await address()
  const version = () => {
    if (place.kind === 'postgres') return SCHEMA_VERSION
    const found = inspectSqliteFile(place.file)
    return found.kind === 'board' ? (found.ledger.at(-1)?.version ?? 0) : 0
  }
  return {
    dialect: store.dialect,
    location: store.location,
    schema: { version: version(), newest: MIGRATIONS.length },
    async check() {
      if (place.kind === 'postgres') return []
      try {
        await verifyBackup(place.file)
        return []
      } catch (error) {
        return [error instanceof Error ? error.message : String(error)]
      }
    },
  }
}
