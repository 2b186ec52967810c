/**
 * The one process that may use a run's tools: the first that presents the token, for as long as it lives. An agent connects
 * before it can be asked for anything, so whatever it starts later comes second, and gets nothing: a shell or another agent
 * below it may be able to read the token, but not to act as the worker. Nor may what has left the run's processes, or whoever
 * takes care not to be seen.
 */
import type { Socket } from 'node:net'
import { holdsSocket, peerSocket, socketHolder } from '../lib/loopback-peer.ts'
import { descendsFrom } from '../lib/parents.ts'
import { identify, liveness, type ProcessIdentity } from '../lib/process-identity.ts'

/** Where the address of the tools points, as both families of sockets tell it. */
const FROM_HERE = new Set(['127.0.0.1', '::ffff:127.0.0.1'])

export class ToolsOwner {
  readonly #judged = new WeakMap<Socket, boolean>()
  #owner: ProcessIdentity | null = null

  get pid(): number | null {
    return this.#owner?.pid ?? null
  }

  /** Whether this connection, whose token was right, comes from the owner. Where the system does not tell, the token decides alone. */
  admits(socket: Socket): boolean {
    const known = this.#judged.get(socket)
    if (known !== undefined) return known
    const isAdmitted = process.platform !== 'linux' || this.#judge(socket)
    this.#judged.set(socket, isAdmitted)
    return isAdmitted
  }

  #judge({ remoteAddress = '', remotePort = 0, localPort = 0 }: Socket): boolean {
    if (!FROM_HERE.has(remoteAddress)) return false
    const peer = peerSocket(remotePort, localPort)
    if (peer === undefined) return true
    // Whoever has hung up already cannot be told from anybody else.
    if (peer === null) return false
    if (this.#owner !== null && liveness(this.#owner) !== 'gone') return holdsSocket(this.#owner.pid, peer)
    const pid = socketHolder(peer)
    // A process of another user cannot be looked into; but once the owner was seen, the next one is, too.
    if (pid === null) return this.#owner === null
    // A worker and what it starts are below the runner, but for what has left them.
    if (!descendsFrom(pid, process.pid)) return false
    this.#owner = identify(pid)
    return true
  }
}
