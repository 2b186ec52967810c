/** The dispatcher and the gateway, with everything they need in hand. */
import { existsSync, mkdirSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { openProfiles, repositoryAround } from '../agents/profiles.ts'
import type { AgentTable } from '../agents/table.ts'
import type { Settings } from '../contract/config.ts'
import { packageRoot, runnerEntry } from './package-root.ts'
import type { DispatchDeps } from '../dispatch/deps.ts'
import type { DispatchSettings } from '../dispatch/settings.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HomePaths } from '../lib/paths.ts'

export interface DispatchWiring {
  readonly kernel: Kernel
  readonly paths: HomePaths
  readonly settings: () => DispatchSettings
  readonly agents: () => AgentTable
  readonly address: BoardAddress
  readonly log: Log
  readonly env: NodeJS.ProcessEnv
}

export function dispatchDeps({
  kernel,
  paths,
  settings,
  agents,
  address,
  log,
  env,
}: DispatchWiring): DispatchDeps {
  mkdirSync(paths.runs, { recursive: true, mode: 0o700 })
  return {
    kernel,
    profiles: openProfiles({
      folder: paths.profiles,
      repository: repositoryAround(process.cwd()),
      userHome: env['HOME'] ?? paths.home,
      agents,
    }),
    paths,
    settings,
    clock: systemClock,
    log,
    board: { id: kernel.deps.store.boardId, address },
    runnerEntry: runnerEntry(),
    binFolders: [join(packageRoot(), 'bin')].filter((folder) => existsSync(folder)),
    packagedSkills: join(packageRoot(), 'skills'),
    env,
    freeMemory: () => Math.min(freemem(), process.availableMemory()),
  }
}

/** Settings for retention, in days. */
export const retentionOf = (settings: Settings) => ({
  events: settings.events.retention_days,
  logs: settings.logs.retention_days,
  trash: settings.workspaces.trash_retention_days,
  doneWorkspaces: settings.workspaces.keep_done_days,
})
