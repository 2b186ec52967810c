/**
 * Under which names this server answers, and from which pages it may be asked. A page of another site can make a browser
 * send requests here; with a name of its own that it points at this machine, it could even read the answers. So only known
 * names are answered, and a request that says it comes from a page must come from one of ours.
 */
import { networkInterfaces } from 'node:os'

export interface HostPolicy {
  /** Host names, lower case, without port. */
  readonly names: ReadonlySet<string>
  /** Origins of pages elsewhere that may ask, for example `https://board.example`. */
  readonly origins: ReadonlySet<string>
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const EVERYWHERE = new Set(['0.0.0.0', '::'])

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** What `host` is bound to, and what was allowed besides. */
export function hostPolicy(
  host: string,
  { hosts, origins }: { readonly hosts: readonly string[]; readonly origins: readonly string[] },
): HostPolicy {
  // An address, unlike a name, cannot be pointed elsewhere by somebody else.
  const own = EVERYWHERE.has(host)
    ? Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .map(({ address }) => address)
    : [host]
  const names = [...LOOPBACK, ...own.map(bracketed), ...hosts.map((name) => bracketed(name.trim()))]
  return {
    names: new Set(names.map((name) => name.toLowerCase())),
    origins: new Set(origins.map((origin) => origin.trim().toLowerCase().replace(/\/$/, ''))),
  }
}

export const bracketed = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host

/** The host of a Host header without its port; null when the header is no host. */
export function hostNameOf(header: string | undefined): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  return name?.toLowerCase() ?? null
}

export const isAllowedHost = (header: string | undefined, { names }: HostPolicy): boolean => {
  const name = hostNameOf(header)
  return name !== null && names.has(name)
}

/** Whether a page of this origin may ask: our own page under the name it was asked by, or one that was allowed. */
export function isAllowedOrigin(
  origin: string,
  { host, scheme }: { readonly host: string; readonly scheme: 'http' | 'https' },
  { origins }: HostPolicy,
): boolean {
  const asked = origin.toLowerCase()
  return asked === `${scheme}://${host.toLowerCase()}` || origins.has(asked)
}
