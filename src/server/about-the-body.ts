import { invalid, isYardError } from '../domain/errors.ts'

/** What the body names and the board does not have is a fault of the body, not of the address. */
export async function aboutTheBody<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isYardError(error) && error.kind === 'not_found')
      throw invalid(error.code, error.message, { ...error.details })
    throw error
  }
}
