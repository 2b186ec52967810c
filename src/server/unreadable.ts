/** What Node refuses before the routes see it: told in the same words and with the same headers, where the connection still carries an answer. */
import { maxHeaderSize, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '../lib/log.ts'
import { answerByHand } from './answer-by-hand.ts'
import { problemOf, Refusal } from './refusal.ts'
import { requestIdOf } from './request-id.ts'
import { problem } from './respond.ts'

export function answerUnreadable(server: Server, log: Log): void {
  const answers = new WeakMap<Duplex, ServerResponse>()
  const refused = (refusal: Refusal, givenId?: string): Response => {
    const { status, code, message } = refusal
    const request = requestIdOf(givenId)
    log.info(`request refused ${status}`, { request, status, code, detail: message })
    return problem(problemOf(refusal), request)
  }
  server.on('request', ({ socket }, answer) => answers.set(socket, answer))
  server.on('clientError', (error, socket) => {
    const answer = answers.get(socket)
    const isAnswering = answer !== undefined && answer.headersSent && !answer.writableFinished
    if (socket.writable && !isAnswering) void answerByHand(socket, refused(refusalFor(error)))
    else socket.destroy()
  })
  server.on('checkExpectation', ({ headers }, answer) => {
    const refusal = new Refusal(
      417,
      'unknown_expectation',
      `The Expect header asks for ${JSON.stringify(headers.expect)}, which this server does not know.`,
      'Leave the header out; 100-continue is the one that is known.',
      { connection: 'close' },
    )
    const response = refused(refusal, headers['x-request-id']?.toString())
    answer.statusCode = response.status
    answer.setHeaders(response.headers)
    void response.text().then((text) => answer.end(text))
  })
}

function refusalFor({ code, message }: NodeJS.ErrnoException): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Refusal(
        431,
        'headers_too_long',
        `The headers of this request are longer than ${maxHeaderSize / 1024} KiB.`,
        'Send fewer or shorter ones; what is long belongs in the body.',
      )
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Refusal(408, 'too_slow', 'This request did not arrive in time.', 'Send it again, in one go.')
    default:
      return new Refusal(
        400,
        'no_http',
        `This is no request of HTTP/1.1: ${message.replace(/^Parse Error: /, '')}.`,
        'Correct it, or use a client that speaks HTTP; yard gateway status says whether it is HTTPS here.',
      )
  }
}
