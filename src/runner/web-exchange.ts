/**
 * Exchanges of node:http as the requests and responses of the web platform. Written out, because the library that does it
 * for the server of the gateway brings HTTP/2 along: 10 MB more in every worker's runner.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What arrived. The signal is aborted when the caller goes away. */
export function webRequest(
  incoming: IncomingMessage,
  { origin, body, signal }: { origin: string; body: Buffer; signal: AbortSignal },
): Request {
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct))
    for (const value of values ?? []) headers.append(name, value)
  const method = incoming.method ?? 'GET'
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(incoming.url ?? '/', origin), {
    method,
    headers,
    signal,
    ...(hasBody ? { body: new Uint8Array(body) } : {}),
  })
}

/** Sends the response as it comes, no faster than the caller reads. Resolves when it is sent, or the caller has gone away. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const gone = new Promise<void>((resolve) => outgoing.once('close', resolve))
  const until = (happened: (resolve: () => void) => void) => Promise.race([new Promise<void>(happened), gone])
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (outgoing.destroyed) return
    if (!outgoing.write(part)) await until((resolve) => outgoing.once('drain', resolve))
  }
  await until((resolve) => outgoing.end(resolve))
}
