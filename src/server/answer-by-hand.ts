import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers on a connection that Node writes no answers to any more, and ends it. */
export async function answerByHand(socket: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  const { status, headers } = response
  headers.set('content-length', String(body.length))
  headers.set('connection', 'close')
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`]
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  socket.once('finish', () => socket.destroy())
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
}
