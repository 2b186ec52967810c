/** What the settings say about where the server listens, and who can reach it there. */
import { readFileSync } from 'node:fs'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Settings } from '../contract/config.ts'
import { invalid } from '../domain/errors.ts'
import type { Log } from '../lib/log.ts'
import { bracketed, isLoopback } from './hosts.ts'
import type { ServerState } from './server-state.ts'

export type ServerSettings = Settings['server']

const KEEP_ALIVE_MS = 65_000

const OPTIONS: ServerOptions = {
  // A request without a Host is refused in words.
  requireHostHeader: false,
  // Whoever offers another protocol, such as HTTP/2, goes on in this one, as RFC 9110 has it (7.8).
  shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
}

/** For a Unix socket. Not listening yet. */
export const localServer = (): Server => createServer(OPTIONS)

/** Speaks HTTPS when there is a certificate. Not listening yet. */
export function serverFor(settings: ServerSettings): Server {
  const { tls_cert: cert, tls_key: key } = settings
  if ((cert === null) !== (key === null))
    throw invalid(
      'half_tls',
      'Cannot serve HTTPS: a certificate needs its key, and a key its certificate. Give both --tls-cert and --tls-key (server.tls_cert and server.tls_key), or neither.',
    )
  const server = cert === null || key === null ? createServer(OPTIONS) : tlsServer(cert, key)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return server
}

function tlsServer(cert: string, key: string): Server {
  const pems = { cert: readPem(cert), key: readPem(key) }
  try {
    return createTlsServer({ ...OPTIONS, ...pems })
  } catch (error) {
    throw invalid(
      'bad_pem',
      `Cannot serve HTTPS with the certificate ${cert} and the key ${key}: ${(error as Error).message}. Look at them with: openssl x509 -noout -text -in ${cert}`,
      { cert, key },
    )
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw invalid(
      'no_pem',
      `Cannot serve HTTPS: ${file} cannot be read (${(error as Error).message}). Name files that can with --tls-cert and --tls-key, or with: yard config set server.tls_cert <file>`,
      { file },
    )
  }
}

/** For people and programs on this machine; without a slash at its end. */
export function urlOf({ host, tls_cert: cert }: ServerSettings, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : bracketed(host)
  return `${cert === null ? 'http' : 'https'}://${name}:${port}`
}

/** That other machines can come in is never a side effect of an address. */
export function assertConsent({ host, expose }: ServerSettings): void {
  if (expose || isLoopback(host)) return
  throw invalid(
    'not_exposed',
    `Cannot listen on ${host}: other machines could come in there, and nobody said that they may. Say so with --expose, or for good with: yard config set server.expose true`,
    { host },
  )
}

export function exposureOf({
  host,
  tls_cert: cert,
  trust_proxy: isBehindProxy,
}: ServerSettings): ServerState['exposure'] {
  if (isLoopback(host)) return 'none'
  return cert !== null || isBehindProxy ? 'protected' : 'plain'
}

export function warnOf(settings: ServerSettings, log: Log): void {
  if (exposureOf(settings) !== 'plain') return
  log.warn(
    `The server listens on ${settings.host} without TLS: whoever can listen on the network reads tokens and tasks. Give it --tls-cert and --tls-key, or put a proxy with TLS in front and say --trust-proxy.`,
  )
}
