/**
 * The one process that may use a run's tools: the first that presents the token, for as long as it lives. An agent connects
 * before it can be asked for anything, so whatever it starts later comes second, and gets nothing: a shell or another agent
 * below it may be able to read the token, but not to act as the worker.
 */
import type { Socket } from 'node:net'
import { holdsSocket, peerSocket, socketHolder } from '../lib/loopback-peer.ts'
import { identify, liveness, type ProcessIdentity } from '../lib/process-identity.ts'

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
    const isAdmitted = this.#judge(socket)
    this.#judged.set(socket, isAdmitted)
    return isAdmitted
  }

  #judge({ remotePort, localPort }: Socket): boolean {
    if (process.platform !== 'linux' || remotePort === undefined || localPort === undefined) return true
    const socket = peerSocket(remotePort, localPort)
    if (socket === null) return true
    if (this.#owner !== null && liveness(this.#owner) !== 'gone') return holdsSocket(this.#owner.pid, socket)
    const pid = socketHolder(socket)
    this.#owner = pid === null ? null : identify(pid)
    return true
  }
}
