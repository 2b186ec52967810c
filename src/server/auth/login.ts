/** Browsers come in with the code of a login link, or with the owner's token, and leave with a session. */
import type { Kernel } from '../../kernel/kernel.ts'
import type { IssuedCredential } from '../../kernel/credentials.ts'
import type { OwnerToken } from './owner-token.ts'

export interface LoginDeps {
  readonly kernel: Pick<Kernel, 'redeemLogin' | 'issueCredential'>
  readonly owner: OwnerToken
  readonly ownerName: string
  readonly sessionSeconds: () => number
}

/** Null when the code is good for nothing, or not any more. `label`: what the session is called where sessions are listed. */
export async function logIn(deps: LoginDeps, code: string, label: string): Promise<IssuedCredential | null> {
  const { kernel, owner, ownerName } = deps
  const sessionSeconds = deps.sessionSeconds()
  if (code === '' || code.length > 300) return null
  if (!owner.matches(code)) return kernel.redeemLogin(code, { label, sessionSeconds })
  return kernel.issueCredential(
    { kind: 'session', person: ownerName, label, scope: 'operate', expiresInSeconds: sessionSeconds },
    { kind: 'person', name: ownerName, door: 'http' },
  )
}

/** Two installations on one machine must not overwrite each other's cookie: browsers do not tell ports apart. */
export const cookieNameOf = (boardId: string): string =>
  `yard_${boardId.replace(/[^a-z0-9]/gi, '').slice(0, 8)}`

export const sessionCookie = (
  name: string,
  secret: string,
  { seconds, secure }: { readonly seconds: number; readonly secure: boolean },
): string =>
  `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`

/** Takes the cookie away. Also one that is kept to HTTPS, where it came that way. */
export const noCookie = (name: string): string => `${name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`
