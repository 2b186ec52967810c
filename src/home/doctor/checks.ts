import { board, budgets, holds, lostRuns, waiting } from './board-checks.ts'
import type { Check } from './check.ts'
import { configuration, gateway, profiles, serverToken } from './setup-checks.ts'
import { disk, home, memory, runtime } from './machine-checks.ts'
import { backups, workspaces } from './keeping-checks.ts'

/** In the order in which a person would look: what the later ones need comes first. */
export const CHECKS: readonly Check[] = [
  runtime,
  home,
  configuration,
  board,
  gateway,
  serverToken,
  waiting,
  holds,
  budgets,
  lostRuns,
  profiles,
  backups,
  workspaces,
  disk,
  memory,
]
