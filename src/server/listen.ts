/** Takes an address to listen on: the asked-for port, the next free one, or a Unix socket. */
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:net'
import { createConnection } from 'node:net'
import { conflict, invalid, unavailable } from '../domain/errors.ts'

/** Ports looked at above the one that was asked for. */
const NEXT_PORTS = 20

export interface Place {
  readonly host: string
  readonly port: number
  readonly isFixed: boolean
}

/** Gives the port that was taken. */
export async function listenOn(server: Server, { host, port, isFixed }: Place): Promise<number> {
  for (const wanted of portsToTry(port, isFixed)) {
    const error = await tryListen(server, { host, port: wanted })
    if (error === null) {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : wanted
    }
    if (error.code !== 'EADDRINUSE') throw cannotListen(error, host, wanted)
  }
  throw conflict(
    'port_taken',
    `Cannot listen on ${host}:${port}: another program does. Find it with: ss -ltnp 'sport = :${port}'; or take another port with: yard gateway start --port <number>`,
    { host, port },
  )
}

/** Near the one that was asked for, so that it can be guessed; when all of these are taken, any. */
function portsToTry(port: number, isFixed: boolean): number[] {
  if (isFixed || port === 0) return [port]
  const last = Math.min(port + NEXT_PORTS, 65_535)
  return [...Array.from({ length: last - port + 1 }, (_, index) => port + index), 0]
}

function cannotListen({ code, message }: NodeJS.ErrnoException, host: string, port: number): Error {
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return invalid(
      'bad_host',
      `Cannot listen on ${host}: this machine does not have that address. Choose another one with: yard gateway start --host 127.0.0.1`,
      { host },
    )
  if (code === 'EACCES')
    return invalid(
      'port_denied',
      `Cannot listen on ${host}:${port}: the system keeps that port to itself. Choose one above 1023 with: yard gateway start --port 7433`,
      { host, port },
    )
  return unavailable(
    'cannot_listen',
    `Cannot listen on ${host}:${port}: ${message}. Look again with: yard doctor`,
  )
}

const tryListen = (
  server: Server,
  options: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<NodeJS.ErrnoException | null> =>
  new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => {
      server.off('listening', listening)
      resolve(error)
    }
    const listening = () => {
      server.off('error', failed)
      resolve(null)
    }
    server.once('error', failed)
    server.once('listening', listening)
    server.listen(options)
  })

/** Only its owner may connect. A socket that a crash left behind is removed; one that answers is somebody's. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (existsSync(path)) {
    if (!lstatSync(path).isSocket())
      throw conflict(
        'not_a_socket',
        `Cannot listen on ${path}: there is a file that is no socket. Name another path with: yard gateway start --socket <path>`,
        { path },
      )
    if (await answers(path))
      throw conflict(
        'socket_taken',
        `Cannot listen on ${path}: another program does. Stop it, or name another path with: yard gateway start --socket <path>`,
        { path },
      )
    unlinkSync(path)
  }
  const mask = process.umask(0o177)
  let error: NodeJS.ErrnoException | null
  try {
    error = await tryListen(server, { path })
  } finally {
    process.umask(mask)
  }
  if (error !== null)
    throw unavailable(
      'cannot_listen',
      `Cannot listen on ${path}: ${error.message}. Name another path with: yard gateway start --socket <path>`,
    )
  chmodSync(path, 0o600)
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
