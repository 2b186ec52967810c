/** What each service is made from. */
import { readdirSync } from 'node:fs'
import type { KernelDeps } from '../kernel/deps.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { BoardAddress } from '../kernel/open-run-board.ts'
import type { HomePaths } from '../lib/paths.ts'
import type { FileScreen } from '../workspaces/attachment-store.ts'
import type { BoardPlace } from './open-board.ts'

export interface ServicesWiring {
  readonly paths: HomePaths
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  readonly kernel: () => Promise<Kernel>
  readonly address: () => Promise<BoardAddress>
  /** Where the board is, without opening it. */
  readonly place: () => Promise<BoardPlace>
  /** From now on the kernel asks this for its policy: for a process that goes on while the configuration changes. */
  readonly usePolicy: (live: KernelDeps['policy']) => void
  /** From now on files are looked through before they are kept. */
  readonly useScreen: (screen: FileScreen) => void
  readonly screen: () => FileScreen | undefined
  /** How this program is started. */
  readonly program: readonly [string, ...string[]]
}

/** Names below a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
