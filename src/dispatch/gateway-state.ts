/** What a running gateway says of itself, for other processes to read. The lock says whether it runs; this says how it is. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { liveness, type ProcessIdentity } from '../lib/process-identity.ts'
import { isHomeLocked } from '../lib/home-lock.ts'
import type { HomePaths } from '../lib/paths.ts'

export interface GatewayState {
  readonly identity: ProcessIdentity
  readonly version: string
  readonly startedAt: number
  /** When the last pass ended, in unix seconds; null before the first. */
  readonly lastPassAt: number | null
  readonly dispatching: boolean
  readonly intervalSeconds: number
  /** What is wrong; empty when it is healthy. */
  readonly problems: readonly string[]
}

export function writeGatewayState(paths: Pick<HomePaths, 'gatewayState'>, state: GatewayState): void {
  writeFileSync(`${paths.gatewayState}.new`, JSON.stringify(state), { mode: 0o600 })
  renameSync(`${paths.gatewayState}.new`, paths.gatewayState)
}

export const removeGatewayState = (paths: Pick<HomePaths, 'gatewayState'>): void =>
  rmSync(paths.gatewayState, { force: true })

export type GatewayStatus =
  | { readonly running: false; readonly crashed: GatewayState | null }
  | {
      readonly running: true
      readonly healthy: boolean
      readonly problems: readonly string[]
      readonly state: GatewayState | null
    }

/** Passes may be this many intervals late before the gateway counts as stuck. */
const LATE_INTERVALS = 2.5

/** How the gateway of this home is, as of `now` (unix seconds). */
export function gatewayStatus(
  paths: Pick<HomePaths, 'gatewayState' | 'gatewayLock'>,
  now: number,
): GatewayStatus {
  const state = readGatewayState(paths)
  const alive = state !== null && liveness(state.identity) !== 'gone'
  if (!alive && !isLockedIfThere(paths.gatewayLock)) return { running: false, crashed: state }
  if (state === null) return { running: true, healthy: false, problems: ['it is starting'], state }
  const late =
    state.dispatching &&
    now - (state.lastPassAt ?? state.startedAt) > state.intervalSeconds * LATE_INTERVALS + 5
  const problems = [
    ...state.problems,
    ...(late
      ? [
          `its last pass was ${now - (state.lastPassAt ?? state.startedAt)} s ago, and one is due every ${state.intervalSeconds} s`,
        ]
      : []),
  ]
  return { running: true, healthy: problems.length === 0, problems, state }
}

function readGatewayState({ gatewayState }: Pick<HomePaths, 'gatewayState'>): GatewayState | null {
  try {
    return JSON.parse(readFileSync(gatewayState, 'utf8')) as GatewayState
  } catch {
    return null
  }
}

// Never opened by anything but SQLite: closing it would drop the lock of a gateway in this very process.
const isLockedIfThere = (file: string): boolean => existsSync(file) && isHomeLocked(file)
