/** The way in, the same for requests and for upgrades: by which name, from which page, with which credential. */
import type { Authenticator, Presented } from './auth/authenticator.ts'
import type { Throttle } from './auth/throttle.ts'
import type { Caller } from './caller.ts'
import { hostNameOf, isAllowedHost, isAllowedOrigin, type HostPolicy } from './hosts.ts'
import { Refusal } from './refusal.ts'

/** What is known of a request before anything is believed. */
export interface Knock {
  readonly method: string
  readonly header: (name: string) => string | undefined
  /** Where it comes from. */
  readonly address: string
  readonly scheme: 'http' | 'https'
}

export interface GateDeps {
  readonly authenticator: Authenticator
  readonly throttle: Throttle
  readonly hosts: () => HostPolicy
  readonly cookieName: string
}

export interface Admitted {
  readonly caller: Caller
  readonly presented: Presented
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Throws when this server does not go by that name, or the request comes from a page that is none of ours. */
export function checkPlace({ header, scheme }: Knock, hosts: HostPolicy): void {
  const host = header('host')
  if (host === undefined || !isAllowedHost(host, hosts))
    throw new Refusal(
      403,
      'unknown_host',
      `This server does not go by the name ${JSON.stringify(hostNameOf(host) ?? '')}.`,
      'Ask it as 127.0.0.1 or localhost, or add the name to server.allowed_hosts.',
    )
  const origin = header('origin')
  if (origin !== undefined && !isAllowedOrigin(origin, { host, scheme }, hosts))
    throw new Refusal(
      403,
      'foreign_origin',
      `A page of ${origin} may not ask this server.`,
      'Open the page this server gives out, or add the origin to server.allowed_origins.',
    )
}

/** The page elsewhere that asks and may; null for our own pages and for programs. */
export function allowedPage({ header }: Knock, { origins }: HostPolicy): string | null {
  const origin = header('origin')
  return origin !== undefined && origins.has(origin.toLowerCase()) ? origin : null
}

export function presentedBy({ header }: Knock, cookieName: string): Presented | null {
  const authorization = header('authorization')
  if (authorization !== undefined) {
    const secret = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
    return { secret: secret ?? '', by: 'bearer' }
  }
  const cookie = header('cookie')
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${cookieName}=`))
  return cookie === undefined ? null : { secret: cookie.slice(cookieName.length + 1), by: 'cookie' }
}

/** Who it is; throws when that cannot be told. `version`: of the board, read after the request came in. */
export async function admit(
  knock: Knock,
  presented: Presented | null,
  version: string,
  { authenticator, throttle }: GateDeps,
): Promise<Admitted> {
  if (presented === null) throw unauthorised('This needs a credential, and the request has none.')
  if (presented.by === 'cookie') assertOwnPage(knock)
  const caller = await authenticator.identify(presented, version)
  if (caller !== null) return { caller, presented }
  throw wrongCredential(
    throttle.failed(knock.address),
    'The credential of this request is not good, or not any more.',
  )
}

/** For a failed attempt to come in. */
export const wrongCredential = (retryAfter: number | null, detail: string): Refusal =>
  retryAfter === null
    ? unauthorised(detail)
    : new Refusal(
        429,
        'too_many_attempts',
        `${detail} There were too many attempts from your address.`,
        `Wait ${retryAfter} seconds. A right credential is taken at any time.`,
        { 'retry-after': String(retryAfter) },
      )

const unauthorised = (detail: string) =>
  new Refusal(
    401,
    'unauthorised',
    detail,
    'In a browser: yard open. In a program: Authorization: Bearer, with the content of server.token or a token of yard token create.',
    { 'www-authenticate': 'Bearer realm="yardmaster"' },
  )

/** A cookie comes along by itself, so whoever changes something with one must come from our own page, and show it. */
function assertOwnPage({ method, header }: Knock): void {
  const site = header('sec-fetch-site')
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (!isForeign && (READS.has(method) || header('origin') !== undefined || site !== undefined)) return
  throw new Refusal(
    403,
    'foreign_origin',
    'This change was asked for with the cookie of a browser, and not by a page of this server.',
    'Programs: use Authorization: Bearer instead of the cookie.',
  )
}
