import type { Profiles } from '../agents/profiles.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { HomePaths } from '../lib/paths.ts'
import type { DispatchSettings } from './settings.ts'

export interface DispatchDeps {
  readonly kernel: Kernel
  readonly profiles: Profiles
  readonly paths: HomePaths
  readonly settings: () => DispatchSettings
  readonly clock: Clock
  readonly log: Log
  readonly board: { readonly id: string; readonly address: BoardAddress }
  /** The program of a run's own process. */
  readonly runnerEntry: string
  /** Folders appended to a worker's PATH, so that it finds `yard`. */
  readonly binFolders: readonly string[]
  /** Folders of the skills that ship with the product. */
  readonly packagedSkills: string
  readonly env: NodeJS.ProcessEnv
  /** Bytes of memory that could be used now; asked only when something is about to start. */
  readonly freeMemory: () => number
}

/** How the dispatcher signs. */
export const DISPATCHER = { kind: 'system', name: 'dispatcher', door: 'gateway' } as const
