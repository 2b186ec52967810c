/** Backups for people and for the gateway's schedule. */
import { copyFileSync, constants, statSync } from 'node:fs'
import type { HomeServices } from '../home/services.ts'
import { gatewayStatus } from '../dispatch/gateway-state.ts'
import { systemClock } from '../lib/clock.ts'
import { conflict } from '../domain/errors.ts'
import { backupBoard } from '../store/backup.ts'
import { listBackups, type Backup } from '../store/backup-files.ts'
import { restoreBackup } from '../store/restore.ts'
import type { ServicesWiring } from './wiring.ts'

const shape = ({ file, createdAt, size }: Backup) => ({ path: file, createdAt, size })

export async function openBackups(
  { kernel, place, paths }: Pick<ServicesWiring, 'kernel' | 'place' | 'paths'>,
  keep: number,
): Promise<Awaited<ReturnType<HomeServices['backups']>>> {
  return {
    list: async () => listBackups(paths.backups).map(shape),
    async create(to) {
      const { store } = (await kernel()).deps
      const made = await backupBoard(store, { folder: paths.backups, now: systemClock.now(), keep })
      if (to === null) return shape(made)
      if (statSync(to, { throwIfNoEntry: false }) !== undefined)
        throw conflict(
          'file_exists',
          `Cannot write the backup to ${to}: a file is there. Name another one, or move it away first.`,
          { path: to },
        )
      copyFileSync(made.file, to, constants.COPYFILE_EXCL)
      return { ...shape(made), path: to }
    },
    async restore(path, { replace }) {
      const { target, boardId } = await place()
      const { keptAside } = await restoreBackup({
        file: path,
        target,
        boardId,
        replace,
        inUseBy: () => {
          const status = gatewayStatus(paths, systemClock.now())
          return status.running ? `the gateway (pid ${status.state?.identity.pid ?? 'unknown'})` : null
        },
        backups: paths.backups,
        clock: systemClock,
      })
      return { replaced: keptAside }
    },
  }
}
