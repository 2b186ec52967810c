/**
 * What somebody typed to find cards, read so that everything means something: words, "phrases", beginnings of words with a
 * star, and -words that must not be there. There is no wrong input; what holds no word finds nothing.
 */
import { wordsIn } from './words.ts'

export interface SearchTerm {
  /** One, or several that must stand in a row. As they were typed. */
  readonly words: readonly string[]
  /** Whether the last word may go on. */
  readonly isPrefix: boolean
}

export interface SearchQuery {
  /** All of them are in the card. */
  readonly all: readonly SearchTerm[]
  /** None of them is. */
  readonly none: readonly SearchTerm[]
}

/** More would be a text, not a search. */
const MAX_TERMS = 20

const QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02'
const PART = new RegExp(`(-?)[${QUOTES}]([^${QUOTES}]*)(?:[${QUOTES}]|$)(\\*?)|([^\\s${QUOTES}]+)`, 'gu')

export function readSearch(text: string): SearchQuery {
  const all: SearchTerm[] = []
  const none: SearchTerm[] = []
  let lastIsBare = false
  for (const [part, minus = '', quoted, star = '', bare = ''] of text.toWellFormed().matchAll(PART)) {
    if (all.length + none.length === MAX_TERMS) break
    const isNot = quoted === undefined ? /^-./.test(bare) : minus === '-'
    const words = wordsIn(quoted ?? bare).map(({ text: word }) => word)
    if (words.length === 0) continue
    const isPrefix = quoted === undefined ? bare.endsWith('*') : star === '*'
    ;(isNot ? none : all).push({ words, isPrefix })
    lastIsBare = !isNot && part === bare
  }
  const last = all.at(-1)
  // Whoever is still typing has not finished the last word.
  return lastIsBare && last !== undefined
    ? { all: [...all.slice(0, -1), { ...last, isPrefix: true }], none }
    : { all, none }
}
