/** Who may come in over HTTP: tokens, browser sessions, and links that open one session, once. */
import type { Actor, RunCapability } from '../domain/actor.ts'
import { checkName } from '../domain/create.ts'
import { isGood, type Credential, type CredentialKind, type Scope } from '../domain/credential.ts'
import { invalid, notFound } from '../domain/errors.ts'
import { MAX, storable } from '../domain/text.ts'
import { hashSecret, newSecret } from '../lib/ids.ts'
import type { WriteTransaction } from '../store/connection.ts'
import {
  endCredential,
  findCredential,
  findCredentialById,
  findCredentials,
  findOpenCredentials,
  insertCredential,
  removeStaleCredentials,
} from '../store/tables/credentials.ts'
import { findRunProcess } from '../store/tables/run-processes.ts'
import { findRun } from '../store/tables/runs.ts'
import { denyWorkers, type KernelDeps } from './deps.ts'
import { authenticateWorker } from './fence.ts'

export interface NewCredential {
  readonly kind: CredentialKind
  /** In whose name it acts. */
  readonly person: string
  /** What it is for. */
  readonly label: string
  readonly scope: Scope
  /** Null: until it is revoked. */
  readonly expiresInSeconds: number | null
}

export interface IssuedCredential {
  /** Shown once; only its hash is kept. */
  readonly secret: string
  readonly credential: Credential
}

/** Ended and expired ones are kept this long, so that a question about them can still be answered. */
const KEPT_SECONDS = 90 * 86_400

/** Makes a credential. A worker never gets one. */
export async function issueCredential(
  { store }: KernelDeps,
  wanted: NewCredential,
  actor: Actor,
): Promise<IssuedCredential> {
  denyWorkers(actor, 'make tokens')
  if (wanted.label.trim() === '')
    throw invalid(
      'no_label',
      'Cannot make this token: its label is empty. Say in a word or two what it is for.',
    )
  return store.write((tx) => insertIssued(tx, wanted, actor.name))
}

async function insertIssued(
  tx: WriteTransaction,
  { kind, person, label, scope, expiresInSeconds }: NewCredential,
  createdBy: string,
): Promise<IssuedCredential> {
  const name = checkName(person, 'name')
  if (name === null)
    throw invalid('bad_name', 'A token acts in the name of somebody, and the name is empty. Give one.')
  const secret = `yard_${newSecret()}`
  await removeStaleCredentials(tx, tx.now - KEPT_SECONDS)
  const id = await insertCredential(tx, {
    kind,
    secretHash: hashSecret(secret),
    person: name,
    label: storable(label.trim(), 'label', MAX.name),
    scope,
    now: tx.now,
    createdBy,
    expiresAt: expiresInSeconds === null ? null : tx.now + expiresInSeconds,
  })
  const credential = await findCredentialById(tx, id)
  if (credential === undefined) throw new Error('a credential that was just written is not there')
  return { secret, credential }
}

/** The credential a secret stands for; null when there is none of this kind that is good now. */
export async function checkCredential(
  { store }: KernelDeps,
  secret: string,
  kinds: readonly CredentialKind[],
): Promise<Credential | null> {
  const now = await store.now()
  // Looked up by its hash: how long that takes says nothing about the secret.
  const found = await store.read((db) => findCredential(db, hashSecret(secret)))
  return found !== undefined && kinds.includes(found.kind) && isGood(found, now) ? found : null
}

/** Those of the secrets that stand for a credential which is good now: one question for all of them. */
export async function findGoodSecrets(
  { store }: KernelDeps,
  secrets: readonly string[],
): Promise<ReadonlySet<string>> {
  const hashes = secrets.map(hashSecret)
  const now = await store.now()
  const found = await store.read((db) => findCredentials(db, hashes))
  const good = new Set(found.filter((each) => isGood(each, now)).map(({ secretHash }) => secretHash))
  return new Set(secrets.filter((_, index) => good.has(hashes[index] ?? '')))
}

/** Turns a login link into a session of the same person and scope. The link is used up; null when it was, or has expired. */
export async function redeemLogin(
  { store }: KernelDeps,
  secret: string,
  { label, sessionSeconds }: { readonly label: string; readonly sessionSeconds: number },
): Promise<IssuedCredential | null> {
  const hash = hashSecret(secret)
  // Guesses cost no write: nobody needs a credential to make one.
  if ((await store.read((db) => findCredential(db, hash)))?.kind !== 'login') return null
  return store.write(async (tx) => {
    const login = await findCredential(tx, hash)
    if (login?.kind !== 'login' || !isGood(login, tx.now)) return null
    if (!(await endCredential(tx, login.id, tx.now, login.person))) return null
    const { person, scope } = login
    return insertIssued(
      tx,
      { kind: 'session', person, label, scope, expiresInSeconds: sessionSeconds },
      login.createdBy,
    )
  })
}

/** Tokens, sessions and links that are good now. */
export async function listCredentials({ store }: KernelDeps): Promise<Credential[]> {
  const now = await store.now()
  return store.read((db) => findOpenCredentials(db, now))
}

/** Ends a token, a session or a link. Ending it twice changes nothing. */
export async function revokeCredential({ store }: KernelDeps, id: number, actor: Actor): Promise<Credential> {
  denyWorkers(actor, 'revoke tokens')
  return store.write(async (tx) => {
    const credential = await findCredentialById(tx, id)
    if (credential === undefined)
      throw notFound('token_not_found', `token ${id} not found. List them with: yard token list`, { id })
    await endCredential(tx, id, tx.now, actor.name)
    return credential
  })
}

export interface IdentifiedRun {
  readonly runId: number
  readonly taskId: string
  readonly profile: string | null
  /** Its processes are not proven gone. */
  readonly isLive: boolean
}

/** Whose secret this is; throws a refusal when it is not the one the run was given. */
export async function identifyRun({ store }: KernelDeps, capability: RunCapability): Promise<IdentifiedRun> {
  return store.read(async (db) => {
    const taskId = await authenticateWorker(db, {
      kind: 'worker',
      name: '',
      door: 'http',
      capability,
    })
    const run = await findRun(db, capability.runId)
    const process = await findRunProcess(db, capability.runId)
    return {
      runId: capability.runId,
      taskId,
      profile: run?.profile ?? null,
      isLive: process?.goneAt === null,
    }
  })
}
