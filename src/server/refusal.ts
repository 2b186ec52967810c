/** How refusals and bugs leave over HTTP: one small table, one body. */
import { isYardError, type ErrorKind, type YardError } from '../domain/errors.ts'

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 417 | 429 | 431 | 500 | 503

const STATUS = {
  invalid: 400,
  denied: 403,
  not_found: 404,
  conflict: 409,
  unavailable: 503,
} as const satisfies Record<ErrorKind, RefusalStatus>

/** What HTTP itself refuses, before the board is asked. */
export class Refusal extends Error {
  readonly status: RefusalStatus
  readonly code: string
  readonly next: string
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: RefusalStatus,
    code: string,
    detail: string,
    next: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.next = next
    this.headers = headers
  }
}

/** For a request whose address or Host makes no sense, so that no route could ever answer it. */
export const unreadable = (): Refusal =>
  new Refusal(
    400,
    'bad_address',
    'The address or the Host header of this request cannot be understood.',
    'Send the request with a path that begins with / and the name of this server as its Host.',
  )

export interface Problem {
  readonly status: RefusalStatus
  readonly body: { readonly detail: string; readonly code: string; readonly next: string }
  readonly headers: Readonly<Record<string, string>>
}

/** What the caller is told; null for a bug, which is logged and told in one sentence. */
export function problemOf(error: Refusal): Problem
export function problemOf(error: unknown): Problem | null
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Refusal) {
    const { status, code, next, headers, message } = error
    return { status, body: { detail: message, code, next }, headers }
  }
  if (!isYardError(error)) return null
  const { message, code, kind } = error
  return {
    status: STATUS[kind],
    body: { detail: message, code, next: nextOf(error) },
    headers: kind === 'unavailable' ? { 'retry-after': '2' } : {},
  }
}

export const bugProblem = (requestId: string): Problem => ({
  status: 500,
  body: {
    detail: `The server failed on this request (${requestId}); nothing more is known here. The gateway's log has the details.`,
    code: 'internal',
    next: 'Try again; if it fails again, report it with the lines of the log that carry the request id.',
  },
  headers: {},
})

/** What the refusal itself says to do, or the first command of the last sentence that names one, else what to do by its kind. */
function nextOf({ message, kind, details }: YardError): string {
  if (typeof details['next'] === 'string') return details['next']
  return (
    message
      .split(SENTENCES)
      .map((sentence) => COMMAND.exec(sentence)?.[1])
      .findLast((command) => command !== undefined) ?? NEXT[kind]
  )
}

const SENTENCES = /(?<=[.!?])\s+(?=[A-Z])/
/** A command stands behind a colon or a `use`, and ends with the sentence or where another way follows. */
const COMMAND = /(?:: |\b[Uu]se )(yard [a-z].*?)(?=[.,;]?$|[,;] | (?:or|and|then|first)\b)/m

const NEXT = {
  invalid: 'Correct the request; /api/docs shows what it may hold.',
  denied: 'Ask somebody who may.',
  not_found: 'Look it up with GET /tasks or GET /search.',
  conflict: 'Read it again with GET and decide anew.',
  unavailable: 'Try again in a moment; yard doctor says what is wrong.',
} as const satisfies Record<ErrorKind, string>
