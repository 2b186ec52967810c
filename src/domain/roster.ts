/** Who can be given cards, and what is said to whoever names somebody else. */
import { invalid } from './errors.ts'

export interface AssignableProfile {
  readonly name: string
  readonly description: string | null
  /** The body of its cards is a script that is run as it stands. */
  readonly runsScript: boolean
}

/** What a new card needs, as far as it says where it will be worked on, and by whom. */
export interface SkillsWanted {
  readonly skills: readonly string[]
  readonly assignee: string | null
  readonly workspacePath: string | null
}

/** A skill that a card needs and nobody has. */
export interface MissingSkill {
  readonly name: string
  /** The one that was probably meant. */
  readonly near: string | null
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

/** Throws a refusal for the first of them: a card that needs what is not there would wait for somebody to bring it. */
export function assertSkillsThere([missing]: readonly MissingSkill[]): void {
  if (missing === undefined) return
  const { name, near } = missing
  throw invalid(
    'unknown_skill',
    `Cannot create the card: there is no skill ${JSON.stringify(name)}, and nothing would run the card before somebody has brought it. ${near === null ? 'Leave it out, and write into the body what its worker must know.' : `Use ${near}, or leave it out.`}`,
    { skill: name, near },
  )
}

/** Inside of a sentence. */
const asPhrase = (text: string): string =>
  text
    .trim()
    .replace(/[.!?]$/, '')
    .replace(/[.!?]\s+/g, '; ')
