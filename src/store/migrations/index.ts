/** Every released migration, in order. */
import { initial } from './0001-initial.ts'
import { credentials } from './0002-credentials.ts'
import { boardOrder } from './0003-board-order.ts'
import { runAgents } from './0004-run-agents.ts'
import { createdOrder } from './0005-created-order.ts'
import { usageAndBudgets } from './0006-usage-and-budgets.ts'
import { triage } from './0007-triage.ts'
import { search } from './0008-search.ts'
import { runMail } from './0009-run-mail.ts'
import { sessionCostAndWorkspacePaths } from './0010-session-cost-and-workspace-paths.ts'
import type { Migration } from './migration.ts'

export const MIGRATIONS: readonly Migration[] = [
  initial,
  credentials,
  boardOrder,
  runAgents,
  createdOrder,
  usageAndBudgets,
  triage,
  search,
  runMail,
  sessionCostAndWorkspacePaths,
]

/** The schema this build reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.at(-1)?.version ?? 0
