import type { Credential } from '../domain/credential.ts'

/** A token or a session as it is listed; what it is made of is not kept. Null for a login link, which is nobody's yet. */
export function credentialView(credential: Credential) {
  const { id, kind, person, label, scope, createdAt, createdBy, expiresAt } = credential
  if (kind === 'login') return null
  return {
    id,
    kind,
    name: person,
    label,
    scope,
    created_at: createdAt,
    created_by: createdBy,
    expires_at: expiresAt,
  }
}
