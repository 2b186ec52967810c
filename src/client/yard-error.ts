/** A refusal of the server, in its own words. */
export class YardError extends Error {
  /** Of the HTTP answer; 0 when there was none. */
  readonly status: number
  /** Stable, for programs. */
  readonly code: string
  /** What to do. */
  readonly next: string

  constructor(status: number, code: string, detail: string, next: string) {
    super(detail)
    this.name = 'YardError'
    this.status = status
    this.code = code
    this.next = next
  }

  static async from(answer: Response): Promise<YardError> {
    const text = await answer.text()
    const { detail, code, next } = parsed(text)
    return new YardError(
      answer.status,
      code ?? 'unknown',
      detail ?? `The server answered ${answer.status}.`,
      next ?? 'See whether the address is that of a yard.',
    )
  }
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
