/** Where this one gateway serves the board: options that go before the settings of the same name, for as long as it runs. */
import { resolve } from 'node:path'
import { flag, text, UsageError, wholeNumber } from './command.ts'
import type { Serving } from './services.ts'

export const servingOptions = {
  host: text('address', 'The address to serve the board at; beyond this machine only with --expose.'),
  port: wholeNumber('number', 'Its port, and no other one; 0 takes any free one.', { max: 65_535 }),
  socket: text('file', 'A Unix socket to serve it at as well, for you alone.', { completes: 'file' }),
  'tls-cert': text('file', 'Speak HTTPS with this certificate (PEM).', { completes: 'file' }),
  'tls-key': text('file', 'The key of the certificate (PEM).', { completes: 'file' }),
  'trust-proxy': flag('A proxy in front says who asks and how: X-Forwarded-For and X-Forwarded-Proto.'),
  expose: flag('Let other machines in: without it only addresses of this machine are listened on.'),
}

export interface ServingInput {
  readonly host: string | undefined
  readonly port: number | undefined
  readonly socket: string | undefined
  readonly 'tls-cert': string | undefined
  readonly 'tls-key': string | undefined
  readonly 'trust-proxy': boolean
  readonly expose: boolean
}

/** What was said, and nothing else. Files are below the folder the command was started in. */
export function servingFrom(input: ServingInput, folder: string): Serving {
  const { host, port, socket, 'tls-cert': cert, 'tls-key': key } = input
  const name = host?.trim()
  if (name !== undefined && (name === '' || /[\s/]|:\/\//.test(name)))
    throw new UsageError(`--host is an address or a name, such as 127.0.0.1; ${JSON.stringify(host)} is none`)
  const file = (path: string) => resolve(folder, path)
  return {
    ...(name === undefined ? {} : { host: name }),
    // Whoever names a port means that one.
    ...(port === undefined ? {} : { port, port_is_fixed: port !== 0 }),
    ...(socket === undefined ? {} : { socket: file(socket) }),
    ...(cert === undefined ? {} : { tls_cert: file(cert) }),
    ...(key === undefined ? {} : { tls_key: file(key) }),
    ...(input['trust-proxy'] ? { trust_proxy: true } : {}),
    ...(input.expose ? { expose: true } : {}),
  }
}

/** The same as words, for a gateway that somebody else starts. */
export function wordsOf({ host, port, socket, tls_cert, tls_key, trust_proxy, expose }: Serving): string[] {
  const valued = { host, port, socket, 'tls-cert': tls_cert, 'tls-key': tls_key }
  return [
    ...Object.entries(valued).flatMap(([name, value]) => (value == null ? [] : [`--${name}=${value}`])),
    ...(trust_proxy === true ? ['--trust-proxy'] : []),
    ...(expose === true ? ['--expose'] : []),
  ]
}
