import { existsSync } from 'node:fs'
import type { Finding, Installation } from './check.ts'

export const NO_BOARD: readonly Finding[] = []

/** False before the first use: looking must not make a board. A board that should be there and is not counts as there, so that it is missed. */
export async function isBoardThere({ services, paths }: Installation): Promise<boolean> {
  if (existsSync(paths.database) || existsSync(paths.registry)) return true
  return (await services.config()).settings.kanban.database !== null
}

/** Whether the board can be looked into; that it cannot is said once, by the check of the board itself. */
export const canOpenBoard = async (installation: Installation): Promise<boolean> =>
  (await isBoardThere(installation)) &&
  installation.kernel().then(
    () => true,
    () => false,
  )
