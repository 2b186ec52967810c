/** Who can be given cards, and what is said to whoever names somebody else. */
import { invalid } from './errors.ts'

export interface AssignableProfile {
  readonly name: string
  readonly description: string | null
}

/** Of a long roster, so many are named. */
const MOST_NAMED = 40

/** Throws a refusal that names everybody there is: a card for nobody who exists would wait for ever. */
export function assertOnRoster(roster: readonly AssignableProfile[], assignee: string): void {
  if (roster.some(({ name }) => name === assignee)) return
  const named = roster
    .slice(0, MOST_NAMED)
    .map(({ name, description }) => (description === null ? name : `${name} (${asPhrase(description)})`))
  throw invalid(
    'unknown_profile',
    `Cannot assign the card: there is no profile ${JSON.stringify(assignee)}. Use one of ${named.join(', ')}.`,
    { assignee, profiles: roster.map(({ name }) => name) },
  )
}

/** Inside of a sentence. */
const asPhrase = (text: string): string =>
  text
    .trim()
    .replace(/[.!?]$/, '')
    .replace(/[.!?]\s+/g, '; ')
