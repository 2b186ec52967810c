import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import type { Finding } from './check.ts'

export const NO_BOARD: readonly Finding[] = []

/** False before the first use: looking must not make a board. A board that should be there and is not counts as there, so that it is missed. */
export async function isBoardThere({ services, paths }: Context): Promise<boolean> {
  if (existsSync(paths.database) || existsSync(paths.registry)) return true
  return (await services.config()).settings.kanban.database !== null
}

/** Whether the board can be looked into; that it cannot is said once, by the check of the board itself. */
export const canOpenBoard = async (context: Context): Promise<boolean> =>
  (await isBoardThere(context)) &&
  context.kernel().then(
    () => true,
    () => false,
  )
