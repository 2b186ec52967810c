import { newUuid } from '../lib/ids.ts'

/** A caller may name its request, so that both logs tell the same story; what does not look like a name is not repeated. */
export const requestIdOf = (given: string | undefined): string =>
  given !== undefined && /^[\w.:-]{1,100}$/.test(given) ? given : newUuid()
