/** Where the running server can be reached, for other programs of the home to read. */
import { readFileSync, rmSync } from 'node:fs'
import { writeFileDurably } from '../lib/durable-file.ts'
import { liveness, ownIdentity, type ProcessIdentity } from '../lib/process-identity.ts'
import type { HomePaths } from '../lib/paths.ts'

export interface ServerState {
  readonly identity: ProcessIdentity
  readonly version: string
  /** For people and programs on this machine. */
  readonly url: string
  readonly socket: string | null
  /** Whether other machines get in: `plain` when they do so without encryption. */
  readonly exposure: 'none' | 'protected' | 'plain'
}

type Paths = Pick<HomePaths, 'serverState'>

export const writeServerState = ({ serverState }: Paths, state: Omit<ServerState, 'identity'>): void =>
  writeFileDurably(serverState, JSON.stringify({ identity: ownIdentity(), ...state }))

export const removeServerState = ({ serverState }: Paths): void => rmSync(serverState, { force: true })

/** Null when no server runs for this home. */
export function readServerState({ serverState }: Paths): ServerState | null {
  try {
    const state = JSON.parse(readFileSync(serverState, 'utf8')) as ServerState
    return liveness(state.identity) === 'gone' ? null : state
  } catch {
    return null
  }
}
