/** The board over HTTP, as a client on the same machine asks for it. Everything here is bounded in count. */
import { Agent, request } from 'node:http'
import { readFileSync } from 'node:fs'
import { WebSocket } from 'ws'
import type { Home } from './home.ts'

export interface Place {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where the gateway of a home serves, and with what one gets in. */
export function placeOf({ paths }: Home): Place {
  const { url } = JSON.parse(readFileSync(paths.serverState, 'utf8')) as { url: string }
  return { url, headers: { authorization: `Bearer ${readFileSync(paths.serverToken, 'utf8').trim()}` } }
}

export interface Got {
  /** From the first byte that was sent to the last one that came. */
  readonly ms: number
  readonly bytes: number
}

/** Throws unless the answer is 200. */
export function get({ url, headers }: Place, path: string, agent: Agent): Promise<Got> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { agent, headers })
      .on('error', reject)
      .on('response', (answer) => {
        let bytes = 0
        answer.on('data', (part: Buffer) => (bytes += part.length))
        answer.on('error', reject)
        answer.on('end', () =>
          answer.statusCode === 200
            ? resolve({ ms: performance.now() - startedAt, bytes })
            : reject(new Error(`${path} gave ${answer.statusCode}`)),
        )
      })
      .end()
  })
}

/** Requests of several connections, each one after the other; gives how many there were in a second. */
export async function requestsPerSecond(
  place: Place,
  path: string,
  { connections, requests }: { readonly connections: number; readonly requests: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  try {
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let index = 0; index < requests / connections; index++) await get(place, path, agent)
      }),
    )
    return (requests / (performance.now() - startedAt)) * 1_000
  } finally {
    agent.destroy()
  }
}

/** A client of the stream of events, which has been greeted. `onFrame` is told the text of each frame that follows. */
export async function openStream(
  { url, headers }: Place,
  onFrame: (text: string) => void,
): Promise<AsyncDisposable> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/kanban/events`, { headers })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('message', () => resolve())
  })
  socket.on('message', (data: Buffer) => onFrame(data.toString('utf8')))
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.close()
      await closed
    },
  }
}
