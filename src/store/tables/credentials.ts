/** Tokens, browser sessions and login links. */
import type { Credential, CredentialKind, Scope } from '../../domain/credential.ts'
import type { Connection } from '../connection.ts'
import { statement, textsIn } from '../statement.ts'

const COLUMNS = [
  'id',
  'kind',
  'person',
  'label',
  'scope',
  'created_at as createdAt',
  'created_by as createdBy',
  'expires_at as expiresAt',
  'ended_at as endedAt',
] as const

interface NewCredential {
  readonly kind: CredentialKind
  readonly secretHash: string
  readonly person: string
  readonly label: string
  readonly scope: Scope
  readonly now: number
  readonly createdBy: string
  readonly expiresAt: number | null
}

const insert = statement<{ [K in keyof NewCredential]: NewCredential[K] & (string | number | null) }>()(
  (db, p) =>
    db
      .insertInto('credentials')
      .values({
        kind: p.kind,
        secret_hash: p.secretHash,
        person: p.person,
        label: p.label,
        scope: p.scope,
        created_at: p.now,
        created_by: p.createdBy,
        expires_at: p.expiresAt,
      })
      .returning('id'),
)

export const insertCredential = async (db: Connection, credential: NewCredential): Promise<number> =>
  Number((await db.get(insert, { ...credential }))?.id)

const byHash = statement<{ hash: string }>()((db, p) =>
  db.selectFrom('credentials').select(COLUMNS).where('secret_hash', '=', p.hash),
)

export const findCredential = async (db: Connection, secretHash: string): Promise<Credential | undefined> =>
  (await db.get(byHash, { hash: secretHash })) as Credential | undefined

const byHashes = statement<{ hashes: string }>()((db, p, dialect) =>
  db
    .selectFrom('credentials')
    .select([...COLUMNS, 'secret_hash as secretHash'])
    .where('secret_hash', 'in', textsIn(p.hashes, dialect)),
)

export const findCredentials = async (
  db: Connection,
  secretHashes: readonly string[],
): Promise<(Credential & { readonly secretHash: string })[]> =>
  (await db.all(byHashes, { hashes: JSON.stringify(secretHashes) })) as (Credential & {
    readonly secretHash: string
  })[]

const byId = statement<{ id: number }>()((db, p) =>
  db.selectFrom('credentials').select(COLUMNS).where('id', '=', p.id),
)

export const findCredentialById = async (db: Connection, id: number): Promise<Credential | undefined> =>
  (await db.get(byId, { id })) as Credential | undefined

const open = statement<{ now: number }>()((db, p) =>
  db
    .selectFrom('credentials')
    .select(COLUMNS)
    .where('ended_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', p.now)]))
    .orderBy('id'),
)

/** Those that are good at this moment. */
export const findOpenCredentials = async (db: Connection, now: number): Promise<Credential[]> =>
  (await db.all(open, { now })) as Credential[]

const end = statement<{ id: number; now: number; by: string }>()((db, p) =>
  db
    .updateTable('credentials')
    .set({ ended_at: p.now, ended_by: p.by })
    .where('id', '=', p.id)
    .where('ended_at', 'is', null),
)

/** False when it had ended before. */
export const endCredential = async (db: Connection, id: number, now: number, by: string): Promise<boolean> =>
  (await db.run(end, { id, now, by })) === 1

const removeStale = statement<{ before: number }>()((db, p) =>
  db
    .deleteFrom('credentials')
    .where((eb) => eb.or([eb('ended_at', '<', p.before), eb('expires_at', '<', p.before)])),
)

/** Forgets what ended or expired before `before`; returns how many. */
export const removeStaleCredentials = (db: Connection, before: number): Promise<number> =>
  db.run(removeStale, { before })
