/** A refusal of the server, in its own words; or that there was no answer of it, in ours. */
export class YardError extends Error {
  /** Of the HTTP answer; 0 when there was none. */
  readonly status: number
  /** Stable, for programs. */
  readonly code: string
  /** What to do. */
  readonly next: string

  constructor(status: number, code: string, detail: string, next: string, options?: ErrorOptions) {
    super(detail, options)
    this.name = 'YardError'
    this.status = status
    this.code = code
    this.next = next
  }

  static async from(answer: Response): Promise<YardError> {
    const text = await answer.text().catch(() => '')
    const { detail, code, next } = parsed(text)
    return new YardError(
      answer.status,
      code ?? 'unknown',
      detail ?? `The server answered ${answer.status}.`,
      next ?? NOT_A_YARD,
    )
  }

  /** `url`: of the server. */
  static unreachable(url: string, cause: unknown): YardError {
    return new YardError(
      0,
      'unreachable',
      `The server at ${url} cannot be reached: ${reasonOf(cause)}.`,
      'See whether it runs, and where, with: yard gateway status',
      { cause },
    )
  }

  /** An answer that broke off, or is none of a yard. */
  static unreadable({ status }: Response, cause: unknown): YardError {
    return new YardError(
      status,
      'unreadable_answer',
      `The answer of the server cannot be read: ${reasonOf(cause)}.`,
      NOT_A_YARD,
      { cause },
    )
  }
}

const NOT_A_YARD = 'See whether the address is that of a yard.'

/** Fetch says only that it failed; what stopped it stands behind that. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const { message: behind, code } = (cause ?? {}) as { message?: string; code?: string }
  return behind || code || message
}

interface Problem {
  readonly detail?: string
  readonly code?: string
  readonly next?: string
}

/** What stands between us and the server may answer in its own way. */
function parsed(text: string): Problem {
  try {
    return (JSON.parse(text) ?? {}) as Problem
  } catch {
    return {}
  }
}
