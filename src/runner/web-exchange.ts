/**
 * Exchanges of node:http as the requests and responses of the web platform. Written out, because the library that does it
 * for the server of the gateway brings HTTP/2 along: 10 MB more in every worker's runner.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What arrived, with its whole body; null when that has more than `maxBytes`. The signal is aborted when the caller goes away. */
export async function webRequest(
  incoming: IncomingMessage,
  { origin, maxBytes, signal }: { origin: string; maxBytes: number; signal: AbortSignal },
): Promise<Request | null> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length
    if (size <= maxBytes) parts.push(part)
  }
  if (size > maxBytes) return null
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(incoming.url ?? '/', origin), {
    method,
    headers,
    signal,
    ...(hasBody ? { body: Buffer.concat(parts) } : {}),
  })
}

/** Sends the response as it comes, no faster than the caller reads. Resolves when it is sent, or the caller has gone away. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  // A caller who goes away is no fault; the next look at `destroyed` notices.
  outgoing.on('error', () => {})
  const gone = new Promise<void>((resolve) => outgoing.once('close', resolve))
  const until = (happened: (resolve: () => void) => void) => Promise.race([new Promise<void>(happened), gone])
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (outgoing.destroyed) return
    if (!outgoing.write(part)) await until((resolve) => outgoing.once('drain', resolve))
  }
  await until((resolve) => outgoing.end(resolve))
}
