import { policyFor } from '../dispatch/start-task.ts'
import type { Profiles } from '../agents/profiles.ts'
import type { Settings } from '../contract/config.ts'
import type { KernelDeps } from '../kernel/deps.ts'
import { policyOf } from './settings.ts'

/** What holds for the cards of a profile: its own ceilings where its file has them, else the board's. */
export const profilePolicy =
  (settings: () => Settings, profiles: Pick<Profiles, 'find'>): KernelDeps['policy'] =>
  (name) => {
    const board = policyOf(settings())
    const found = name == null ? null : profiles.find(name)
    return found?.state === 'found' ? policyFor(board, found.profile) : board
  }
