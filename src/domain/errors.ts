/**
 * The one error that is a refusal rather than a bug. Its message says what could not be done, the fact that stopped it
 * and the next step; `code` is stable for programs.
 */
export type ErrorKind = 'not_found' | 'invalid' | 'conflict' | 'denied' | 'unavailable'

export class YardError extends Error {
  readonly kind: ErrorKind
  /** snake_case, stable. */
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'YardError'
    this.kind = kind
    this.code = code
    this.details = options.details ?? {}
  }
}

type Details = Record<string, unknown>

export const notFound = (code: string, message: string, details?: Details) =>
  new YardError('not_found', code, message, details ? { details } : {})
export const invalid = (code: string, message: string, details?: Details) =>
  new YardError('invalid', code, message, details ? { details } : {})
export const conflict = (code: string, message: string, details?: Details) =>
  new YardError('conflict', code, message, details ? { details } : {})
export const denied = (code: string, message: string, details?: Details) =>
  new YardError('denied', code, message, details ? { details } : {})
export const unavailable = (code: string, message: string, cause?: unknown) =>
  new YardError('unavailable', code, message, { cause })

export const isYardError = (error: unknown): error is YardError => error instanceof YardError

export const taskNotFound = (id: string) =>
  notFound('task_not_found', `task ${id} not found. List the board with: yard list --archived`, { id })
