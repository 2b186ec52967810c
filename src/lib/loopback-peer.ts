/** Which process is at the other end of a connection over the loopback interface, as far as the system tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LOOPBACK = '0100007F'
const LOOPBACK_6 = '0000000000000000FFFF00000100007F'

/** A table is written while it is read, and may leave out a line for once. */
const LOOKS = 3

/**
 * The number of the socket at `peerPort` that is connected to `ownPort`, both on 127.0.0.1. Null when no process has it open;
 * undefined when the system has no such tables.
 */
export function peerSocket(peerPort: number, ownPort: number): string | null | undefined {
  for (let look = 1; ; look++) {
    const found = [
      socketIn('/proc/net/tcp', LOOPBACK, peerPort, ownPort),
      socketIn('/proc/net/tcp6', LOOPBACK_6, peerPort, ownPort),
    ]
    const known = found.filter((each) => each !== undefined)
    if (known.length === 0) return undefined
    const socket = known.find((each) => each !== null)
    if (socket !== undefined || look === LOOKS) return socket ?? null
  }
}

function socketIn(table: string, host: string, peerPort: number, ownPort: number): string | null | undefined {
  let text: string
  try {
    text = readFileSync(table, 'latin1')
  } catch {
    return undefined
  }
  const wanted = `${host}:${hex(peerPort)} ${host}:${hex(ownPort)} `
  const line = text.split('\n').find((each) => each.includes(wanted))
  const inode = line?.trim().split(/\s+/)[9]
  return inode === undefined || inode === '0' ? null : inode
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

/** Whether this process has the socket open; false also when it cannot be looked into. */
export function holdsSocket(pid: number, socket: string): boolean {
  const wanted = `socket:[${socket}]`
  let names: string[]
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return false
  }
  return names.some((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`) === wanted
    } catch {
      return false
    }
  })
}

/** The youngest process that has the socket open, which among those that share one is whoever was started last; null when none is found. */
export function socketHolder(socket: string): number | null {
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return null
  }
  const pids = names.map(Number).filter(Number.isInteger)
  return pids.toSorted((a, b) => b - a).find((pid) => holdsSocket(pid, socket)) ?? null
}
