/** What a person or a program presents to the server, and what it may then do. */
import type { RunCapability } from './actor.ts'
import type { Seconds } from './task.ts'

/** Each includes the ones before it: read the board · change cards · act on the installation itself. */
export const SCOPES = ['read', 'write', 'operate'] as const
export type Scope = (typeof SCOPES)[number]

export const allows = (has: Scope, needs: Scope): boolean => SCOPES.indexOf(has) >= SCOPES.indexOf(needs)

/** A bearer token for programs · the session of a browser · a link that opens one session, once. */
export const CREDENTIAL_KINDS = ['token', 'session', 'login'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

export interface Credential {
  readonly id: number
  readonly kind: CredentialKind
  /** In whose name it acts. */
  readonly person: string
  /** What it is for. */
  readonly label: string
  readonly scope: Scope
  readonly createdAt: Seconds
  readonly createdBy: string
  readonly expiresAt: Seconds | null
  readonly endedAt: Seconds | null
}

export const isGood = ({ endedAt, expiresAt }: Credential, now: Seconds): boolean =>
  endedAt === null && (expiresAt === null || expiresAt > now)

/** What the worker of a run presents as its bearer token. */
export const runToken = ({ runId, secret }: RunCapability): string => `yardrun_${runId}_${secret}`

const RUN_TOKEN = /^yardrun_(\d{1,15})_([\w-]{20,200})$/

/** Null when the token is not of that form. */
export function parseRunToken(token: string): RunCapability | null {
  const [, runId, secret] = RUN_TOKEN.exec(token) ?? []
  return runId === undefined || secret === undefined ? null : { runId: Number(runId), secret }
}
