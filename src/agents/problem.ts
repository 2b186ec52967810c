export type ProblemCode =
  | 'unknown_profile'
  | 'bad_profile'
  | 'missing_program'
  | 'missing_folder'
  | 'missing_skill'
  | 'empty_body'

/** Something a worker needs that is not there. Not an error: the task waits, and no attempt is spent. */
export interface Problem {
  readonly code: ProblemCode
  /** One sentence that names the missing thing. */
  readonly message: string
  /** What to do about it. */
  readonly next: string
}

/** The problems as one text, for a hold or a log. */
export const explainProblems = (problems: readonly Problem[]): string =>
  problems.map(({ message, next }) => `${message} Next: ${next}`).join('\n')
